/** One accepted update as an aggregator sees it. `delta` belongs to the caller and may be reused after `add` returns. */
export interface Contribution {
  /** local − global, as many values as the model has. */
  readonly delta: Float32Array;
  /** Its weight in the mean, greater than 0: the examples trained on, or 1 (see `weighting.ts`). */
  readonly weight: number;
  /** Local steps that it took, in steps of plain SGD (see `effective-steps.ts`): for aggregators that normalise by them. */
  readonly steps?: number;
}

/**
 * Turns the updates of one round into one Float64 vector. A streaming aggregator holds O(model) values however many
 * updates there are. `add` may change the state that it is given and returns the one to go on with. The same updates
 * in the same order give the same bits. Every aggregator passes `aggregator.contract.ts`.
 */
export interface Aggregator<State> {
  readonly name: string;
  /** State of a round in which nothing was added; `values` is the size of the model. */
  init(values: number): State;
  add(state: State, contribution: Contribution): State;
  /** The aggregated delta, owned by the caller; the state is used up. A `BugError` when nothing was added: a round has a minimum. */
  finish(state: State): Float64Array;
}
