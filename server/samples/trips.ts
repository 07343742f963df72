import { type Rng, seededRng } from '../../shared/rng.ts';
import { type ExampleColumns, emptyColumns } from '../../shared/task/kinds/form.ts';
import { formOf, type TaskData } from '../../shared/task/kinds/index.ts';
import { type Cells, encodeCells, encodeTarget, type RowData } from '../../shared/task/kinds/table.ts';
import { inMemory } from './in-memory.ts';
import type { SampleSource } from './source.ts';

/**
 * Trips through a town that there is not: invented from a seed, so that everybody has the same ones. A trip takes as
 * long as its vehicle needs for the distance, more in the rush hours of a workday and in bad weather, and no trip is
 * quite like another. A few cells are missing, as in any table.
 */
const TRAINING = { seed: 20_260_101, count: 20_000 } as const;
const HELD_OUT = { seed: 20_260_102, count: 2_000 } as const;
const MISSING_SHARE = 0.02;

/** Minutes before it moves, minutes a kilometre, and how much more of those in the rush hour. */
const VEHICLES = {
  bike: { wait: 2, pace: 3.8, rush: 0.05 },
  bus: { wait: 6, pace: 2.9, rush: 0.5 },
  car: { wait: 4, pace: 1.8, rush: 0.9 },
  tram: { wait: 5, pace: 2.4, rush: 0.1 },
} as const;
const WEATHER = { dry: 1, rain: 1.15, snow: 1.45 } as const;
const NAMES = Object.keys(VEHICLES) as (keyof typeof VEHICLES)[];

/** One trip, by the names of its columns. */
export function trip(rng: Rng): Readonly<Record<string, string>> {
  const distance = Math.min(30, 0.5 + Math.exp(1.5 + 0.7 * rng.normal()));
  const hour = 6 + 16 * rng.uniform();
  const isWorkday = rng.uniform() < 5 / 7;
  const draw = rng.uniform();
  const weather = draw < 0.65 ? 'dry' : draw < 0.92 ? 'rain' : 'snow';
  const vehicle = NAMES[rng.below(NAMES.length)] ?? 'bike';
  const { wait, pace, rush } = VEHICLES[vehicle];
  const isRush = isWorkday && (Math.abs(hour - 8) < 1.25 || Math.abs(hour - 17) < 1.5);
  const minutes =
    (wait + distance * pace * (1 + (isRush ? rush : 0)) * WEATHER[weather]) * Math.exp(0.1 * rng.normal());
  const promised = 6 + distance * 3;
  const cells = {
    distance_km: distance.toFixed(1),
    hour: hour.toFixed(1),
    day: isWorkday ? 'workday' : 'weekend',
    weather,
    vehicle,
  };
  const seen = Object.entries(cells).map(([name, cell]) => [name, rng.uniform() < MISSING_SHARE ? '' : cell]);
  return {
    ...Object.fromEntries(seen),
    minutes: minutes.toFixed(1),
    punctuality: minutes > promised ? 'late' : 'on time',
  };
}

function tripsOf(data: RowData, { seed, count }: { readonly seed: number; readonly count: number }): ExampleColumns {
  const rng = seededRng(seed);
  const form = formOf(data);
  const columns = emptyColumns(form, count);
  const size = columns.features.length / count;
  for (let row = 0; row < count; row++) {
    const cells = trip(rng);
    const encoded = encodeCells(data, data.columns.map(({ name }) => cells[name]) satisfies Cells);
    const target = encodeTarget(data, cells[data.target.name]);
    if ('notANumber' in encoded || typeof target !== 'number') throw new Error('a trip is not what the task takes');
    columns.features.set(encoded.features, row * size);
    columns.targets[row] = target;
  }
  return columns;
}

/** Does a trip have these columns, and these labels? */
function isOfTrips(data: TaskData): data is RowData {
  if (data.kind !== 'table') return false;
  const cells = trip(seededRng(TRAINING.seed));
  const isNumber = (name: string): boolean => ['distance_km', 'hour', 'minutes'].includes(name);
  const { name } = data.target;
  return (
    data.columns.every((column) => column.name in cells && (column.type === 'number') === isNumber(column.name)) &&
    (data.labels === undefined ? isNumber(name) : ['on time', 'late'].every((label) => data.labels?.includes(label))) &&
    (data.labels === undefined ? true : name === 'punctuality')
  );
}

export const trips: SampleSource = {
  isInstalled: () => true,
  async openTraining(data) {
    if (!isOfTrips(data)) return null;
    return inMemory(tripsOf(data, TRAINING), formOf(data));
  },
  readHeldOut: async (data) => (isOfTrips(data) ? tripsOf(data, HELD_OUT) : null),
};
