import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { tensorAt } from '../../weights/layout.ts';
import { toBytes } from '../../weights/vector.ts';
import { type ImportedModel, readLayersModel } from './layers-model.ts';
import { fileProblems, joinWeights, planWeights, type WeightPlan } from './weight-files.ts';

const json = () =>
  JSON.parse(readFileSync(new URL('fixtures/handmade-keras-2-sequential.json', import.meta.url), 'utf8'));
type Manifest = { paths: unknown[]; weights: Record<string, unknown>[] }[];

function imported(change: (manifest: Manifest) => unknown = () => {}): ImportedModel {
  const whole = json();
  const changed = change(whole.weightsManifest);
  const found = readLayersModel({ ...whole, weightsManifest: changed ?? whole.weightsManifest });
  if (!found.ok) throw new Error('refused');
  return found.value;
}
function planOf(model = imported()): WeightPlan {
  const plan = planWeights(model);
  if (!plan.ok) throw new Error('refused');
  return plan.value;
}
const wrong = (change: (manifest: Manifest) => unknown): string => {
  const plan = planWeights(imported(change));
  return plan.ok ? '' : plan.failure.map(({ path, code }) => `${path} ${code}`).join();
};

/** The numbers 0, 1, 2 … in the order of the files: 4,138 values, cut in the middle of one. */
const all = toBytes(Float32Array.from({ length: 4_138 }, (_, index) => index));
const files = (cut = 4_001): Map<string, Uint8Array> =>
  new Map([
    ['group1-shard1of2.bin', all.subarray(0, cut)],
    ['group1-shard2of2.bin', all.subarray(cut)],
  ]);

describe('the weights of a model', () => {
  it('are put from the order of the files into that of the layers, across the cuts', () => {
    const model = imported();
    const plan = planOf(model);
    expect(plan).toMatchObject({
      files: ['group1-shard1of2.bin', 'group1-shard2of2.bin'],
      sizeBytes: 16_552,
      isInOrder: false,
    });
    const joined = joinWeights(plan, files());
    if (!joined.ok) throw new Error('refused');
    const firsts = model.shape.layout.entries.map((entry) => [
      entry.name,
      ...tensorAt(joined.value, entry).slice(0, 2),
    ]);
    expect(firsts).toEqual([
      ['conv2d/kernel', 3_930, 3_931],
      ['conv2d/bias', 4_130, 4_131],
      ['classes/kernel', 0, 1],
      ['classes/bias', 3_920, 3_921],
    ]);
  });

  it('are found under the names that Keras is said to give them', () => {
    const plan = planWeights(
      imported((manifest) => {
        for (const tensor of manifest[0]?.weights ?? []) tensor['name'] = `digits/${tensor['name']}:0`;
      }),
    );
    expect(plan.ok).toBe(true);
  });

  it.each<[string, (manifest: Manifest) => unknown]>([
    ['weightsManifest no-weights', () => []],
    ['weightsManifest no-weights', () => 'none'],
    ['weightsManifest.0 no-weights', () => [null]],
    [
      'weightsManifest.0.weights.0 weights-quantized',
      ([group]) => Object.assign(group?.weights[0] ?? {}, { quantization: { dtype: 'uint8' } }),
    ],
    [
      'weightsManifest.0.weights.1 weights-dtype',
      ([group]) => Object.assign(group?.weights[1] ?? {}, { dtype: 'int32' }),
    ],
    [
      'weightsManifest.0.weights.2 weights-unknown',
      ([group]) => Object.assign(group?.weights[2] ?? {}, { name: 'other/kernel' }),
    ],
    ['weightsManifest.0.weights.4 weights-unknown', ([group]) => void group?.weights.push({ ...group.weights[0] })],
    [
      'weightsManifest.0.weights.0.shape weights-shape',
      ([group]) => Object.assign(group?.weights[0] ?? {}, { shape: [10, 392] }),
    ],
    [
      'weightsManifest.0.weights.0.shape weights-shape',
      ([group]) => Object.assign(group?.weights[0] ?? {}, { shape: [1e9, 1e9] }),
    ],
    ['weightsManifest weights-missing', ([group]) => void group?.weights.pop()],
    ['weightsManifest.0.paths weights-name', ([group]) => Object.assign(group ?? {}, { paths: ['../../secret.bin'] })],
    ['weightsManifest.0.paths weights-name', ([group]) => Object.assign(group ?? {}, { paths: ['/etc/passwd'] })],
    ['weightsManifest.0.paths weights-name', ([group]) => Object.assign(group ?? {}, { paths: [7] })],
  ])('%s', (expected, change) => {
    // What a change answers is no manifest unless it is a list or a text.
    const given = (manifest: Manifest) => {
      const answer = change(manifest);
      return Array.isArray(answer) || typeof answer === 'string' ? answer : undefined;
    };
    expect(wrong(given)).toBe(expected);
  });

  it('need every file, as many bytes as the model takes, and finite numbers', () => {
    const plan = planOf();
    expect(fileProblems(plan, new Map([['group1-shard1of2.bin', 16_552]]))).toMatchObject([{ code: 'weights-file' }]);
    const short = new Map([...files()].map(([name, bytes]) => [name, bytes.subarray(4)]));
    expect(joinWeights(plan, short)).toMatchObject({
      failure: [{ code: 'weights-bytes', detail: ['16544', '16552'] }],
    });
    const damaged = files();
    damaged.set('group1-shard1of2.bin', toBytes(Float32Array.of(Number.NaN, ...new Array(999).fill(0))));
    damaged.set('group1-shard2of2.bin', all.subarray(4_000));
    expect(joinWeights(plan, damaged)).toMatchObject({ failure: [{ code: 'weights-not-finite' }] });
  });

  it('of more than 64 MiB are refused before a file is read', () => {
    const dense = (name: string, units: number) => ({ class_name: 'Dense', config: { name, units } });
    const layers = [
      { ...dense('a', 5_000), config: { ...dense('a', 5_000).config, batch_input_shape: [null, 4_000] } },
    ];
    const found = readLayersModel({
      modelTopology: { class_name: 'Sequential', config: { layers } },
      weightsManifest: [{}],
    });
    expect(found.ok && planWeights(found.value)).toMatchObject({
      failure: [{ code: 'weights-limit', detail: ['80020000', '67108864'] }],
    });
  });
});
