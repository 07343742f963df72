import { assert } from '../../shared/assert.ts';
import type { TaskSpec } from '../../shared/task/spec.ts';
import { pseudoGradient } from '../../shared/weights/delta.ts';
import { isFinite32 } from '../../shared/weights/vector.ts';
import { aggregatorOf } from './aggregators/index.ts';
import { optimizerOf } from './optimizers/index.ts';
import type { OptimizerState } from './optimizers/optimizer.ts';
import { halvesOf, nextControl } from './scaffold.ts';

/** All that crosses from one version to the next: it is saved together, as one checkpoint. */
export interface ServerState {
  readonly params: Float32Array;
  /** Of SCAFFOLD, whose server optimizer has no state: the sum of all control variates (`scaffold.ts`). */
  readonly optimizer: OptimizerState;
  /** The aggregate that the aggregator goes on from; null for one that carries nothing, and before its first round. */
  readonly aggregate: Float32Array | null;
}

type Strategy = Pick<TaskSpec['strategy'], 'name' | 'serverOptimizer' | 'aggregator'>;

export const initialServerState = (params: Float32Array, strategy: Strategy): ServerState => ({
  params,
  optimizer:
    strategy.name === 'scaffold'
      ? new Float32Array(params.length)
      : optimizerOf(strategy.serverOptimizer).init(params.length, strategy.serverOptimizer),
  aggregate: null,
});

/**
 * ServerState v + 1 from v and the aggregated delta, which is used up. Null when the result is not finite: such a
 * version is never published, whatever the updates were.
 */
export function nextServerState(state: ServerState, aggregated: Float64Array, strategy: Strategy): ServerState | null {
  if (strategy.name === 'scaffold') return nextScaffoldState(state, aggregated, strategy);
  const settings = strategy.serverOptimizer;
  const aggregate = carriesAggregate(strategy) ? Float32Array.from(aggregated) : null;
  const step = optimizerOf(settings).apply(state.params, pseudoGradient(aggregated), state.optimizer, settings);
  const next = { params: step.params, optimizer: step.state, aggregate };
  const parts = [next.params, next.optimizer, next.aggregate];
  return parts.every((part) => part === null || isFinite32(part)) ? next : null;
}

/** What is saved beside the params: the aggregate, then the optimizer's state, in one flat vector; null for nothing. */
export function savedState({ aggregate, optimizer }: ServerState): Float32Array | null {
  if (aggregate === null || optimizer === null) return aggregate ?? optimizer;
  const saved = new Float32Array(aggregate.length + optimizer.length);
  saved.set(aggregate);
  saved.set(optimizer, aggregate.length);
  return saved;
}

/** The state of a checkpoint from its params and what was saved beside them. */
export function serverStateOf(params: Float32Array, saved: Float32Array | null, strategy: Strategy): ServerState {
  const initial = initialServerState(params, strategy);
  if (saved === null) return initial;
  const carried = carriesAggregate(strategy) ? params.length : 0;
  const optimizerValues = initial.optimizer?.length ?? 0;
  assert(saved.length === carried + optimizerValues, 'the saved state is not of this strategy');
  return {
    params,
    optimizer: optimizerValues === 0 ? null : saved.subarray(carried),
    aggregate: carried === 0 ? null : saved.subarray(0, carried),
  };
}

function carriesAggregate(strategy: Strategy): boolean {
  const aggregator = aggregatorOf(strategy);
  return 'apply' in aggregator && aggregator.carries;
}

function nextScaffoldState(
  { params, optimizer: control }: ServerState,
  aggregated: Float64Array,
  { serverOptimizer }: Strategy,
): ServerState | null {
  const halves = halvesOf(aggregated);
  const step = optimizerOf(serverOptimizer).apply(params, pseudoGradient(halves.delta), null, serverOptimizer);
  const next = nextControl(control ?? new Float32Array(params.length), halves.control);
  return isFinite32(step.params) && isFinite32(next) ? { params: step.params, optimizer: next, aggregate: null } : null;
}
