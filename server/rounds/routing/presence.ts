import type { Clock } from '../../../shared/clock.ts';
import type { TaskId } from '../../../shared/ids.ts';
import type { ProcessId } from '../../cluster/bus.ts';
import type { RoutingMessage } from '../../cluster/messages.ts';

type Here = Extract<RoutingMessage, { readonly kind: 'here' }>;

interface Seen {
  readonly atMs: number;
  readonly tasks: ReadonlySet<TaskId>;
  readonly online: ReadonlyMap<TaskId, number>;
}

/** A process that said nothing for so long is gone, or cut off. */
export const SILENT_MS = 5_000;

/** The other processes, by what they last said of themselves. */
export class Presence {
  readonly #clock: Pick<Clock, 'elapsed'>;
  readonly #seen = new Map<ProcessId, Seen>();
  /** Taken for gone, of whom nothing was heard since. */
  readonly #silent = new Set<ProcessId>();

  constructor(clock: Pick<Clock, 'elapsed'>) {
    this.#clock = clock;
  }

  /** Returns the tasks of which it has another number of sessions than it had. */
  heard(from: ProcessId, { tasks, online, isLeaving }: Here): TaskId[] {
    const before = this.#seen.get(from)?.online ?? new Map<TaskId, number>();
    const now = new Map(isLeaving ? [] : online);
    if (isLeaving) this.#seen.delete(from);
    else this.#seen.set(from, { atMs: this.#clock.elapsed(), tasks: new Set(tasks), online: now });
    return [...new Set([...before.keys(), ...now.keys()])].filter((task) => before.get(task) !== now.get(task));
  }

  /** True once, of a process that was taken for gone and is heard again: each has missed what the other did meanwhile. */
  isBack(from: ProcessId): boolean {
    return this.#silent.delete(from);
  }

  /** So many sessions it has of this task now. */
  counted(from: ProcessId, task: TaskId, online: number): void {
    const seen = this.#seen.get(from);
    if (seen !== undefined) this.#seen.set(from, { ...seen, online: new Map(seen.online).set(task, online) });
  }

  /** Forgets those that are silent, and says which. */
  fallenSilent(): ProcessId[] {
    const now = this.#clock.elapsed();
    const silent = [...this.#seen].filter(([, { atMs }]) => now - atMs > SILENT_MS).map(([process]) => process);
    for (const process of silent) {
      this.#seen.delete(process);
      this.#silent.add(process);
    }
    return silent;
  }

  has(process: ProcessId): boolean {
    return this.#seen.has(process);
  }

  processes(): ProcessId[] {
    return [...this.#seen.keys()];
  }

  /** Sessions of a task at all other processes. */
  online(task: TaskId): number {
    let count = 0;
    for (const { online } of this.#seen.values()) count += online.get(task) ?? 0;
    return count;
  }

  /** The other that has it, as it says; null if none does. */
  homeOf(task: TaskId): ProcessId | null {
    for (const [process, { tasks }] of this.#seen) if (tasks.has(task)) return process;
    return null;
  }

  /** How many tasks each process may have so that they are spread: no more than its share. */
  share(tasksCount: number): number {
    return Math.ceil(tasksCount / (this.#seen.size + 1));
  }
}
