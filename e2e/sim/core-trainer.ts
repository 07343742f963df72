import type { Participation } from '../../shared/protocol/index.ts';
import type { BackendChoice, CountResult, RequestedBackend, Trainer, TrainResult } from '../../web/client/ports.ts';
import { trainAssigned, withLocal } from '../../web/trainer/core/assignment.ts';
import { openCpu } from '../../web/trainer/core/backends/cpu.ts';
import { openWasm } from '../../web/trainer/core/backends/wasm.ts';
import { countHeldOut } from '../../web/trainer/core/count.ts';
import type { Examples } from '../../web/trainer/core/examples.ts';
import { memoryOwnState } from '../../web/trainer/core/own-state.ts';
import { type PreparedModel, prepareModel } from '../../web/trainer/core/prepare.ts';
import { steppedModel } from './stepped-model.ts';

/** What trains for the contributors of this process. */
export interface Trainers {
  /**
   * A contributor's trainer on its own examples. `stepMs` is what a step takes its simulated device, and what `maxSeconds` of
   * the plan is measured by; by real time where nothing is given.
   */
  trainer(examples: Examples, stepMs?: number): Trainer;
  /** Frees what they share; the trainers are of no use afterwards. */
  close(): Promise<void>;
}

const openers = {
  wasm: () => openWasm(),
  cpu: openCpu,
};

/**
 * The real training of the tabs, on one model that the contributors of this process take in turns: the process has one
 * processor for it anyway, and TF.js one engine.
 */
export class CoreTrainers implements Trainers {
  #prepared: Promise<PreparedModel> | undefined;
  #turn: Promise<unknown> = Promise.resolve();

  trainer(examples: Examples, stepMs?: number): Trainer {
    let known: Participation | undefined;
    const own = memoryOwnState();
    return {
      prepare: async (participation, requested): Promise<BackendChoice> => {
        known = participation;
        const { used, reason } = await this.#prepare(participation, requested);
        return { requested, used, reason };
      },
      examples: async () => examples.count,
      train: (params, options): Promise<TrainResult> =>
        this.#inTurn(async () => {
          if (known === undefined || this.#prepared === undefined)
            return { ok: false, reason: 'failed', message: 'prepare comes first' };
          const { model } = await this.#prepared;
          const device = stepMs === undefined ? { model, nowMs: undefined } : steppedModel(model, stepMs);
          const plan = known.client;
          return trainAssigned(device.model, params, examples, { plan, own, ...options, nowMs: device.nowMs });
        }),
      score: (params, { signal }): Promise<CountResult> =>
        this.#inTurn(async () => {
          const model = (await this.#prepared)?.model;
          if (model === undefined || known === undefined)
            return { ok: false, reason: 'failed', message: 'prepare comes first' };
          return countHeldOut(model, await withLocal(params, model.layout, known.client, own), examples, { signal });
        }),
      close: () => {},
    };
  }

  async close(): Promise<void> {
    const prepared = this.#prepared;
    this.#prepared = undefined;
    await this.#turn;
    (await prepared)?.model.dispose();
  }

  #prepare({ topology, client }: Participation, requested: RequestedBackend): Promise<PreparedModel> {
    // Node has no WebGL: what is left to itself takes WebAssembly, and the plain CPU where that cannot train the model.
    this.#prepared ??= prepareModel(topology, client, requested === 'auto' ? 'wasm' : requested, openers);
    return this.#prepared;
  }

  #inTurn<Value>(work: () => Promise<Value>): Promise<Value> {
    const result = this.#turn.then(work);
    this.#turn = result.catch(() => {});
    return result;
  }
}
