import { needsFraction, needsRange } from '../codec/names.ts';
import type { Problem } from '../errors.ts';
import { LIMITS } from '../limits.ts';
import { normalizing, outputsOf, shapeOf, tokensOf } from '../model/topology.ts';
import { dataProblems, formOf } from './kinds/index.ts';
import { topologyOf } from './model-of.ts';
import { localEntries, sharedEntries } from './report-layout.ts';
import { bufferOf, type TaskSpec } from './spec.ts';
import { STRATEGIES } from './strategies.ts';
import { trimmedCount } from './trimmed-count.ts';

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
type Aggregator = NonNullable<TaskSpec['strategy']['aggregator']>;
/** The settings of the aggregator if it is this one. */
const aggregatorAs = <Name extends Aggregator['name']>(
  { strategy: { aggregator } }: TaskSpec,
  ...names: readonly Name[]
): Extract<Aggregator, { readonly name: Name }> | undefined =>
  names.some((name) => name === aggregator?.name)
    ? (aggregator as Extract<Aggregator, { readonly name: Name }>)
    : undefined;
const isMean = ({ aggregator }: TaskSpec['strategy']): boolean =>
  aggregator === undefined || aggregator.name === 'mean';
/** Every name is one layer with something to learn, once, and a layer is left for the others. */
const areLocalLayers = (spec: TaskSpec): boolean => {
  const { local, work } = spec.client;
  if (local === undefined) return true;
  const shape = shapeOf(topologyOf(spec));
  if ('problem' in shape) return true;
  const hasTensors = (layer: string) => localEntries(shape.layout, { work, local: [layer] }).length > 0;
  const isDistinct = new Set(local).size === local.length;
  return isDistinct && local.every(hasTensors) && sharedEntries(shape.layout, spec.client).length > 0;
};
/** A layer normalizes one value of each example in a channel: of one example alone there is no variance. */
const normalizesSingly = (spec: TaskSpec): boolean => {
  const topology = topologyOf(spec);
  const outputs = outputsOf(topology);
  return topology.layers.some(
    (layer, at) => layer.class_name === 'BatchNormalization' && outputs[at]?.slice(0, -1).every((side) => side === 1),
  );
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
    path: 'strategy.serverOptimizer.name',
    message: 'this strategy is named for another server optimizer; robust takes any',
    broken: ({ strategy }) => !STRATEGIES[strategy.name].optimizers.includes(strategy.serverOptimizer.name),
  },
  {
    path: 'strategy.aggregator',
    message: 'this strategy takes the mean; any other aggregator makes it robust',
    broken: ({ strategy }) => STRATEGIES[strategy.name].aggregator === null && !isMean(strategy),
  },
  {
    path: 'strategy.aggregator.name',
    message: 'robust needs an aggregator that is not the mean',
    broken: ({ strategy }) => STRATEGIES[strategy.name].aggregator !== null && isMean(strategy),
  },
  {
    path: 'strategy.weighting',
    message: 'robust counts every report the same: a weight that a client claims would be a way round it',
    broken: ({ strategy }) => strategy.name === 'robust' && strategy.weighting !== 'uniform',
  },
  {
    path: 'rounds.minimum',
    message: 'Krum with f malicious reports needs 2f + 3 or more',
    broken: (spec) => {
      const krum = aggregatorAs(spec, 'krum', 'multi-krum');
      return krum !== undefined && spec.rounds.minimum < 2 * krum.malicious + 3;
    },
  },
  {
    path: 'strategy.aggregator.keep',
    message: 'multi-Krum keeps at most n − f − 2 of n reports, also of the minimum',
    broken: (spec) => {
      const krum = aggregatorAs(spec, 'multi-krum');
      return krum !== undefined && krum.keep > Math.max(1, spec.rounds.minimum - krum.malicious - 2);
    },
  },
  {
    path: 'strategy.aggregator.share',
    message: 'a trimmed mean drops at least one report at each end, also of the minimum',
    broken: (spec) => {
      const trimmed = aggregatorAs(spec, 'trimmed-mean');
      return trimmed !== undefined && trimmedCount(trimmed.share, spec.rounds.minimum) < 1;
    },
  },
  {
    path: 'rounds.minimum',
    message: 'a median or a centre needs three reports or more: of two either may be malicious',
    broken: (spec) =>
      aggregatorAs(spec, 'median', 'geometric-median', 'centered-clipping') !== undefined && spec.rounds.minimum < 3,
  },
  {
    path: 'strategy.aggregator.norm',
    message: 'larger changes are rejected already: the bound must be below the largest change',
    broken: (spec) => (aggregatorAs(spec, 'norm-bound')?.norm ?? 0) > spec.maxDeltaNorm,
  },
  {
    path: 'rounds.goal',
    message: `a robust aggregator takes at most ${LIMITS.robustReportsCount} reports`,
    broken: (spec) =>
      !isMean(spec.strategy) &&
      aggregatorAs(spec, 'norm-bound') === undefined &&
      spec.rounds.goal > LIMITS.robustReportsCount,
  },
  {
    path: 'client.mu',
    message: 'the work prox needs mu, and nothing else has one',
    broken: ({ client }) => (client.work === 'prox') !== (client.mu !== undefined),
  },
  {
    path: 'client.mu',
    message: 'mu times the learning rate must not be above 1: a step would go past the weights that pull',
    broken: ({ client }) => (client.mu ?? 0) * client.learningRate > 1,
  },
  {
    path: 'client.momentum',
    message: 'the optimizer momentum needs one, and sgd has none',
    broken: ({ client }) => (client.optimizer === 'momentum') !== (client.momentum !== undefined),
  },
  {
    path: 'client.optimizer',
    message: 'momentum is for work of many steps: full-batch is one',
    broken: ({ client }) => client.work === 'full-batch' && client.optimizer !== 'sgd',
  },
  {
    path: 'client.maxSeconds',
    message: 'full-batch work is one step, which cannot be cut short',
    broken: ({ client }) => client.work === 'full-batch' && client.maxSeconds !== undefined,
  },
  {
    path: 'client.maxSeconds',
    message: 'must leave a report its time: not above the reporting deadline',
    broken: ({ client, rounds }) => (client.maxSeconds ?? 0) * 1_000 > rounds.reportingDeadlineMs,
  },
  {
    path: 'client.work',
    message: 'fedprox trains by the work prox',
    broken: ({ client, strategy }) => strategy.name === 'fedprox' && client.work !== 'prox',
  },
  {
    path: 'client.work',
    message: 'fednova counts the steps of the works sgd and prox',
    broken: ({ client, strategy }) => strategy.name === 'fednova' && client.work !== 'sgd' && client.work !== 'prox',
  },
  {
    path: 'client.optimizer',
    message: 'fednova has no count for momentum and prox together',
    broken: ({ client, strategy }) =>
      strategy.name === 'fednova' && client.work === 'prox' && client.optimizer === 'momentum',
  },
  {
    path: 'client.work',
    message: 'the strategy scaffold trains by the work scaffold, and nothing else does',
    broken: ({ client, strategy }) => (strategy.name === 'scaffold') !== (client.work === 'scaffold'),
  },
  {
    path: 'client.optimizer',
    message: 'scaffold corrects plain steps: its optimizer is sgd',
    broken: ({ client }) => client.work === 'scaffold' && client.optimizer !== 'sgd',
  },
  {
    path: 'strategy.weighting',
    message: 'scaffold takes plain means: its weighting is uniform',
    broken: ({ strategy }) => strategy.name === 'scaffold' && strategy.weighting !== 'uniform',
  },
  {
    path: 'client.local',
    message: 'must name layers with something to learn, each once, and not all of them',
    broken: (spec) => !areLocalLayers(spec),
  },
  {
    path: 'client.local',
    message:
      'must name every BatchNormalization: its mean and variance are those of the own examples, and a server optimizer could make a variance negative',
    broken: (spec) => normalizing(topologyOf(spec)).some((name) => !spec.client.local?.includes(name)),
  },
  {
    path: 'client.batchSize',
    message:
      'a BatchNormalization of one value for each channel needs batches of two or more: one example has no variance',
    broken: (spec) => spec.client.batchSize < 2 && normalizesSingly(spec),
  },
  {
    path: 'codec.up',
    message: 'scaffold needs float32: what the server sums must be what the clients keep',
    broken: ({ client, codec }) => client.work === 'scaffold' && codec.up !== 'float32',
  },
  {
    path: 'codec.down',
    message: 'scaffold takes its models whole: float32',
    broken: ({ client, codec }) => client.work === 'scaffold' && codec.down !== 'float32',
  },
  {
    path: 'codec.down',
    message: 'a step changes every layer, and local layers do not change: float32',
    broken: ({ client, codec }) => client.local !== undefined && codec.down !== 'float32',
  },
  {
    path: 'codec.down',
    message: 'what random-k leaves out is never made up for: not for models',
    broken: ({ codec }) => codec.down === 'random-k',
  },
  {
    path: 'client.local',
    message: 'scaffold corrects every layer: none is local',
    broken: ({ client }) => client.work === 'scaffold' && client.local !== undefined,
  },
  {
    path: 'client.local',
    message: 'centered clipping goes on from the whole change of the round before: no layer is local',
    broken: (spec) => aggregatorAs(spec, 'centered-clipping') !== undefined && spec.client.local !== undefined,
  },
  {
    path: 'client.reportMomentum',
    message: 'scaffold reckons its control variates from the change itself: its reports have no momentum',
    broken: ({ client }) => client.work === 'scaffold' && client.reportMomentum !== undefined,
  },
  {
    path: 'client.reportMomentum',
    message: 'fednova divides a report by its own steps: with momentum it is of others too',
    broken: ({ client, strategy }) => strategy.name === 'fednova' && client.reportMomentum !== undefined,
  },
  {
    path: 'client.reportMomentum',
    message: 'fedbuff counts a report by its age: with momentum it has many',
    broken: ({ client, strategy }) => bufferOf(strategy) !== null && client.reportMomentum !== undefined,
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
  {
    path: 'codec.range',
    message: 'a uniform codec needs a range, and no other has one',
    broken: ({ codec: { up, down, range } }) => (needsRange(up) || needsRange(down)) !== (range !== undefined),
  },
  {
    path: 'codec.fraction',
    message: 'top-k and random-k need a fraction, and no other codec has one',
    broken: ({ codec: { up, down, fraction } }) =>
      (needsFraction(up) || needsFraction(down)) !== (fraction !== undefined),
  },
];

/** Every rule the spec breaks. A topology that does not build is the only thing said of its model. */
export function incompatibilities(spec: TaskSpec): Problem[] {
  const shape = shapeOf(topologyOf(spec));
  if ('problem' in shape) return [{ path: 'model.topology', message: shape.problem }];
  const broken = COMPATIBILITY.filter((rule) => rule.broken(spec)).map(({ path, message }) => ({ path, message }));
  return [...broken, ...dataProblems(spec.data)];
}
