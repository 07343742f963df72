import type { Bus, BusListener, ProcessId } from './bus.ts';
import { Echo } from './echo.ts';
import { type Envelope, readEnvelope, receiving } from './envelope.ts';

/** The way between processes that are in one: for tests and simulations. */
export class MemoryWay {
  readonly #ends = new Map<ProcessId, (envelope: Envelope) => void>();
  readonly #elapsed: () => number;
  /** Words to lose from now on. */
  losing = 0;
  /** Told of each word before it is delivered, or lost. */
  passing: (message: unknown) => void = () => {};

  constructor(elapsed: () => number = () => performance.now()) {
    this.#elapsed = elapsed;
  }

  join(self: ProcessId): Bus {
    let listener: BusListener | null = null;
    let number = 0;
    const echo = new Echo(this.#elapsed);
    const receive = receiving(self, () => listener);
    this.#ends.set(self, (envelope) => {
      if (envelope.from === self) echo.back(envelope.number);
      receive(envelope);
    });
    return {
      self,
      send: (message, to) => {
        if (!this.#ends.has(self)) return;
        number += 1;
        echo.said(number);
        const text = JSON.stringify({ from: self, to, number, message });
        queueMicrotask(() => {
          this.passing(message);
          this.#deliver(text);
        });
      },
      listen(next) {
        listener = next;
      },
      isSilent: () => echo.isMissing(),
      close: async () => {
        listener = null;
        this.#ends.delete(self);
      },
    };
  }

  #deliver(text: string): void {
    if (this.losing > 0) {
      this.losing -= 1;
      return;
    }
    const envelope = readEnvelope(text);
    if (envelope !== null) for (const end of [...this.#ends.values()]) end(envelope);
  }
}
