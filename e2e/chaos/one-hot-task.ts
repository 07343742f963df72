import { setTimeout as delay } from 'node:timers/promises';
import type { TaskId, UpdateId } from '../../shared/ids.ts';
import { exponentialReconnect } from '../../web/client/index.ts';
import { History, Violation } from '../crash/history.ts';
import { oneHotModel, oneHotTrainer } from '../crash/one-hot.ts';
import type { RunningServer } from '../fixtures/server.ts';
import { Population } from '../sim/population.ts';
import type { Patience } from './patience.ts';
import { Seen } from './seen.ts';

export interface OneHotTaskOptions {
  readonly id: string;
  readonly contributors: number;
  readonly patience: Patience;
}

/** What is known of one task: reports in versions; those that a contributor heard of; those in abandoned rounds. */
export interface TaskFigures {
  readonly counted: number;
  readonly acknowledged: number;
  readonly inAbandoned: number;
  readonly rounds: number;
  /** Receipts and assignments that told of another round than the one that the report is of: a bit of theirs had been turned. */
  readonly misheard: number;
}

const SIDE = 8;
/** One for each weight and bias. */
export const CELLS = 2 * SIDE ** 2 + 2;
/** Whoever is cut off comes back at once; where the server cannot keep up, less and less often. */
const reconnect = exponentialReconnect({ baseMs: 60, maximumMs: 5_000 });
/** Of the contributors; with over-selection somewhat more are asked than the goal needs. */
const GOAL_SHARE = 0.75;
const OVER_SELECTION = 1.1;
/** Weights of older versions are not kept: the history is read before they go. */
const READ_EVERY_ROUNDS = 3;
/** That rounds go on is asserted, not how fast: the machine may be busy with other things. */
const STALLED_MS = 240_000;
const HEALED_MS = 120_000;

const taskOf = (id: string, contributors: number) => ({
  ...{ template: 'digits', id },
  ...oneHotModel(SIDE),
  strategy: { weighting: 'uniform' },
  rounds: {
    ...{ goal: Math.max(1, Math.round(GOAL_SHARE * contributors)), minimum: 1, overSelection: OVER_SELECTION },
    ...{ selectionDeadlineMs: 10_000, reportingDeadlineMs: 20_000 },
  },
});

/** A task and its contributors, who reach the server by `address`; contributor i reports 1 in cell i. */
export class OneHotTask {
  readonly #server: RunningServer;
  readonly #path: string;
  readonly #population: Population;
  readonly #history = new History({ mayAbandon: true });
  readonly #seen = new Seen();
  readonly #id: string;
  #counted = 0;
  /** The latest that any contributor heard of. */
  #round = 0;

  static async open(server: RunningServer, address: string, options: OneHotTaskOptions): Promise<OneHotTask> {
    await server.adminJson('/api/tasks', { body: taskOf(options.id, options.contributors) });
    return new OneHotTask(server, address, options);
  }

  private constructor(server: RunningServer, address: string, { id, contributors, patience }: OneHotTaskOptions) {
    this.#server = server;
    this.#path = `/api/tasks/${id}`;
    this.#id = id;
    this.#population = new Population({
      server: address,
      task: id as TaskId,
      count: contributors,
      trainer: (cell) => oneHotTrainer(cell, async () => this.#seen.trained(this.#roundOf(cell), cell)),
      reconnect,
      transport: () => patience.transport(),
    });
    this.#population.clients.forEach((client, cell) => {
      client.subscribe(({ round, notes }) => {
        this.#round = Math.max(this.#round, round ?? 0);
        for (const { receipt } of notes) if (receipt !== null) this.#seen.acknowledged(receipt, cell);
      });
    });
  }

  get counted(): number {
    return this.#counted;
  }

  get rounds(): number {
    return this.#history.committed.size + this.#history.abandoned.size;
  }

  /** Rounds go on, and what they made is held to what the contributors did and heard, until `isEnough`. */
  async run(isEnough: () => boolean, onRead: () => void): Promise<void> {
    const starting = this.#population.start();
    await this.#server.adminJson(`${this.#path}/rounds`, { body: { count: 100_000 } });
    while (!isEnough()) {
      await this.#until(this.rounds + READ_EVERY_ROUNDS, STALLED_MS, isEnough);
      await this.#read({ isRunning: true });
      onRead();
    }
    await starting;
  }

  /** I7: the network is well again, and rounds commit. Then the task ends, and all of its history is read. */
  async end(): Promise<TaskFigures> {
    const before = this.#history.committed.size;
    await this.#until(this.rounds + 2, HEALED_MS);
    await this.#server.adminJson(`${this.#path}/pause`, { body: {} });
    // The round that runs when a task pauses ends by its deadline at the latest.
    while (!(await this.#isOver())) await delay(50);
    await this.#read();
    if (this.#history.committed.size === before) throw new Violation(`${this.#id}: no round has committed since`);
    return {
      counted: this.#counted,
      acknowledged: this.#seen.count(this.#history.committed.keys()),
      inAbandoned: this.#seen.count(this.#history.abandoned.keys()),
      rounds: this.rounds,
      misheard: this.#seen.misheard,
    };
  }

  close(): Promise<void> {
    return this.#population.close();
  }

  states(): Readonly<Record<string, number>> {
    return this.#population.states();
  }

  async #isOver(): Promise<boolean> {
    const [latest] = await this.#server.adminJson<{ outcome: string | null }[]>(`${this.#path}/rounds?limit=1`);
    return latest?.outcome !== null;
  }

  async #read({ isRunning = false } = {}): Promise<void> {
    await this.#history.read(this.#server, this.#id, { isRunning });
    this.#counted = [...this.#history.committed.values()].reduce((sum, { cells }) => sum + cells.size, 0);
    await this.#seen.check(this.#history, (updateId) => this.#roundOfReport(updateId));
  }

  /** Resolves as that round begins, or where that many are not wanted any more. */
  #until(round: number, withinMs: number, isEnough: () => boolean = () => false): Promise<void> {
    const hasBegun = (): boolean => this.#round >= round || isEnough();
    return this.#population.until(hasBegun, `round ${round} of ${this.#id}`, withinMs);
  }

  async #roundOfReport(updateId: UpdateId): Promise<number> {
    return (await this.#server.adminJson<{ round: number }>(`/api/receipts/${updateId}`)).round;
  }

  #roundOf(cell: number): number {
    return this.#population.clients[cell]?.view().round ?? 0;
  }
}
