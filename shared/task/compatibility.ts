import type { Problem } from '../errors.ts';
import { shapeOf, tokensOf } from '../model/topology.ts';
import { dataProblems, formOf } from './kinds/index.ts';
import { topologyOf } from './model-of.ts';
import { bufferOf, type TaskSpec } from './spec.ts';

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
const classesOf = ({ data }: TaskSpec): number | null => {
  const { target } = formOf(data);
  return target.type === 'class' ? target.count : null;
};
const tokensIn = (data: TaskSpec['data']): number | null => {
  const { features } = formOf(data);
  return features.type === 'int32' ? features.below : null;
};
/** Of each person's own answers: the model alone has none. */
const isOfTastes = ({ data }: TaskSpec): boolean => formOf(data).taste !== undefined;
const isOfFactors = (spec: TaskSpec): boolean => {
  const [first, last, ...more] = topologyOf(spec).layers;
  const isBoth = first?.class_name === 'Embedding' && last?.class_name === 'Flatten';
  return isBoth && more.length === 0 && first.config.output_dim >= 2;
};
const lastActivation = (spec: TaskSpec): string => {
  const last = topologyOf(spec).layers.at(-1);
  return last !== undefined && 'activation' in last.config ? last.config.activation : 'linear';
};

export const COMPATIBILITY: readonly Rule[] = [
  {
    path: 'rounds.minimum',
    message: 'must not be above the goal',
    broken: ({ rounds }) => rounds.minimum > rounds.goal,
  },
  {
    path: 'client.epochs',
    message: 'give epochs or maxSteps, one of the two',
    broken: ({ client }) =>
      client.work !== 'full-batch' && (client.epochs === undefined) === (client.maxSteps === undefined),
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
    path: 'strategy.schedule',
    message: 'fedbuff has a buffered schedule, and nothing else has',
    broken: ({ strategy }) => (strategy.name === 'fedbuff') !== (bufferOf(strategy) !== null),
  },
  {
    path: 'strategy.weighting',
    message: 'fedbuff weighs reports by their age alone: its weighting is uniform',
    broken: ({ strategy }) => strategy.name === 'fedbuff' && strategy.weighting !== 'uniform',
  },
  {
    path: 'rounds.goal',
    message: 'a round of fedbuff is one fill of its buffer: the goal is the size',
    broken: ({ strategy, rounds }) => rounds.goal !== (bufferOf(strategy)?.size ?? rounds.goal),
  },
  {
    path: 'rounds.overSelection',
    message: 'fedbuff asks as many as its concurrency says: over-selection is 1',
    broken: ({ strategy, rounds }) => bufferOf(strategy) !== null && rounds.overSelection !== 1,
  },
  {
    path: 'model',
    message: 'the input must have the shape of the data',
    broken: (spec) => topologyOf(spec).input.join() !== formOf(spec.data).shape.join(),
  },
  {
    path: 'model',
    message: 'tokens need an Embedding with a row for each at the start of the model, and nothing else may have one',
    broken: (spec) => tokensOf(topologyOf(spec)) !== tokensIn(spec.data),
  },
  {
    path: 'data.labels',
    message: 'the model must have one output for each label',
    broken: (spec) => classesOf(spec) !== null && outputOf(spec) !== classesOf(spec),
  },
  {
    path: 'model',
    message: 'a model that predicts a number has one output',
    broken: (spec) => classesOf(spec) === null && !isOfTastes(spec) && outputOf(spec) !== 1,
  },
  {
    path: 'client.work',
    message: 'ratings are learnt by the work reconstruct, and nothing else is',
    broken: (spec) => isOfTastes(spec) !== (spec.client.work === 'reconstruct'),
  },
  {
    path: 'client.heldOut',
    message: 'of ratings none can be set aside: it would be the same titles for everybody, and nobody would learn them',
    broken: (spec) => isOfTastes(spec) && spec.client.heldOut === true,
  },
  {
    path: 'model',
    message:
      'ratings need an Embedding and a Flatten and nothing else: one output or more for factors, and a last for the bias',
    broken: (spec) => isOfTastes(spec) && !isOfFactors(spec),
  },
  {
    path: 'client.loss',
    message: 'a number is learnt by mean squared error',
    broken: (spec) => classesOf(spec) === null && spec.client.loss !== 'meanSquaredError',
  },
  {
    path: 'client.loss',
    message: 'categorical crossentropy needs a softmax at the end of the model',
    broken: (spec) => spec.client.loss === 'categoricalCrossentropy' && lastActivation(spec) !== 'softmax',
  },
];

/** Every rule the spec breaks. A topology that does not build is the only thing said of its model. */
export function incompatibilities(spec: TaskSpec): Problem[] {
  const shape = shapeOf(topologyOf(spec));
  if ('problem' in shape) return [{ path: 'model.topology', message: shape.problem }];
  const broken = COMPATIBILITY.filter((rule) => rule.broken(spec)).map(({ path, message }) => ({ path, message }));
  return [...broken, ...dataProblems(spec.data)];
}
