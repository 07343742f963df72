import { LIMITS } from '../limits.ts';
import { type KeptVector, type ReportPlace, usableVector, type VectorStore } from './kept-vector.ts';

/** m: the average of a contributor's own changes, as it stood in the last report that was accepted. */
export interface Momentum extends KeptVector {
  /** How many changes it counts for, 1 or more: the weight that it goes into the next average with. */
  readonly mass: number;
}

export interface ReportMomentum {
  /** What is reported in the place of the change (local − global); the change itself for β = 0 and where nothing is kept. */
  blend(delta: Float32Array, beta: number, place: ReportPlace): Promise<Float32Array>;
  /** Tells whether the report of the last `blend` was accepted, once that is known. */
  settle(isAccepted: boolean): Promise<void>;
}

/**
 * Momentum of reports (Karimireddy, He and Jaggi, ICML 2021, algorithm 1: m ← (1 − β) g + β m), with the change of a whole local training
 * in the place of the gradient. Changes count β^n in m where n is the number of versions from theirs to the newest, and the weights
 * sum to 1. So a first report is the change itself, and who reports from every version comes to the paper's m in the long run.
 *
 * The paper has everybody report each time. Of who stays away for n versions, all that is older counts at most β^n of the next report, as it would
 * there, and nothing once that is more than `LIMITS.momentumVersionsCount`.
 *
 * A new m counts only once its report is accepted; until then, and where it was not, the m before it stays. A page that ends between
 * the two leaves one change out of the average, and nothing twice in it: unlike a residual, m is owed to nobody.
 */
export function createReportMomentum(store: VectorStore<Momentum>): ReportMomentum {
  let open: Momentum | null = null;
  let saving: Promise<void> = Promise.resolve();
  return {
    async blend(delta, beta, { baseVersion: version, layoutSha256 }) {
      open = null;
      await saving.catch(() => {});
      if (beta === 0) return delta;
      const kept = usable(await store.load().catch(() => null), delta.length, { baseVersion: version, layoutSha256 });
      const past = kept === null ? 0 : massOf(kept, beta ** (version - kept.version));
      const values = kept === null ? delta : average(delta, kept.values, past);
      open = { values, mass: 1 + past, version, layoutSha256 };
      return values;
    },
    async settle(isAccepted) {
      const accepted = isAccepted ? open : null;
      open = null;
      if (accepted !== null) saving = store.save(accepted);
      await saving;
    },
  };
}

/** Of what is kept, where a change of its version counts `share` by now: so much that the past is at most `share` of the next report. */
const massOf = ({ mass }: Momentum, share: number): number => share * Math.min(mass, 1 / (1 - share));

/** (delta + past · kept) / (1 + past) */
function average(delta: Float32Array, kept: Float32Array, past: number): Float32Array {
  return delta.map((value, index) => (value + past * (kept[index] as number)) / (1 + past));
}

function usable(loaded: unknown, count: number, place: ReportPlace): Momentum | null {
  const kept = usableVector(loaded, count, place, LIMITS.momentumVersionsCount) as Momentum | null;
  return kept !== null && Number.isFinite(kept.mass) && kept.mass >= 1 ? kept : null;
}
