import type { Clock } from '../../shared/clock.ts';
import type { OfferedReceipt, ReceiptOutcome, RoundStore } from '../storage/port.ts';

interface Waiting {
  readonly receipt: OfferedReceipt;
  readonly resolve: (outcome: ReceiptOutcome) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Group commit: receipts that arrive while a transaction is under way go into the next one together, so that many
 * reports share one fsync. Outcomes come back in the order of the receipts.
 */
export class ReceiptBatches {
  readonly #rounds: Pick<RoundStore, 'accept'>;
  readonly #clock: Clock;
  #waiting: Waiting[] = [];
  #isBusy = false;

  constructor(rounds: Pick<RoundStore, 'accept'>, clock: Clock) {
    this.#rounds = rounds;
    this.#clock = clock;
  }

  /** Resolves when the receipt is durable, or was refused; rejects when nothing was written. */
  accept(receipt: OfferedReceipt): Promise<ReceiptOutcome> {
    const outcome = new Promise<ReceiptOutcome>((resolve, reject) => this.#waiting.push({ receipt, resolve, reject }));
    if (!this.#isBusy) void this.#work();
    return outcome;
  }

  async #work(): Promise<void> {
    this.#isBusy = true;
    await Promise.resolve(); // the rest of this turn joins the batch
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      try {
        const receipts = batch.map(({ receipt }) => receipt);
        const outcomes = await this.#rounds.accept(receipts, this.#clock.now());
        for (const [index, { resolve }] of batch.entries()) resolve(outcomes[index] as ReceiptOutcome);
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    this.#isBusy = false;
  }
}
