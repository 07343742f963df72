import { expect, it } from 'vitest';
import { type Personalized, SHIFTED, scoredByAll } from './shifted.ts';

const run = { clients: 4, examples: 150, rounds: 6, rate: 0.1, seed: 1, shift: 'pictures' } as const;
const scored = async (kind: Personalized) => {
  const evaluation = await scoredByAll(kind, run);
  return [evaluation?.clients, evaluation?.examples, evaluation?.score.accuracy];
};

it('FedBN: where everybody’s pictures look different, six rounds with own normalizations teach more than six without, at one rate', async () => {
  // Measured, to about six digits of the 120 that four people set aside; `papers shifted` does the same at length.
  expect(await scored(SHIFTED.fedavg)).toEqual([4, 120, expect.closeTo(19 / 120, 1)]);
  expect(await scored(SHIFTED.fedbn)).toEqual([4, 120, expect.closeTo(71 / 120, 1)]);
});
