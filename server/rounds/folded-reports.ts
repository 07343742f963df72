import type { UpdateId } from '../../shared/ids.ts';
import type { ExpectedFrame } from '../../shared/wire/frame.ts';
import type { CoordinatorLog } from './coordinator-ports.ts';
import type { Arithmetic, Fold } from './port.ts';

export interface FoldedReportsOptions {
  readonly arithmetic: Pick<Arithmetic, 'begin' | 'fold' | 'drop'>;
  readonly log: CoordinatorLog;
  /** Names the aggregate in the arithmetic thread. */
  readonly key: string;
  readonly fold: Fold;
  readonly values: number;
  /** An accepted report: where it lies, what it must be, and how many versions its base is behind. */
  readonly reportOf: (updateId: UpdateId) => AcceptedReport;
  /** Sees to it that it lies there; rejects if it is nowhere. */
  readonly bring: (updateId: UpdateId) => Promise<void>;
}

export interface AcceptedReport {
  readonly path: string;
  readonly expected: ExpectedFrame;
  readonly staleness: number;
}

/** Reports that are brought at the same time. */
const BROUGHT_AT_ONCE = 8;

/**
 * An aggregate of reports that are folded as they arrive, in their order. What was folded is compared with what is wanted in the
 * end; if they differ (a thread that died, deleted data, another order), all is folded again.
 */
export class FoldedReports {
  readonly key: string;
  readonly #options: FoldedReportsOptions;
  #tail: Promise<unknown> = Promise.resolve();
  #isBegun = false;
  /** What is in the aggregate, in its order; null when it is not to be trusted any more. */
  #folded: UpdateId[] | null = [];

  constructor(options: FoldedReportsOptions) {
    this.#options = options;
    this.key = options.key;
  }

  add(updateId: UpdateId): void {
    this.#tail = this.#tail
      .then(() => this.#fold(updateId))
      .catch((error: unknown) => {
        this.#folded = null;
        this.#options.log.warn({ err: error, aggregate: this.key }, 'a report could not be folded yet');
      });
  }

  /** Resolves when it reads none of the reports that it was given. */
  async settled(): Promise<void> {
    await this.#tail;
  }

  /** What comes of `work` while exactly these are folded, in this order. Rejects when that cannot be done. */
  hold<Outcome>(updateIds: readonly UpdateId[], work: () => Promise<Outcome>): Promise<Outcome> {
    const held = this.#tail.then(async () => {
      await this.#holdExactly(updateIds).catch((error: unknown) => {
        this.#folded = null;
        throw error;
      });
      return work();
    });
    this.#tail = held.catch(() => {});
    return held;
  }

  /** Lets go of its memory, and would begin anew. Never rejects: a thread that is gone holds none. */
  async drop(): Promise<void> {
    this.#tail = this.#tail.then(async () => {
      this.#forgetAll();
      await this.#options.arithmetic.drop(this.key).catch(() => {});
    });
    await this.#tail;
  }

  async #holdExactly(updateIds: readonly UpdateId[]): Promise<void> {
    if (this.#folded?.join() === updateIds.join() && this.#isBegun) return;
    this.#forgetAll();
    const { bring } = this.#options;
    for (let at = 0; at < updateIds.length; at += BROUGHT_AT_ONCE) {
      const some = updateIds.slice(at, at + BROUGHT_AT_ONCE);
      await Promise.all(some.map(bring));
      for (const updateId of some) await this.#foldThere(updateId);
    }
  }

  #forgetAll(): void {
    this.#isBegun = false;
    this.#folded = [];
  }

  async #fold(updateId: UpdateId): Promise<void> {
    if (this.#folded === null) return;
    await this.#options.bring(updateId);
    await this.#foldThere(updateId);
  }

  async #foldThere(updateId: UpdateId): Promise<void> {
    const { arithmetic, key, fold, values, reportOf } = this.#options;
    if (!this.#isBegun) await arithmetic.begin(key, fold, values);
    this.#isBegun = true;
    const { path, expected, staleness } = reportOf(updateId);
    await arithmetic.fold(key, path, expected, staleness);
    this.#folded?.push(updateId);
  }
}
