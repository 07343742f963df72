import type { Clock } from '../../shared/clock.ts';
import type { TaskId } from '../../shared/ids.ts';

interface Tick {
  lastAtMs: number;
  cancel: (() => void) | undefined;
}

/**
 * Throttles the live picture of each task: at once after a pause, else when the interval is over, so the newest
 * picture always goes out in the end. A crowd gets it less often: n sockets cost n messages a tick.
 */
export class StatusTicker {
  readonly #clock: Clock;
  readonly #online: (task: TaskId) => number;
  readonly #publish: (task: TaskId) => void;
  readonly #ticks = new Map<TaskId, Tick>();
  #isClosed = false;

  constructor(clock: Clock, online: (task: TaskId) => number, publish: (task: TaskId) => void) {
    this.#clock = clock;
    this.#online = online;
    this.#publish = publish;
  }

  /** The picture of this task changed. */
  touch(task: TaskId): void {
    const tick = this.#ticks.get(task) ?? { lastAtMs: Number.NEGATIVE_INFINITY, cancel: undefined };
    this.#ticks.set(task, tick);
    if (tick.cancel !== undefined || this.#isClosed) return;
    // Never within the caller's turn: one turn may change it often, and the caller may be in the middle of a change.
    const dueMs = tick.lastAtMs + statusIntervalMs(this.#online(task)) - this.#clock.elapsed();
    tick.cancel = this.#clock.after(Math.max(0, dueMs), () => {
      tick.cancel = undefined;
      tick.lastAtMs = this.#clock.elapsed();
      this.#publish(task);
    });
  }

  forget(task: TaskId): void {
    this.#ticks.get(task)?.cancel?.();
    this.#ticks.delete(task);
  }

  close(): void {
    this.#isClosed = true;
    for (const task of [...this.#ticks.keys()]) this.forget(task);
  }
}

/** PROTOCOL.md, P19: at most four a second, at most a hundred messages a second in all. */
export const statusIntervalMs = (online: number): number => Math.max(250, online * 10);
