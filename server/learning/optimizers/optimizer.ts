/**
 * What an optimizer carries from round to round, as one flat vector that is saved beside the params; null for none. Kept as
 * float32: a step computes in Float64 from what was saved and rounds once, so that a restart goes on with the same bits.
 */
export type OptimizerState = Float32Array | null;

/** Params and optimizer state after a step; both new, the inputs are unchanged. */
export interface OptimizerStep {
  readonly params: Float32Array;
  readonly state: OptimizerState;
}

/**
 * Moves the global params along the pseudo-gradient g = −aggregated delta (Reddi et al., "Adaptive Federated
 * Optimization", ICLR 2021, Algorithm 1). Every optimizer passes `optimizer.contract.ts`.
 */
export interface ServerOptimizer<Settings extends { readonly name: string }> {
  readonly name: Settings['name'];
  /** State before the first round. */
  init(values: number, settings: Settings): OptimizerState;
  apply(params: Float32Array, gradient: Float64Array, state: OptimizerState, settings: Settings): OptimizerStep;
}
