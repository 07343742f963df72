import { afterAll, describe, expect, it } from 'vitest';
import { initialWeights } from '../../../shared/model/initial-weights.ts';
import { type MODEL_ZOO, zooTopology } from '../../../shared/model/zoo.ts';
import type { Participation } from '../../../shared/protocol/index.ts';
import { seededRng } from '../../../shared/rng.ts';
import { bytesForm } from '../../../shared/task/kinds/form.ts';
import { modelOf } from '../../../shared/task/model-of.ts';
import type { ClientPlan } from '../../../shared/task/spec.ts';
import { type Examples, examplesOf } from '../../../web/trainer/core/examples.ts';
import { dense, plan } from '../../../web/trainer/core/fixtures/tiny.ts';
import { CoreTrainers, type Trainers } from '../core-trainer.ts';
import { denseLayersOf, plainNetwork } from './network.ts';
import { PlainTrainers } from './trainers.ts';
import { notPlain } from './training.ts';

const threaded = new PlainTrainers(2);
afterAll(() => threaded.close());

/** Pictures of which a fifth of the pixels is ink, as digits have it. */
function pictures(count: number): Examples {
  const rng = seededRng(count);
  const features = Uint8Array.from({ length: count * 784 }, () => (rng.below(5) === 0 ? rng.below(256) : 0));
  const targets = Uint16Array.from({ length: count }, () => rng.below(10));
  return examplesOf(bytesForm([28, 28, 1], 10), [{ features, targets }]);
}

async function trained(
  trainers: Trainers,
  topology: Participation['topology'],
  client: ClientPlan,
  examples: Examples,
  stepMs?: number,
) {
  const trainer = trainers.trainer(examples, stepMs);
  await trainer.prepare({ topology, client } as Participation, 'auto');
  const params = initialWeights(modelOf({ model: { topology, seed: 3 } }), 3);
  const result = await trainer.train(params, { seed: 9, signal: new AbortController().signal, onProgress: () => {} });
  if (!result.ok) throw new Error(result.message);
  return result;
}

const furthest = (a: Float32Array, b: Float32Array): number =>
  a.reduce((most, value, index) => Math.max(most, Math.abs(value - (b[index] as number))), 0);

describe('the plain trainer', () => {
  it.each([
    ['softmax', 2, undefined],
    ['mlp-2nn', 2, undefined],
    ['mlp-2nn', undefined, 7],
  ] as const)('makes the delta of the tabs’ own training: %s, %s epochs, %s steps', async (zoo, epochs, maxSteps) => {
    const changes = {
      batchSize: 10,
      ...(epochs === undefined ? {} : { epochs }),
      ...(maxSteps === undefined ? {} : { maxSteps }),
    };
    const { epochs: _, ...base } = plan();
    const client = { ...base, ...changes };
    // 45 is no multiple of the batch: the last one is smaller.
    const examples = pictures(45);
    const core = new CoreTrainers();
    const expected = await trained(core, zooTopology(zoo), client, examples);
    await core.close();
    const plain = await trained(new PlainTrainers(), zooTopology(zoo), client, examples);
    expect(furthest(expected.delta, new Float32Array(expected.delta.length))).toBeGreaterThan(0.01);
    expect(furthest(plain.delta, expected.delta)).toBeLessThan(2e-6);
    expect([plain.examples, plain.steps]).toEqual([expected.examples, expected.steps]);
    expect(plain.metrics.lossBefore).toBeCloseTo(expected.metrics.lossBefore ?? Number.NaN, 4);
    expect(plain.metrics.lossAfter).toBeCloseTo(expected.metrics.lossAfter ?? Number.NaN, 3);
  });

  it('is the same to the bit in threads', async () => {
    const examples = pictures(30);
    const one = await trained(new PlainTrainers(), zooTopology('mlp-2nn'), plan(), examples);
    for (let time = 0; time < 3; time++)
      expect((await trained(threaded, zooTopology('mlp-2nn'), plan(), examples)).delta).toEqual(one.delta);
  });

  // 45 examples are five steps an epoch. A second of 100 ms steps is ten after the first, which takes none of it.
  it.each([
    [100, 11],
    [300, 5],
    [1_000, 2],
    [5_000, 2],
    [10, 15],
  ])(
    'a device with steps of %d ms takes %d in a second, as the tabs’ own training and in threads',
    async (stepMs, steps) => {
      const { epochs, ...base } = plan({ epochs: 3, batchSize: 10 });
      const examples = pictures(45);
      const boxed = { ...base, epochs, maxSeconds: 1 } as ClientPlan;
      const topology = zooTopology('softmax');
      const one = await trained(new PlainTrainers(), topology, boxed, examples, stepMs);
      expect(one.steps).toBe(steps);
      const counted = await trained(new PlainTrainers(), topology, { ...base, maxSteps: steps }, examples);
      expect(one.delta).toEqual(counted.delta);
      expect((await trained(threaded, topology, boxed, examples, stepMs)).delta).toEqual(one.delta);
      const core = new CoreTrainers();
      const expected = await trained(core, topology, boxed, examples, stepMs);
      await core.close();
      expect(expected.steps).toBe(steps);
      expect(furthest(one.delta, expected.delta)).toBeLessThan(2e-6);
    },
  );

  it('without simulated time the second is a real one', async () => {
    const { epochs: _, ...base } = plan({ batchSize: 10 });
    const boxed = { ...base, maxSteps: 100_000, maxSeconds: 1 } as ClientPlan;
    const beganMs = performance.now();
    const { steps } = await trained(new PlainTrainers(), zooTopology('softmax'), boxed, pictures(45));
    expect(performance.now() - beganMs).toBeGreaterThan(1_000);
    expect(steps).toBeGreaterThan(1);
    expect(steps).toBeLessThan(100_000);
  });

  it('computes a step that can be told by hand', () => {
    // Two inputs, two classes: logits (1, 0) for x = (1, 2); softmax (σ, 1 − σ) with σ = 1 / (1 + e⁻¹).
    const layers = denseLayersOf(dense(2, 2, 'softmax'));
    if ('problem' in layers) throw new Error(layers.problem);
    const network = plainNetwork(layers, 4);
    network.setParams(Float32Array.of(1, 0, 0, 0, 0, 0));
    network.fill(0, [1, 2], 0, 1, 1);
    const share = 1 / (1 + Math.exp(-1));
    expect(network.step(1, 0.5)).toBeCloseTo(-Math.log(1 - share), 12);
    const params = new Float32Array(6);
    network.readParams(params);
    const moved = [1 - 0.5 * share, 0.5 * share, -share, share, -0.5 * share, 0.5 * share];
    expect([...params]).toEqual(moved.map((value) => expect.closeTo(value, 6)));
  });

  it('says when the loss grows out of all proportion', async () => {
    const trainer = new PlainTrainers().trainer(pictures(40));
    const client = plan({ learningRate: 100, epochs: 20 });
    const topology = zooTopology('mlp-2nn');
    await trainer.prepare({ topology, client } as Participation, 'auto');
    const params = initialWeights(modelOf({ model: { topology, seed: 3 } }), 3);
    const signal = new AbortController().signal;
    expect(await trainer.train(params, { seed: 1, signal, onProgress: () => {} })).toMatchObject({
      ok: false,
      reason: expect.stringMatching(/exploded|not-finite/),
    });
    expect(await trainer.train(params, { seed: 1, signal: AbortSignal.abort(), onProgress: () => {} })).toMatchObject({
      reason: 'aborted',
    });
  });

  it.each<[string, Partial<ClientPlan>, keyof typeof MODEL_ZOO, string | null]>([
    ['sgd on the 2NN', {}, 'mlp-2nn', null],
    ['a convolution', {}, 'cnn', 'the model has a layer Conv2D'],
    ['a relu at the end', {}, 'seed-dense', 'the model has a dense layer with relu where softmax is computed'],
    ['another work', { work: 'full-batch' }, 'softmax', 'the work is full-batch'],
    ['another loss', { loss: 'meanSquaredError' }, 'softmax', 'the loss is meanSquaredError'],
    ['a time limit', { maxSeconds: 5 }, 'softmax', null],
    ['a plan with more in it', { mu: 1 } as object, 'softmax', 'the plan has mu'],
  ])('says of %s whether it is its own', (_, changes, zoo, reason) => {
    expect(notPlain(zooTopology(zoo), plan(changes))).toBe(reason);
  });
});
