/** The reading side of one connection. */
export interface ReadSide {
  pause(): void;
  resume(): void;
}

/** One connection under the valve. */
export interface ValveSeat {
  /** A chunk was read from it: while others wait it is their turn now. */
  served(): void;
  leave(): void;
}

/** Connections that go on in one turn of the event loop: what they had read already is dealt with in it. */
const RESUMED_AT_ONCE = 4;

/**
 * Holds what was read and is not on disk yet. Once it is more than the limit, no connection is read until half of it is
 * written; then they go on in turn, one chunk each. What a crowd sends at once waits in the senders' sockets, where it
 * neither fills the memory nor holds up the loop, and nobody's pong waits behind everybody's reports.
 */
export class ReadValve {
  readonly #limitBytes: number;
  readonly #nextTurn: (work: () => void) => unknown;
  readonly #reading = new Set<ReadSide>();
  /** In the order in which they go on. */
  #waiting = new Set<ReadSide>();
  #heldBytes = 0;
  #isShut = false;
  #isResuming = false;

  constructor(limitBytes: number, nextTurn: (work: () => void) => unknown = setImmediate) {
    this.#limitBytes = limitBytes;
    this.#nextTurn = nextTurn;
  }

  /** From here on it is paused and resumed. */
  add(connection: ReadSide): ValveSeat {
    if (this.#isShut) this.#wait(connection);
    else this.#reading.add(connection);
    return {
      served: () => {
        if (this.#waiting.size > 0 && this.#reading.delete(connection)) this.#wait(connection);
      },
      leave: () => {
        this.#reading.delete(connection);
        this.#waiting.delete(connection);
      },
    };
  }

  /** So much was read; the result says that it is written, or given up. */
  hold(bytes: number): () => void {
    this.#heldBytes += bytes;
    if (!this.#isShut && this.#heldBytes > this.#limitBytes) this.#shut();
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      this.#heldBytes -= bytes;
      if (this.#isShut && this.#heldBytes <= this.#limitBytes / 2) {
        this.#isShut = false;
        this.#resumeSome();
      }
    };
  }

  #wait(connection: ReadSide): void {
    this.#waiting.add(connection);
    connection.pause();
  }

  /** Those whose turn it was go on first the next time. */
  #shut(): void {
    this.#isShut = true;
    const interrupted = [...this.#reading];
    this.#reading.clear();
    this.#waiting = new Set([...interrupted, ...this.#waiting]);
    for (const connection of interrupted) connection.pause();
  }

  #resumeSome(): void {
    if (this.#isResuming) return;
    let left = RESUMED_AT_ONCE;
    for (const connection of this.#waiting) {
      if (left-- === 0) break;
      this.#waiting.delete(connection);
      this.#reading.add(connection);
      connection.resume();
    }
    if (this.#waiting.size === 0) return;
    this.#isResuming = true;
    this.#nextTurn(() => {
      this.#isResuming = false;
      if (!this.#isShut) this.#resumeSome();
    });
  }
}
