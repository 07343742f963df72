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
  /** What steps left out so far (`shared/wire/step.ts`); null where models go down whole, and before the first. */
  readonly residual: Float32Array | null;
}

type Strategy = Pick<TaskSpec['strategy'], 'name' | 'serverOptimizer' | 'aggregator'>;

export const initialServerState = (params: Float32Array, strategy: Strategy): ServerState => ({
  params,
  optimizer:
    strategy.name === 'scaffold'
      ? new Float32Array(params.length)
      : optimizerOf(strategy.serverOptimizer).init(params.length, strategy.serverOptimizer),
  aggregate: null,
  residual: null,
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
  const next = { params: step.params, optimizer: step.state, aggregate, residual: state.residual };
  const parts = [next.params, next.optimizer, next.aggregate];
  return parts.every((part) => part === null || isFinite32(part)) ? next : null;
}

/** What is saved beside the params: the aggregate, the optimizer's state and the residual, in one flat vector; null for nothing. */
export function savedState({ aggregate, optimizer, residual }: ServerState): Float32Array | null {
  const parts = [aggregate, optimizer, residual].filter((part) => part !== null);
  if (parts.length < 2) return parts[0] ?? null;
  const saved = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    saved.set(part, at);
    at += part.length;
  }
  return saved;
}

/** The state of a checkpoint from its params and what was saved beside them; `hasSteps`: its versions are led to by steps. */
export function serverStateOf(
  params: Float32Array,
  saved: Float32Array | null,
  strategy: Strategy,
  hasSteps = false,
): ServerState {
  const initial = initialServerState(params, strategy);
  if (saved === null) return initial;
  let at = 0;
  const take = (length: number): Float32Array | null => {
    at += length;
    return length === 0 ? null : saved.subarray(at - length, at);
  };
  const aggregate = take(carriesAggregate(strategy) ? params.length : 0);
  const optimizer = take(initial.optimizer?.length ?? 0);
  const residual = take(hasSteps ? params.length : 0);
  assert(saved.length === at, 'the saved state is not of this strategy');
  return { params, optimizer, aggregate, residual };
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
  if (!isFinite32(step.params) || !isFinite32(next)) return null;
  return { params: step.params, optimizer: next, aggregate: null, residual: null };
}
