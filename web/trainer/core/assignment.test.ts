import { memory } from '@tensorflow/tfjs-core';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { UpdateId } from '../../../shared/ids.ts';
import { initialWeights } from '../../../shared/model/initial-weights.ts';
import { type ModelTopology, shapeOf } from '../../../shared/model/topology.ts';
import type { GivenControl } from '../../../shared/protocol/index.ts';
import { localEntries } from '../../../shared/task/report-layout.ts';
import type { ClientPlan } from '../../../shared/task/spec.ts';
import { type AssignedOptions, trainAssigned, withLocal } from './assignment.ts';
import { openCpu } from './backends/cpu.ts';
import type { Device } from './device.ts';
import { line, one, square } from './fixtures/line.ts';
import { dense, noise, normalized, plan } from './fixtures/tiny.ts';
import { buildModel, type DeviceModel } from './model.ts';
import { memoryOwnState, type OwnRecord, type OwnState, ownRecordOf } from './own-state.ts';
import { train } from './train.ts';

let cpu: Device;
let softmax: DeviceModel;
let linear: DeviceModel;
beforeAll(async () => {
  cpu = await openCpu();
  softmax = buildModel(dense(5, 3, 'softmax'), 'categoricalCrossentropy', cpu);
  linear = buildModel(line, 'meanSquaredError', cpu);
});
beforeEach(() => cpu.activate());

const id = (name: string): UpdateId => name.repeat(32).slice(0, 32) as UpdateId;
const start = Float32Array.from({ length: 18 }, (_, index) => index / 10 - 1);
const ten = noise([5], 3, 10);
const given = (changes: Partial<GivenControl> = {}): GivenControl => ({
  ...{ sum: null, contributors: 1, counted: null, updateId: id('a') },
  ...changes,
});

async function assigned(
  model: DeviceModel,
  params: Float32Array,
  changes: Partial<ClientPlan>,
  options: Partial<AssignedOptions>,
  examples = ten,
) {
  const own = memoryOwnState();
  const outcome = await trainAssigned(model, params, examples, { plan: plan(changes), seed: 1, own, ...options });
  if (!outcome.ok) throw new Error(outcome.message);
  return outcome;
}

describe('SCAFFOLD', () => {
  const work = { ...square, work: 'scaffold', epochs: 2 } as const;
  const origin = Float32Array.of(1, 1, 0);
  const onLine = (own: OwnState, control: GivenControl) => assigned(linear, origin, work, { own, control }, one);

  test('P47 by hand, twice: y − x, then c_i′ − c_i, with c_i′ = c_i − c + (x − y) / (K η)', async () => {
    const own = memoryOwnState();
    // Plain steps from [1,1,0]: (4,8,4), then (−2,−4,−2): y = [0.75,0.5,−0.25], and (x − y) / (2 · 0.125) = (1,2,1).
    const first = await onLine(own, given());
    expect([...first.delta]).toEqual([-0.25, -0.5, -0.25, 1, 2, 1]);
    // c = [2,4,2] / 2, c_i = [1,2,1]: no correction; c_i stays what it is.
    const second = await onLine(
      own,
      given({ sum: Float32Array.of(2, 4, 2), contributors: 2, counted: id('a'), updateId: id('b') }),
    );
    expect([...second.delta]).toEqual([-0.25, -0.5, -0.25, 0, 0, 0]);
    expect(second.metrics).not.toHaveProperty('controlLost');
  });

  test('with c = c_i = 0 and K = 1 it is FedSGD', async () => {
    const { delta } = await assigned(softmax, start, { work: 'scaffold', batchSize: 10 }, { control: given() });
    const fedsgd = await train(softmax, start, ten, { plan: plan({ work: 'full-batch', batchSize: 10 }), seed: 1 });
    if (!fedsgd.ok) throw new Error(fedsgd.message);
    fedsgd.delta.forEach((value, at) => {
      expect(delta[at]).toBeCloseTo(value, 6);
      // c_i′ is the gradient: −delta / η.
      expect(delta[18 + at]).toBeCloseTo(-value / 0.1, 5);
    });
  });

  test('a report that was not counted leaves c_i as it was, and the same work again gives the same report', async () => {
    const own = memoryOwnState();
    await onLine(own, given());
    const sum = Float32Array.of(3, 0, 0);
    const next = (updateId: string) => onLine(own, given({ sum, counted: id('a'), updateId: id(updateId) }));
    const first = await next('b');
    expect((await next('c')).delta).toEqual(first.delta);
    // Once it is counted, it is gone on from.
    const later = await onLine(own, given({ sum, counted: id('c'), updateId: id('d') }));
    expect(later.delta).not.toEqual(first.delta);
    expect(later.metrics).not.toHaveProperty('controlLost');
  });

  test('P48 a c_i that is gone, or damaged, begins at 0 and is told of; that of somebody new is not', async () => {
    const control = given({ counted: id('z'), updateId: id('b') });
    const fresh = await onLine(memoryOwnState(), given({ updateId: id('b') }));
    const damaged = { load: async () => ({ layoutSha256: linear.layout.sha256, controls: [7] }), save: async () => {} };
    for (const own of [memoryOwnState(), damaged]) {
      const lost = await onLine(own, control);
      expect(lost.metrics).toMatchObject({ controlLost: true });
      expect(lost.delta).toEqual(fresh.delta);
    }
    expect(fresh.metrics).not.toHaveProperty('controlLost');
  });

  test('of a time-boxed round divides by the steps that were taken', async () => {
    let ms = 0;
    const slow: DeviceModel = {
      ...linear,
      gradient(batch) {
        ms += 600;
        return linear.gradient(batch);
      },
    };
    const boxed = { ...work, epochs: 50, maxSeconds: 1 };
    const outcome = await assigned(slow, origin, boxed, { control: given(), nowMs: () => ms }, one);
    expect(outcome.steps).toBe(3);
    expect(outcome.delta[3]).toBeCloseTo(-(outcome.delta[0] as number) / (3 * 0.125), 6);
  });
});

describe('local layers', () => {
  const two: ModelTopology = {
    input: [5],
    layers: [
      { class_name: 'Dense', config: { name: 'base', units: 4, activation: 'relu' } },
      { class_name: 'Dense', config: { name: 'head', units: 3, activation: 'softmax' } },
    ],
  };
  const params = Float32Array.from({ length: 39 }, (_, index) => Math.sin(index) / 2);
  const changes = { local: ['head'], epochs: 2 };
  let model: DeviceModel;
  beforeAll(async () => {
    await cpu.activate();
    model = buildModel(two, 'categoricalCrossentropy', cpu);
  });

  test('train with the others, and are not in the report: 24 of 39 values, the same as with them', async () => {
    const { delta } = await assigned(model, params, changes, {});
    const whole = await assigned(model, params, { epochs: 2 }, {});
    expect(delta.length).toBe(24);
    expect(delta).toEqual(whole.delta.slice(0, 24));
  });

  test('P46 are gone on from in the next round, whatever the server has there', async () => {
    const own = memoryOwnState();
    expect(await withLocal(params, model.layout, plan(changes), own)).toBe(params);
    const whole = await assigned(model, params, { epochs: 2 }, {});
    await assigned(model, params, changes, { own });
    const mine = await withLocal(params, model.layout, plan(changes), own);
    expect(mine.slice(0, 24)).toEqual(params.slice(0, 24));
    for (let at = 24; at < 39; at++) expect(mine[at]).toBeCloseTo((params[at] ?? 0) + (whole.delta[at] ?? 0), 6);
    const other = params.slice().fill(9, 24);
    expect((await assigned(model, other, changes, { own })).delta).not.toEqual(
      (await assigned(model, other, changes, {})).delta,
    );
  });

  test('FedBN: a normalization is kept with its own mean and variance, and gone on from', async () => {
    await cpu.activate();
    const shape = shapeOf(normalized);
    if ('problem' in shape) throw new Error(shape.problem);
    const first = initialWeights(shape, 1);
    const fedbn = plan({ local: ['norm', 'norm_2'], epochs: 2 });
    const pictures = noise([6, 6, 1], 4, 10);
    const normal = buildModel(normalized, 'categoricalCrossentropy', cpu);
    const own = memoryOwnState();
    const part = (options: Partial<AssignedOptions> = {}) =>
      trainAssigned(normal, first, pictures, { plan: fedbn, seed: 1, own, ...options });
    const one = await part();
    if (!one.ok) throw new Error(one.message);
    // A convolution, two dense layers and nothing of the normalizations.
    const local = localEntries(shape.layout, fedbn);
    expect(local.map(({ name }) => name)).toEqual(
      ['norm', 'norm_2'].flatMap((name) =>
        ['gamma', 'beta', 'moving_mean', 'moving_variance'].map((tensor) => `${name}/${tensor}`),
      ),
    );
    expect(one.delta.length).toBe(first.length - 32);
    const kept = ((await own.load()) as OwnRecord).local;
    expect(kept).toHaveLength(32);
    // Each of the eight tensors is another than at the beginning.
    const trained = await withLocal(first, shape.layout, fedbn, own);
    for (const { offset, size } of local)
      expect(trained.subarray(offset, offset + size)).not.toEqual(first.subarray(offset, offset + size));
    // The next part begins with them, and a person who has none begins with the identity.
    const [next, fresh] = [await part(), await part({ own: memoryOwnState() })];
    if (!next.ok || !fresh.ok) throw new Error('not trained');
    expect(fresh.delta).toEqual(one.delta);
    expect(next.delta).not.toEqual(one.delta);
    expect(next.metrics.lossBefore).toBeLessThan(one.metrics.lossBefore ?? 0);
    normal.dispose();
  });

  test('of another model, of other layers or of another length, are not taken', () => {
    const entries = localEntries(model.layout, plan(changes));
    const localNames = entries.map(({ name }) => name);
    const kept = { layoutSha256: model.layout.sha256, local: new Float32Array(15), localNames, controls: [] };
    const takenOf = (record: unknown, layout = model.layout) => ownRecordOf(record, layout, entries).local;
    expect(takenOf(kept)).toHaveLength(15);
    expect(takenOf(kept, softmax.layout)).toBeNull();
    expect(takenOf({ ...kept, localNames: localNames.toReversed() })).toBeNull();
    expect(takenOf({ ...kept, localNames: undefined })).toBeNull();
    expect(takenOf({ ...kept, local: new Float32Array(14) })).toBeNull();
    expect(takenOf({ ...kept, local: new Float32Array(15).fill(Number.NaN) })).toBeNull();
    for (const nonsense of [undefined, null, 7, 'x', [], {}])
      expect(ownRecordOf(nonsense, model.layout, entries)).toMatchObject({ local: null, controls: [] });
  });

  test.each<[string, Partial<ClientPlan>, GivenControl | undefined]>([
    ['local layers', changes, undefined],
    ['scaffold', { work: 'scaffold' }, given({ sum: new Float32Array(39).fill(0.1), contributors: 2 })],
  ])('no tensor is left by %s', async (_, own, control) => {
    const before = memory().numTensors;
    await assigned(model, params, own, { control });
    expect(memory().numTensors).toBe(before);
  });
});
