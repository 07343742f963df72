import { expect, it } from 'vitest';
import { personalise } from '../web/trainer/core/personalise.ts';
import { softmaxDigits, trainDigitModel } from './bench/digit-model.ts';

it('a contributor with fours and nines alone fits a shared model of all digits to them', async () => {
  const { model, shared, examples, accuracy, dispose } = await trainDigitModel();
  const own = examples(3_000, 200, [4, 9]);
  const fitted = await personalise(model, shared, null, own, { plan: softmaxDigits.client, seed: 1 });
  if (!fitted.ok) throw new Error(fitted.message);
  expect([fitted.fitted, fitted.heldOut]).toEqual([158, 42]);
  expect(fitted.figures?.before.accuracy).toBeCloseTo(36 / 42, 2);
  expect(fitted.figures?.after.accuracy).toBeCloseTo(39 / 42, 2);
  // On other fours and nines, which neither has seen.
  const others = examples(6_000, 600, [4, 9]);
  expect(await accuracy(shared, others)).toBeCloseTo(0.863, 2);
  expect(await accuracy(fitted.params, others)).toBeCloseTo(0.93, 2);
  dispose();
});
