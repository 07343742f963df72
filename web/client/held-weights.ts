import type { Sha256 } from '../../shared/ids.ts';

/**
 * Weights that were checked and need not come again: the newest `limit` of them. A tab holds one; clients that share
 * a process may share one of these.
 */
export class HeldWeights {
  readonly #limit: number;
  readonly #bySha256 = new Map<Sha256, Uint8Array>();

  constructor(limit = 1) {
    this.#limit = limit;
  }

  get(sha256: Sha256): Uint8Array | null {
    return this.#bySha256.get(sha256) ?? null;
  }

  put(sha256: Sha256, bytes: Uint8Array): void {
    this.#bySha256.delete(sha256);
    this.#bySha256.set(sha256, bytes);
    for (const oldest of this.#bySha256.keys()) {
      if (this.#bySha256.size <= this.#limit) break;
      this.#bySha256.delete(oldest);
    }
  }

  clear(): void {
    this.#bySha256.clear();
  }
}
