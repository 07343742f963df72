import type { Clock } from '../../../shared/clock.ts';
import type { TaskId } from '../../../shared/ids.ts';
import { LIMITS } from '../../../shared/limits.ts';
import type { Leases } from '../../cluster/lease.ts';
import type { Storage } from '../../storage/port.ts';
import type { SettlingCoordinator } from '../coordinator.ts';
import type { CoordinatorLog } from '../coordinator-ports.ts';
import type { Presence } from './presence.ts';

export interface TaskKeeperOptions {
  readonly inner: Pick<SettlingCoordinator, 'adopt' | 'dismiss' | 'dismissLost' | 'holds' | 'isAtRest'>;
  readonly tasks: Pick<Storage['tasks'], 'unheld'>;
  readonly leases: Pick<Leases, 'attempt'>;
  readonly presence: Pick<Presence, 'share'>;
  /** All tasks that there are. */
  readonly known: () => readonly TaskId[];
  readonly adopted: (task: TaskId) => void;
  readonly clock: Pick<Clock, 'after'>;
  readonly log: CoordinatorLog;
}

/** Looks at which others did not take a task, before one takes more than its share. */
const PATIENT_LOOKS = 2;
/** What could not be loaded is tried again after so many. */
const REST_LOOKS = 30;

/** Sees to it that every task has a process, and that none has much more than its share. */
export class TaskKeeper {
  readonly #options: TaskKeeperOptions;
  /** How often each task was found without a holder, in a row. */
  #free = new Map<TaskId, number>();
  /** Looks for which a task that could not be loaded is left alone. */
  readonly #resting = new Map<TaskId, number>();
  #looking: Promise<void> = Promise.resolve();
  #cancel = (): void => {};
  #isStopped = false;

  constructor(options: TaskKeeperOptions) {
    this.#options = options;
  }

  /** Takes what is to be had now, and goes on looking. */
  async start(): Promise<void> {
    await this.#again();
  }

  /** Nothing more is taken or given; resolves when what is under way has ended. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancel();
    await this.#looking;
  }

  #again(): Promise<void> {
    this.#looking = this.#look()
      .catch((error: unknown) => {
        if (!this.#isStopped) this.#options.log.warn({ err: error }, 'free tasks could not be looked for');
      })
      .finally(() => {
        if (!this.#isStopped) this.#cancel = this.#options.clock.after(LIMITS.leaseLookMs, () => void this.#again());
      });
    return this.#looking;
  }

  async #look(): Promise<void> {
    const { inner, tasks, presence, known } = this.#options;
    await inner.dismissLost();
    const free = new Map<TaskId, number>();
    for (const task of await tasks.unheld()) free.set(task, (this.#free.get(task) ?? 0) + 1);
    this.#free = free;
    const share = presence.share(known().length);
    let mine = known().filter((task) => inner.holds(task)).length;
    for (const [task, looks] of free) {
      if (this.#isStopped) return;
      const rest = this.#resting.get(task) ?? 0;
      this.#resting.set(task, Math.max(0, rest - 1));
      if (rest > 0 || inner.holds(task) || (mine >= share && looks <= PATIENT_LOOKS)) continue;
      if (await this.#take(task)) mine += 1;
    }
    // One at a time: a process that has just come takes it up.
    const spare = mine > share ? known().find((task) => inner.holds(task) && inner.isAtRest(task)) : undefined;
    if (spare !== undefined && !this.#isStopped) await inner.dismiss(spare);
  }

  async #take(task: TaskId): Promise<boolean> {
    const { inner, leases, adopted, log } = this.#options;
    try {
      const lease = await leases.attempt(task);
      if (lease === null) return false;
      await inner.adopt(lease);
      adopted(task);
      return true;
    } catch (error) {
      log.error({ err: error, task }, 'a task could not be taken over');
      this.#resting.set(task, REST_LOOKS);
      return false;
    }
  }
}
