import type { Clock } from '../../../shared/clock.ts';

interface Timer {
  readonly atMs: number;
  readonly rank: number;
  readonly number: number;
  readonly callback: () => void;
  isCancelled: boolean;
}

/** Where simulated time begins: the same in every run. */
const EPOCH_MS = 1_800_000_000_000;

/**
 * Time that stands still until the next timer is let off. Timers of the same moment go by the rank of whose they are,
 * then by their age, so that a run does not depend on which was set first.
 */
export class SimulatedClock {
  #nowMs = 0;
  #count = 0;
  /** A binary heap. */
  readonly #heap: Timer[] = [];

  /** Since the beginning. */
  get elapsedMs(): number {
    return this.#nowMs;
  }

  /** The clock of one part: 0 is the server, the others are contributors. */
  of(rank: number): Clock {
    return {
      now: () => EPOCH_MS + this.#nowMs,
      elapsed: () => this.#nowMs,
      after: (delayMs, callback) => {
        const atMs = this.#nowMs + Math.max(0, delayMs);
        const timer: Timer = { atMs, rank, number: ++this.#count, callback, isCancelled: false };
        this.#push(timer);
        return () => {
          timer.isCancelled = true;
        };
      },
    };
  }

  /** Moves on to the next timer and runs it; false where none is left. */
  next(): boolean {
    for (let timer = this.#pop(); timer !== undefined; timer = this.#pop()) {
      if (timer.isCancelled) continue;
      this.#nowMs = timer.atMs;
      timer.callback();
      return true;
    }
    return false;
  }

  #push(timer: Timer): void {
    const heap = this.#heap;
    let at = heap.length;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(timer, heap[parent] as Timer)) break;
      heap[at] = heap[parent] as Timer;
      at = parent;
    }
    heap[at] = timer;
  }

  #pop(): Timer | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1] as Timer, heap[child] as Timer)) child++;
      if (!isBefore(heap[child] as Timer, last)) break;
      heap[at] = heap[child] as Timer;
      at = child;
    }
    heap[at] = last;
    return first;
  }
}

const isBefore = (a: Timer, b: Timer): boolean =>
  a.atMs !== b.atMs ? a.atMs < b.atMs : a.rank !== b.rank ? a.rank < b.rank : a.number < b.number;
