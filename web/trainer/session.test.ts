import { engine } from '@tensorflow/tfjs-core';
import { expect, it, vi } from 'vitest';
import type { TaskId } from '../../shared/ids.ts';
import { initialWeights } from '../../shared/model/initial-weights.ts';
import type { Participation } from '../../shared/protocol/index.ts';
import { seededRng } from '../../shared/rng.ts';
import { modelOf, topologyOf } from '../../shared/task/model-of.ts';
import { TEMPLATES } from '../../shared/task/templates/index.ts';
import { openCpu } from './core/backends/cpu.ts';
import { deviceOf } from './core/device.ts';
import { openSession } from './session.ts';

const spec = { ...TEMPLATES.digits, model: { zoo: 'softmax', seed: 1 } } as const;
const model = modelOf(spec);
const participation: Participation = {
  ...{ data: spec.data, client: spec.client, codec: spec.codec, courtesy: spec.courtesy },
  ...{ maxDeltaNorm: spec.maxDeltaNorm, closed: false },
  topology: topologyOf(spec),
  layoutSha256: model.layout.sha256,
  parameters: model.layout.size,
  minimum: spec.rounds.minimum,
  goal: spec.rounds.goal,
};

/** 200 examples of noise: 20 steps. */
async function openWithNoise(local?: string[]) {
  const rng = seededRng(3);
  const features = Uint8Array.from({ length: 200 * 784 }, () => rng.below(256));
  const targets = Uint16Array.from({ length: 200 }, () => rng.below(10));
  const here = { ...participation, client: { ...spec.client, ...(local ? { local } : {}) } };
  const session = await openSession('task' as TaskId, here, 'cpu', { openers: { cpu: openCpu } });
  session.source.give([{ features, targets }]);
  const train = async (seed: number): Promise<Float32Array> => {
    const { signal } = new AbortController();
    const result = await session.train(initialWeights(model, seed), { seed, signal, onProgress: () => {} });
    if (!result.ok) throw new Error(result.message);
    return result.delta;
  };
  return { session, train };
}

it('a model is built once and kept across assignments', async () => {
  // A model of one dense layer has two variables: its kernel and its bias.
  const made = vi.spyOn(engine(), 'makeVariable');
  try {
    const { session, train } = await openWithNoise();
    expect(made).toHaveBeenCalledTimes(2);
    const first = await train(1);
    const second = await train(2);
    expect(second).not.toEqual(first);
    expect(await train(1)).toEqual(first);
    expect(made).toHaveBeenCalledTimes(2);
    // "Try it" has one of its own, built when it is first asked for.
    const seen = initialWeights(model, 1);
    await session.predict(seen, new Uint8Array(784));
    await session.predict(seen, new Uint8Array(784));
    expect(made).toHaveBeenCalledTimes(4);
  } finally {
    made.mockRestore();
  }
});

it('two trainings at once on one session are as if one came after the other', async () => {
  const { train } = await openWithNoise();
  const apart = [await train(1), await train(2)];
  const together = await Promise.all([train(1), train(2)]);
  expect(together).toEqual(apart);
  expect(apart[0]).not.toEqual(apart[1]);
});

it('a fit answers with its own local layers, the shared model with those of the last round', async () => {
  const [entry] = model.layout.entries;
  const { session, train } = await openWithNoise([entry?.name.split('/')[0] ?? '']);
  const { session: newcomer } = await openWithNoise();
  const [params, features] = [initialWeights(model, 9), new Uint8Array(784).fill(100)];
  const expected = await newcomer.predict(params, features);
  await train(1);
  expect(await session.predict(params, features, true)).toEqual(expected);
  expect(await session.predict(params, features)).not.toEqual(expected);
});

it.each(['train', 'fit', 'score', 'evaluate', 'predict'] as const)(
  '%s on a device that is lost says so',
  async (name) => {
    let isLost = false;
    const openers = {
      cpu: async () => deviceOf('cpu', { isLost: () => isLost, onLost: () => () => {}, close: () => {} }),
    };
    await openCpu();
    const session = await openSession('task' as TaskId, participation, 'cpu', { openers });
    session.source.give([
      { features: Uint8Array.from({ length: 200 * 784 }, (_, at) => (at * at) % 251), targets: new Uint16Array(200) },
    ]);
    const params = initialWeights(model, 1);
    const { signal } = new AbortController();
    const options = { seed: 1, signal, onProgress: () => {} };
    const call = {
      train: () => session.train(params.slice(), options),
      fit: () => session.fit({ shared: params.slice(), start: null }, options),
      score: () => session.score(params.slice(), { signal }),
      evaluate: () => session.evaluate(params.slice(), signal),
      predict: () => session.predict(params.slice(), new Uint8Array(784)),
    }[name];
    expect(await call()).toMatchObject({ ok: true });
    isLost = true;
    expect(await call()).toEqual({ ok: false, reason: 'backend-lost', message: 'the cpu backend was lost' });
  },
);
