import { expect, test } from 'vitest';
import { seededRng } from '../../shared/rng.ts';
import { table, tableClasses } from '../../shared/task/templates/table.ts';
import { trip, trips } from './trips.ts';

test('trips are the same for everybody', () => {
  expect(trip(seededRng(1))).toEqual(trip(seededRng(1)));
  const rng = seededRng(20_260_101);
  expect(trip(rng)).toEqual({
    distance_km: '16.4',
    hour: '6.7',
    day: 'workday',
    weather: 'dry',
    vehicle: 'bus',
    minutes: '59.6',
    punctuality: 'late',
  });
  expect(trip(rng)).toMatchObject({ distance_km: '6.4', weather: 'rain', minutes: '27.1' });
});

test('20,000 to train on and 2,000 to score on, hardly any in both', async () => {
  const training = await trips.openTraining(table.data);
  const all = await training?.readAll();
  const held = await trips.readHeldOut(table.data);
  expect([training?.count, all?.targets.length, held?.targets.length]).toEqual([20_000, 20_000, 2_000]);
  expect(all?.features.length).toBe(20_000 * 11);
  const rows = (columns: typeof held): string[] =>
    Array.from(columns?.targets ?? [], (minutes, row) =>
      [minutes, ...(columns?.features.subarray(row * 11, row * 11 + 11) ?? [])].join(),
    );
  const known = new Set(rows(all ?? null));
  // Cells have one decimal: short trips are now and then alike.
  expect(rows(held).filter((row) => known.has(row)).length).toBeLessThan(20);
  expect(await training?.read(Uint32Array.of(7, 7))).toMatchObject({
    targets: Float32Array.of(all?.targets[7] ?? 0, all?.targets[7] ?? 0),
  });
});

test('the scaling of the template fits them: means near 0 and deviations near 1', async () => {
  const held = await trips.readHeldOut(table.data);
  const spread = (values: readonly number[]): readonly [number, number] => {
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
    return [mean, Math.sqrt(variance)];
  };
  const { mean, deviation } = table.data.target;
  const scaled = [
    Array.from(held?.features.filter((_, at) => at % 11 === 0) ?? []),
    Array.from(held?.features.filter((_, at) => at % 11 === 1) ?? []),
    Array.from(held?.targets ?? [], (minutes) => (minutes - mean) / deviation),
  ];
  for (const values of scaled) {
    const [centre, width] = spread(values);
    expect(Math.abs(centre)).toBeLessThan(0.2);
    expect(Math.abs(width - 1)).toBeLessThan(0.3);
  }
});

test('a task with a column that trips do not have gets none, nor one with other labels', async () => {
  const [first, ...rest] = table.data.columns;
  const wind = {
    ...table.data,
    columns: [{ ...(first as { type: 'number'; mean: number; deviation: number }), name: 'wind' }, ...rest],
  };
  expect(await trips.openTraining(wind)).toBeNull();
  expect(await trips.readHeldOut({ ...tableClasses.data, labels: ['good', 'bad'] })).toBeNull();
  expect((await trips.readHeldOut(tableClasses.data))?.targets).toBeInstanceOf(Uint16Array);
});
