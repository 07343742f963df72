import { type Refusal, refuse } from '../../../shared/errors.ts';
import type { Sha256, TaskId } from '../../../shared/ids.ts';
import type { Participation, TaskStatus } from '../../../shared/protocol/index.ts';
import type { TaskData } from '../../../shared/task/kinds/index.ts';
import type { TaskRow, TaskStore } from '../../storage/port.ts';
import { participationOf } from '../coordinator.ts';
import type { Contributors } from '../port.ts';

/** What whoever has a task lets the others know of it, often: of what is in the database already it has no more than has changed. */
export interface Picture {
  readonly row: Omit<TaskRow, 'spec'>;
  readonly status: TaskStatus;
  readonly control: Sha256 | null;
  readonly contributors: Contributors;
}

export interface KnownTasksOptions {
  readonly tasks: Pick<TaskStore, 'list'>;
  readonly hasSamples: (data: TaskData) => boolean;
  /** A task is not there any more. */
  readonly gone: (task: TaskId, refusal: Refusal) => void;
  /** Nothing is known of it any more: it is gone, or another has its name. */
  readonly forgotten: (task: TaskId) => void;
}

export const unknownTask = refuse('unknown-task', 'there is no such task');

/** All tasks that there are, whoever has them: their rows as last read or told, and their pictures. */
export class KnownTasks {
  readonly #options: KnownTasksOptions;
  readonly #rows = new Map<TaskId, TaskRow>();
  readonly #pictures = new Map<TaskId, Picture>();
  /** The newest of tasks that were not read yet. */
  readonly #early = new Map<TaskId, Picture>();
  readonly #participations = new Map<TaskId, Participation>();
  #reading: Promise<void> | null = null;
  #isStale = false;

  constructor(options: KnownTasksOptions) {
    this.#options = options;
  }

  has(task: TaskId): boolean {
    return this.#rows.has(task);
  }

  row(task: TaskId): TaskRow | undefined {
    return this.#rows.get(task);
  }

  ids(): TaskId[] {
    return [...this.#rows.keys()];
  }

  rows(): TaskRow[] {
    return [...this.#rows.values()];
  }

  picture(task: TaskId): Picture | undefined {
    return this.#pictures.get(task);
  }

  participation(row: TaskRow): Participation {
    const { id, data } = row.spec;
    const known = this.#participations.get(id) ?? participationOf(row.spec, this.#options.hasSamples(data));
    this.#participations.set(id, known);
    return known;
  }

  learn(row: TaskRow): void {
    const { id } = row.spec;
    // A task made anew under an old name is another.
    if (this.#rows.has(id) && this.#rows.get(id)?.createdAt !== row.createdAt) this.forget(id);
    this.#rows.set(id, row);
    const early = this.#early.get(id);
    if (early?.row.createdAt === row.createdAt) this.show(id, early);
  }

  /** False where the task is not known yet, or only another one of this name: it is shown once that is read. */
  show(task: TaskId, picture: Picture): boolean {
    const known = this.#rows.get(task);
    if (known?.createdAt !== picture.row.createdAt) {
      this.#early.set(task, picture);
      return false;
    }
    this.#early.delete(task);
    this.#rows.set(task, { ...picture.row, spec: known.spec });
    this.#pictures.set(task, picture);
    return true;
  }

  /** Another process has it now: what the last one said is not true any more. */
  hide(task: TaskId): void {
    this.#pictures.delete(task);
    this.#early.delete(task);
  }

  forget(task: TaskId): void {
    this.#rows.delete(task);
    this.#pictures.delete(task);
    this.#participations.delete(task);
    this.#options.forgotten(task);
  }

  /** As they are from now on: a read that began before is not enough. */
  async reload(): Promise<void> {
    this.#isStale = this.#reading !== null;
    this.#reading ??= this.#read();
    await this.#reading;
  }

  async #read(): Promise<void> {
    try {
      do {
        this.#isStale = false;
        const found = await this.#options.tasks.list();
        const ids = new Set(found.map(({ spec }) => spec.id));
        for (const row of found) this.learn(row);
        for (const task of this.ids()) {
          if (ids.has(task)) continue;
          this.forget(task);
          this.#options.gone(task, unknownTask);
        }
        // One that came meanwhile may be of a task that is newer than this list.
        if (!this.#isStale) this.#early.clear();
      } while (this.#isStale);
    } finally {
      this.#reading = null;
    }
  }
}
