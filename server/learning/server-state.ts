import type { TaskSpec } from '../../shared/task/spec.ts';
import { pseudoGradient } from '../../shared/weights/delta.ts';
import { isFinite32 } from '../../shared/weights/vector.ts';
import { optimizerOf } from './optimizers/index.ts';
import type { OptimizerState } from './optimizers/optimizer.ts';
import { halvesOf, nextControl } from './scaffold.ts';

/** All that crosses from one version to the next: both are saved together, as one checkpoint. */
export interface ServerState {
  readonly params: Float32Array;
  /** Of SCAFFOLD, whose server optimizer has no state: the sum of all control variates (`scaffold.ts`). */
  readonly optimizer: OptimizerState;
}

export const initialServerState = (params: Float32Array, strategy: TaskSpec['strategy']): ServerState => ({
  params,
  optimizer:
    strategy.name === 'scaffold'
      ? new Float32Array(params.length)
      : optimizerOf(strategy.serverOptimizer).init(params.length),
});

/**
 * ServerState v + 1 from v and the aggregated delta, which is used up. Null when the result is not finite: such a
 * version is never published, whatever the updates were.
 */
export function nextServerState(
  state: ServerState,
  aggregated: Float64Array,
  strategy: TaskSpec['strategy'],
): ServerState | null {
  if (strategy.name === 'scaffold') return nextScaffoldState(state, aggregated, strategy);
  const settings = strategy.serverOptimizer;
  const step = optimizerOf(settings).apply(state.params, pseudoGradient(aggregated), state.optimizer, settings);
  if (!isFinite32(step.params) || (step.state !== null && !isFinite32(step.state))) return null;
  return { params: step.params, optimizer: step.state };
}

function nextScaffoldState(
  { params, optimizer: control }: ServerState,
  aggregated: Float64Array,
  { serverOptimizer }: TaskSpec['strategy'],
): ServerState | null {
  const halves = halvesOf(aggregated);
  const step = optimizerOf(serverOptimizer).apply(params, pseudoGradient(halves.delta), null, serverOptimizer);
  const next = nextControl(control ?? new Float32Array(params.length), halves.control);
  return isFinite32(step.params) && isFinite32(next) ? { params: step.params, optimizer: next } : null;
}
