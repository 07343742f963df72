import { expect, test } from 'vitest';
import { digits } from '../../shared/task/templates/digits.ts';
import { movies } from '../../shared/task/templates/movies.ts';
import { ratings } from './ratings.ts';

test('300 people to train on and 100 others to score on, forty different titles each', async () => {
  const training = await ratings.openTraining(movies.data);
  const all = await training?.readAll();
  const held = await ratings.readHeldOut(movies.data);
  expect([training?.count, training?.perPerson, held?.targets.length, held?.perPerson]).toEqual([
    12_000, 40, 4_000, 40,
  ]);
  for (let person = 0; person < 300; person++) {
    expect(new Set(all?.features.subarray(40 * person, 40 * person + 40)).size).toBe(40);
  }
  const steps = new Set(all?.targets);
  expect([...steps].toSorted((a, b) => a - b)).toEqual([0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5, 5]);
});

test('the same for everybody', async () => {
  const training = await ratings.openTraining(movies.data);
  const first = await training?.read(Uint32Array.of(0, 1, 2));
  expect(first).toEqual({ features: Int32Array.of(84, 116, 80), targets: Float32Array.of(3.5, 3, 4) });
});

test('tasks of another kind get none; those with fewer titles get as many as there are', async () => {
  expect(await ratings.openTraining(digits.data)).toBeNull();
  expect(await ratings.readHeldOut(digits.data)).toBeNull();
  expect((await ratings.readHeldOut({ ...movies.data, items: ['One', 'Another'] }))?.perPerson).toBe(2);
});
