import { countsOf } from '../../shared/evaluation/counts.ts';
import type { Participation, ReportMetrics } from '../../shared/protocol/index.ts';
import { seededRng } from '../../shared/rng.ts';
import type { Trainer, TrainResult } from '../../web/client/ports.ts';

/** Trainers without TF.js, for tests of everything around the training. */

const METRICS: ReportMetrics = {
  lossBefore: null,
  lossAfter: null,
  accuracyBefore: null,
  accuracyAfter: null,
  trainingMs: 0,
};

type Delta = (size: number, seed: number, params: Float32Array) => Float32Array;

/** Says at once that it has trained and what `delta` makes; `examples` is its weight in the mean. */
export function deltaTrainer(delta: Delta, examples = 1): Trainer {
  let known: Participation | undefined;
  return {
    prepare: async (participation, requested) => {
      known = participation;
      return { requested, used: 'other', reason: null };
    },
    examples: async () => examples,
    train: async (params, { seed, onProgress, signal }): Promise<TrainResult> => {
      if (signal.aborted) return { ok: false, reason: 'aborted', message: 'training was stopped' };
      if (known === undefined) return { ok: false, reason: 'failed', message: 'prepare comes first' };
      onProgress({ step: 1, steps: 1, loss: null });
      return { ok: true, delta: delta(known.parameters, seed, params), examples, steps: 1, metrics: METRICS };
    },
    close: () => {},
  };
}

/** 1 at `cell`, 0 elsewhere: each cell of an aggregate tells who is in it and how often (invariant I2). */
export const oneHotTrainer = (cell: number, examples = 1): Trainer =>
  deltaTrainer((size) => {
    const delta = new Float32Array(size);
    delta[cell] = 1;
    return delta;
  }, examples);

/** The same small noise for the same stream and assignment seed. */
export const noiseTrainer = (stream: number, examples = 1): Trainer =>
  deltaTrainer((size, seed) => {
    const rng = seededRng(seed, stream);
    return Float32Array.from({ length: size }, () => (2 * rng.uniform() - 1) / Math.sqrt(size));
  }, examples);

/** Another trainer that scores every version alike: so many right of so many examples that are set aside. */
export const scoringTrainer = (trainer: Trainer, correct: number, examples: number): Trainer => ({
  ...trainer,
  score: async () => ({ ok: true, counts: countsOf({ examples, loss: 0.5, measure: { correct } }), examples }),
});

/** Ways to spoil a delta that the server must refuse, by the refusal they meet. */
export const SPOILED = {
  'not-finite': (delta: Float32Array) => delta.fill(Number.NaN, 0, 1),
  zero: (delta: Float32Array) => delta.fill(0),
  norm: (delta: Float32Array) => delta.fill(1e9),
  size: (delta: Float32Array) => delta.subarray(1),
} as const;

/** Another trainer whose delta is spoiled. */
export function spoiledTrainer(trainer: Trainer, how: keyof typeof SPOILED): Trainer {
  return {
    ...trainer,
    train: async (params, options) => {
      const result = await trainer.train(params, options);
      return result.ok ? { ...result, delta: SPOILED[how](result.delta) } : result;
    },
  };
}

/** Another trainer that ends its training only when `gate` resolves, or its signal aborts. */
export function gatedTrainer(trainer: Trainer, gate: (signal: AbortSignal) => Promise<unknown>): Trainer {
  return {
    ...trainer,
    train: async (params, options) => {
      const { signal } = options;
      const aborted = new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
      await Promise.race([gate(signal), aborted]);
      return trainer.train(params, options);
    },
  };
}

/** Never ends by itself: the tab that stays and says nothing. */
export const silentTrainer = (): Trainer => gatedTrainer(oneHotTrainer(0), () => new Promise(() => {}));
