import type { Problem } from '../errors.ts';
import { shapeOf } from '../model/topology.ts';
import { topologyOf } from './model-of.ts';
import type { TaskSpec } from './spec.ts';

/** What the schema cannot see: fields that contradict each other. One row a rule; a task is refused with all that apply. */
interface Rule {
  readonly path: string;
  readonly message: string;
  readonly broken: (spec: TaskSpec) => boolean;
}

const outputOf = (spec: TaskSpec): number => {
  const shape = shapeOf(topologyOf(spec));
  return 'problem' in shape ? 0 : (shape.output[0] ?? 0);
};
const lastActivation = (spec: TaskSpec): string => {
  const last = topologyOf(spec).layers.at(-1);
  return last !== undefined && 'activation' in last.config ? last.config.activation : 'linear';
};

/** What the examples of each sample are: a task of another shape or with other labels cannot use it. */
const SAMPLES = { mnist: { shape: '28,28,1', labelCount: 10 } } as const;

/** The task's sample data are of its shape and labels; also where it names none. */
export function fitsSample({ sample, shape, labels }: TaskSpec['data']): boolean {
  if (sample === undefined) return true;
  return shape.join() === SAMPLES[sample].shape && labels.length === SAMPLES[sample].labelCount;
}

export const COMPATIBILITY: readonly Rule[] = [
  {
    path: 'rounds.minimum',
    message: 'must not be above the goal',
    broken: ({ rounds }) => rounds.minimum > rounds.goal,
  },
  {
    path: 'client.epochs',
    message: 'give epochs or maxSteps, one of the two',
    broken: ({ client }) => client.work === 'sgd' && (client.epochs === undefined) === (client.maxSteps === undefined),
  },
  {
    path: 'client.work',
    message: 'full-batch work is one step: epochs 1 and no maxSteps',
    broken: ({ client }) =>
      client.work === 'full-batch' && (client.maxSteps !== undefined || (client.epochs ?? 1) !== 1),
  },
  {
    path: 'strategy.weighting',
    message: 'fedsgd is the plain mean: its weighting is uniform',
    broken: ({ strategy }) => strategy.name === 'fedsgd' && strategy.weighting !== 'uniform',
  },
  {
    path: 'model',
    message: 'the input must have the shape of the data',
    broken: (spec) => topologyOf(spec).input.join() !== spec.data.shape.join(),
  },
  {
    path: 'data.labels',
    message: 'the model must have one output for each label',
    broken: (spec) => outputOf(spec) !== spec.data.labels.length,
  },
  {
    path: 'client.loss',
    message: 'categorical crossentropy needs a softmax at the end of the model',
    broken: (spec) => spec.client.loss === 'categoricalCrossentropy' && lastActivation(spec) !== 'softmax',
  },
  {
    path: 'data.labels',
    message: 'must differ from each other',
    broken: ({ data }) => new Set(data.labels).size !== data.labels.length,
  },
  {
    path: 'data.sample',
    message: 'mnist is for data of shape 28 × 28 × 1 with ten labels; leave it out for other data',
    broken: ({ data }) => !fitsSample(data),
  },
];

/** Every rule the spec breaks. A topology that does not build is the only thing said of its model. */
export function incompatibilities(spec: TaskSpec): Problem[] {
  const shape = shapeOf(topologyOf(spec));
  if ('problem' in shape) return [{ path: 'model.topology', message: shape.problem }];
  return COMPATIBILITY.filter((rule) => rule.broken(spec)).map(({ path, message }) => ({ path, message }));
}
