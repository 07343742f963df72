/** What one turn of the event loop may send, in texts of the usual size: some ten milliseconds' worth. */
export const TURN_COST = 256;
/** A message costs as much as a text for each of these bytes. */
const BYTES_PER_COST = 16 * 1024;

export const costOf = (bytes: number): number => 1 + Math.floor(bytes / BYTES_PER_COST);

interface Waiting {
  readonly cost: number;
  readonly send: () => void;
}

/**
 * Sends at once what one turn of the event loop has time for, and the rest in the following turns, in order: ten thousand
 * sockets that are told something, or a thousand that are sent a model, hold up nobody's ping and nobody's report.
 */
export class Outbox {
  readonly #nextTurn: (work: () => void) => unknown;
  #waiting: Waiting[] = [];
  #at = 0;
  #left = TURN_COST;
  #isScheduled = false;

  constructor(nextTurn: (work: () => void) => unknown = setImmediate) {
    this.#nextTurn = nextTurn;
  }

  /** `send` must not throw. */
  put(cost: number, send: () => void): void {
    this.#waiting.push({ cost, send });
    this.#work();
  }

  /** Everything that waits, now. */
  flush(): void {
    this.#left = Number.POSITIVE_INFINITY;
    this.#work();
  }

  #work(): void {
    while (this.#at < this.#waiting.length && this.#left > 0) {
      const { cost, send } = this.#waiting[this.#at++] as Waiting;
      this.#left -= cost;
      send();
    }
    if (this.#at === this.#waiting.length) {
      this.#waiting = [];
      this.#at = 0;
    }
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#nextTurn(() => {
      this.#isScheduled = false;
      this.#left = TURN_COST;
      if (this.#waiting.length > 0) this.#work();
    });
  }
}
