/** A word is back at once where it goes through; after this long it does not. */
const BACK_WITHIN_MS = 1_500;

/** Whether what a process says comes back to it, as it does to all others. */
export class Echo {
  readonly #elapsed: () => number;
  #last = 0;
  /** Since when a word is not back; null where all are. */
  #missingSinceMs: number | null = null;

  constructor(elapsed: () => number) {
    this.#elapsed = elapsed;
  }

  said(number: number): void {
    this.#last = number;
    this.#missingSinceMs ??= this.#elapsed();
  }

  back(number: number): void {
    this.#missingSinceMs = number >= this.#last ? null : this.#elapsed();
  }

  isMissing(): boolean {
    return this.#missingSinceMs !== null && this.#elapsed() - this.#missingSinceMs > BACK_WITHIN_MS;
  }
}
