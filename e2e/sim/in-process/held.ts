import type { Sha256 } from '../../../shared/ids.ts';
import { HeldWeights } from '../../../web/client/index.ts';

/** Versions that are in memory, whoever holds them. */
const POOLED_VERSIONS = 16;

/** Weights of many contributors in one process: each knows of its own alone, and what several hold is there once. */
export class WeightsPool {
  readonly #bytes = new HeldWeights(POOLED_VERSIONS);

  /** What one contributor holds. */
  held(): HeldWeights {
    return new Own(this.#bytes);
  }
}

class Own extends HeldWeights {
  readonly #pool: HeldWeights;
  #sha256: Sha256 | null = null;

  constructor(pool: HeldWeights) {
    super();
    this.#pool = pool;
  }

  override get(sha256: Sha256): Uint8Array | null {
    return sha256 === this.#sha256 ? this.#pool.get(sha256) : null;
  }

  override put(sha256: Sha256, bytes: Uint8Array): void {
    this.#sha256 = sha256;
    this.#pool.put(sha256, this.#pool.get(sha256) ?? bytes);
  }

  override clear(): void {
    this.#sha256 = null;
  }
}
