import type { Sha256 } from '../../shared/ids.ts';
import { LIMITS } from '../../shared/limits.ts';
import type { ModelStep } from '../../shared/protocol/index.ts';
import type { CheckpointRow } from '../storage/port.ts';
import type { StoredBlob } from './port.ts';

/** The steps that lead to the newest version, from as many versions as still have theirs, and no more. */
export class StepChain {
  #links: readonly (ModelStep & { readonly to: Sha256 })[] = [];

  /** Checkpoints in the order of their versions. */
  constructor(rows: readonly CheckpointRow[]) {
    let from: Sha256 | null = null;
    for (const { sha256, step, kept } of rows) {
      this.add(from, sha256, kept ? step : null);
      from = sha256;
    }
  }

  /** The next version; without a step nothing leads to it any more. */
  add(from: Sha256 | null, to: Sha256, step: StoredBlob | null): void {
    const link = step === null || from === null ? [] : [{ from, to, ...step }];
    this.#links = link.length === 0 ? [] : [...this.#links, ...link].slice(1 - LIMITS.checkpointsKeptCount);
  }

  /** One step after the other from the weights `held` to `base`; none where that is no shorter than the weights themselves. */
  between(held: Sha256 | null, base: { readonly sha256: Sha256; readonly bytes: number }): readonly ModelStep[] {
    const last = this.#links.findLastIndex(({ to }) => to === base.sha256);
    const first = this.#links.findLastIndex(({ from }, at) => at <= last && from === held);
    if (first < 0) return [];
    const steps = this.#links.slice(first, last + 1).map(({ from, sha256, bytes }) => ({ from, sha256, bytes }));
    return steps.reduce((sum, { bytes }) => sum + bytes, 0) < base.bytes ? steps : [];
  }
}
