import { assert } from '../../../shared/assert.ts';
import type { Steps } from '../../../shared/steps.ts';
import type { CountResult, Trainer, TrainResult } from '../../../web/client/ports.ts';
import type { Examples } from '../../../web/trainer/core/examples.ts';
import type { Trainers } from '../core-trainer.ts';
import type { PlainJob } from './messages.ts';
import { inSharedMemory, PlainThreads } from './threads.ts';
import { PlainTraining } from './training.ts';

const ABORTED = { ok: false, reason: 'aborted', message: 'training was stopped' } as const;

/** The plain training for every contributor of this process: in this thread they take turns, or `threads` share the work. */
export class PlainTrainers implements Trainers {
  readonly #threads: PlainThreads | null;
  #turn: Promise<unknown> = Promise.resolve();
  #made: { readonly job: PlainJob; readonly training: PlainTraining } | undefined;
  #owners = 0;

  constructor(threads = 0) {
    this.#threads = threads === 0 ? null : new PlainThreads(threads);
  }

  trainer(own: Examples, stepMs?: number): Trainer {
    const examples = this.#threads === null ? own : inSharedMemory(own);
    const owner = this.#owners++;
    let job: PlainJob | undefined;
    return {
      prepare: async ({ topology, client: plan }, requested) => {
        job = { topology, plan };
        this.#trainingOf(job);
        return { requested, used: 'other', reason: null };
      },
      examples: async () => examples.count,
      train: (params, { seed, signal }): Promise<TrainResult> => {
        assert(job !== undefined, 'prepare comes first');
        const own = job;
        return this.#threads === null
          ? this.#inTurn(() => inSteps(this.#trainingOf(own).train(params, examples, seed, stepMs), signal))
          : (this.#threads.run(
              { kind: 'train', owner, job: own, params, seed, stepMs },
              examples,
            ) as Promise<TrainResult>);
      },
      score: (params): Promise<CountResult> => {
        assert(job !== undefined, 'prepare comes first');
        const own = job;
        return this.#threads === null
          ? this.#inTurn(async () => this.#trainingOf(own).score(params, examples))
          : (this.#threads.run({ kind: 'score', owner, job: own, params, seed: 0 }, examples) as Promise<CountResult>);
      },
      close: () => {},
    };
  }

  async close(): Promise<void> {
    await this.#turn;
    await this.#threads?.close();
  }

  /** One for all: contributors of a task have the same model and plan. */
  #trainingOf(job: PlainJob): PlainTraining {
    if (this.#made === undefined || JSON.stringify(this.#made.job) !== JSON.stringify(job))
      this.#made = { job, training: new PlainTraining(job.topology, job.plan) };
    return this.#made.training;
  }

  #inTurn<Value>(work: () => Promise<Value>): Promise<Value> {
    const result = this.#turn.then(work);
    this.#turn = result.catch(() => {});
    return result;
  }
}

/** Messages are handled between the steps, so that a stop is seen. */
async function inSteps(steps: Steps<TrainResult>, signal: AbortSignal): Promise<TrainResult> {
  for (;;) {
    if (signal.aborted) return ABORTED;
    const step = steps.next();
    if (step.done) return step.value;
    await new Promise((resolve) => setImmediate(resolve));
  }
}
