import { BugError } from '../assert.ts';
import { type ModelShape, type ModelTopology, shapeOf } from '../model/topology.ts';
import { zooTopology } from '../model/zoo.ts';
import type { TaskSpec } from './spec.ts';

export const topologyOf = (spec: Pick<TaskSpec, 'model'>): ModelTopology =>
  'zoo' in spec.model ? zooTopology(spec.model.zoo) : spec.model.topology;

/** Layout, weights and cost of a task's model; the spec was parsed, so it builds. */
export function modelOf(spec: Pick<TaskSpec, 'model'>): ModelShape {
  const shape = shapeOf(topologyOf(spec));
  if ('problem' in shape) throw new BugError(`a parsed task does not build: ${shape.problem}`);
  return shape;
}
