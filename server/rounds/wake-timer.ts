import type { Clock } from '../../shared/clock.ts';

/** One timer for an absolute time, which may be moved as often as one likes. */
export class WakeTimer {
  readonly #clock: Clock;
  readonly #wake: () => void;
  #set: { readonly at: number; readonly cancel: () => void } | null = null;

  constructor(clock: Clock, wake: () => void) {
    this.#clock = clock;
    this.#wake = wake;
  }

  /** Wakes at this time, in milliseconds since 1970, and at no other; null: not at all. */
  set(at: number | null): void {
    if (this.#set?.at === at) return;
    this.#set?.cancel();
    this.#set = at === null ? null : { at, cancel: this.#clock.after(this.#delayMs(at), () => this.#fire()) };
  }

  #fire(): void {
    this.#set = null;
    this.#wake();
  }

  #delayMs(at: number): number {
    return Math.max(0, at - this.#clock.now());
  }
}
