import type { UpdateId } from '../../shared/ids.ts';
import type { ExpectedFrame } from '../../shared/wire/frame.ts';
import type { ReceiptRow } from '../storage/port.ts';
import type { CoordinatorLog } from './coordinator-ports.ts';
import type { Arithmetic, Fold, MadeVersion } from './port.ts';

export interface RoundAggregateOptions {
  readonly arithmetic: Arithmetic;
  readonly log: CoordinatorLog;
  /** Names the aggregate in the arithmetic thread. */
  readonly key: string;
  readonly fold: Fold;
  readonly values: number;
  /** An accepted report: where it lies, what it must be, and how many versions its base is behind. */
  readonly reportOf: (updateId: UpdateId) => AcceptedReport;
}

export interface AcceptedReport {
  readonly path: string;
  readonly expected: ExpectedFrame;
  readonly staleness: number;
}

/**
 * The aggregate of one round. Receipts are folded as they arrive, in their order. What was folded is compared with what
 * is to be committed; if they differ (a thread that died, deleted data, another order), all is folded again.
 */
export class RoundAggregate {
  readonly #options: RoundAggregateOptions;
  #tail: Promise<void> = Promise.resolve();
  #isBegun = false;
  /** Orders of the receipts in the aggregate; null when it is not to be trusted any more. */
  #folded: number[] | null = [];

  constructor(options: RoundAggregateOptions) {
    this.#options = options;
  }

  add(receipt: Pick<ReceiptRow, 'order' | 'updateId'>): void {
    this.#tail = this.#tail
      .then(() => this.#fold(receipt))
      .catch((error: unknown) => {
        this.#folded = null;
        this.#options.log.warn({ err: error, aggregate: this.#options.key }, 'a report could not be folded yet');
      });
  }

  /** Resolves when it reads none of the reports that it was given. */
  settled(): Promise<void> {
    return this.#tail;
  }

  /** Makes the next version of exactly these receipts. Rejects when that cannot be done. */
  async finish(
    receipts: readonly ReceiptRow[],
    spec: Parameters<Arithmetic['finish']>[1],
    base: Parameters<Arithmetic['finish']>[2],
  ): Promise<MadeVersion> {
    await this.#holdExactly(receipts);
    return this.#options.arithmetic.finish(this.#options.key, spec, base);
  }

  /** The plain sum of exactly these receipts. Rejects when that cannot be done. */
  async total(receipts: readonly ReceiptRow[]): Promise<Float64Array> {
    await this.#holdExactly(receipts);
    return this.#options.arithmetic.total(this.#options.key);
  }

  async #holdExactly(receipts: readonly ReceiptRow[]): Promise<void> {
    await this.#tail;
    if (this.#folded?.join() !== receipts.map(({ order }) => order).join()) {
      this.#isBegun = false;
      this.#folded = [];
      for (const receipt of receipts) await this.#fold(receipt);
    }
  }

  /** Lets go of its memory. Never rejects: a thread that is gone holds none. */
  async drop(): Promise<void> {
    await this.#tail;
    await this.#options.arithmetic.drop(this.#options.key).catch(() => {});
  }

  async #fold({ order, updateId }: Pick<ReceiptRow, 'order' | 'updateId'>): Promise<void> {
    if (this.#folded === null) return;
    const { arithmetic, key, fold, values, reportOf } = this.#options;
    if (!this.#isBegun) await arithmetic.begin(key, fold, values);
    this.#isBegun = true;
    const { path, expected, staleness } = reportOf(updateId);
    await arithmetic.fold(key, path, expected, staleness);
    this.#folded.push(order);
  }
}
