import type { Participation } from '../../shared/protocol/index.ts';
import type { BackendChoice, RequestedBackend, Trainer, TrainResult } from '../../web/client/ports.ts';

/** 2 × side² weights and 2 biases that start at zero: cell i belongs to contributor i. */
export const oneHotModel = (side: number) => ({
  model: {
    topology: {
      input: [side, side, 1],
      layers: [
        { class_name: 'Flatten', config: { name: 'flatten' } },
        {
          class_name: 'Dense',
          config: { name: 'output', units: 2, activation: 'softmax', kernel_initializer: 'zeros' },
        },
      ],
    },
  },
  data: { shape: [side, side, 1], labels: ['a', 'b'], sample: null },
});

export const oneHotTask = (contributors: number) => ({
  template: 'digits',
  id: 'one-hot',
  title: 'One-hot',
  ...oneHotModel(4),
  strategy: { weighting: 'uniform' },
  rounds: { goal: contributors, minimum: contributors, reportingDeadlineMs: 120_000 },
});

/**
 * A trainer whose delta is 1 at `cell` and 0 elsewhere, so that every cell of an aggregate tells who is in it and how
 * often. It reports when the gate lets it, not before.
 */
export function oneHotTrainer(cell: number, gate: (signal: AbortSignal) => Promise<void>): Trainer {
  let parameters = 0;
  return {
    async prepare(participation: Participation, requested: RequestedBackend): Promise<BackendChoice> {
      parameters = participation.parameters;
      return { requested, used: 'other', reason: null };
    },
    examples: async () => 1,
    async train(_params, { signal }): Promise<TrainResult> {
      await gate(signal).catch(() => {});
      if (signal.aborted) return { ok: false, reason: 'aborted', message: 'training was stopped' };
      const delta = new Float32Array(parameters);
      delta[cell] = 1;
      const metrics = { lossBefore: null, lossAfter: null, accuracyBefore: null, accuracyAfter: null, trainingMs: 0 };
      return { ok: true, delta, examples: 1, steps: 1, metrics };
    },
    close: () => {},
  };
}

/** Lets a cell report in the rounds that it was opened for, and in no other. */
export class Gate {
  readonly #open = new Set<string>();
  readonly #waiting = new Map<string, () => void>();

  /** Resolves when `cell` may report in `round`; rejects when the signal aborts. */
  pass(round: number, cell: number, signal: AbortSignal): Promise<void> {
    const key = `${round}/${cell}`;
    if (this.#open.has(key)) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#waiting.set(key, resolve);
      signal.addEventListener('abort', () => reject(new Error('aborted')), { once: true });
    });
  }

  open(round: number, cells: Iterable<number>): void {
    for (const cell of cells) {
      const key = `${round}/${cell}`;
      this.#open.add(key);
      this.#waiting.get(key)?.();
      this.#waiting.delete(key);
    }
  }
}
