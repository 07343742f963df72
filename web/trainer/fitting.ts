import type { TrainResult } from '../client/ports.ts';
import type { FitOutcome } from './core/personalise.ts';

/** What a personal model is made from. */
export interface Fitting {
  /** The shared weights, which it is pulled towards. */
  readonly shared: Float32Array;
  /** Those of an earlier fit, to go on from; null begins at the shared ones. */
  readonly start: Float32Array | null;
}

export type FitResult = FitOutcome | Extract<TrainResult, { readonly ok: false }>;
