import type { Bus, BusListener, ProcessId } from './bus.ts';
import { type Envelope, readEnvelope, receiving } from './envelope.ts';

/** The way between processes that are in one: for tests and simulations. */
export class MemoryWay {
  readonly #ends = new Map<ProcessId, (envelope: Envelope) => void>();
  /** Words to lose from now on. */
  losing = 0;
  /** Told of each word before it is delivered, or lost. */
  passing: (message: unknown) => void = () => {};

  join(self: ProcessId): Bus {
    let listener: BusListener | null = null;
    let number = 0;
    this.#ends.set(
      self,
      receiving(self, () => listener),
    );
    return {
      self,
      send: (message, to) => {
        if (!this.#ends.has(self)) return;
        number += 1;
        const text = JSON.stringify({ from: self, to, number, message });
        queueMicrotask(() => {
          this.passing(message);
          this.#deliver(text);
        });
      },
      listen(next) {
        listener = next;
      },
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
