import { CODEC_NAMES, type CodecName, needsFraction, needsRange } from '../../../shared/codec/names.ts';
import type { KindName } from '../../../shared/task/kinds/index.ts';
import type { en } from '../words/en.ts';
import { valueAt } from './draft.ts';

/** The fields of a task in the order in which they are shown, in the form and in the settings. */

export type SectionName = keyof typeof en.sections;
export type FieldPath = keyof typeof en.fields;
export type FieldKind =
  | 'text'
  | 'number'
  | 'seconds'
  | 'choice'
  | 'flag'
  | 'lines'
  | 'shape'
  | 'model'
  | 'amount'
  | 'secret'
  | 'json';

export interface SpecField {
  readonly path: FieldPath;
  readonly kind: FieldKind;
  /** Only where the data are of one of these kinds. */
  readonly of?: readonly KindName[];
  /** Only where one of these other fields has one of these values. */
  readonly where?: { readonly paths: readonly FieldPath[]; readonly values: readonly string[] };
}

const field = (kind: FieldKind, ...paths: readonly FieldPath[]): SpecField[] => paths.map((path) => ({ path, kind }));

const ofKinds = (of: readonly KindName[], fields: readonly SpecField[]): SpecField[] =>
  fields.map((one) => ({ ...one, of }));

const where = (path: FieldPath, values: readonly string[], fields: readonly SpecField[]): SpecField[] =>
  fields.map((one) => ({ ...one, where: { paths: [path], values } }));
const ofCodecs = (needs: (name: CodecName) => boolean, fields: readonly SpecField[]): SpecField[] =>
  fields.map((one) => ({ ...one, where: { paths: ['codec.up', 'codec.down'], values: CODEC_NAMES.filter(needs) } }));
const ofOptimizers = (values: readonly string[], fields: readonly SpecField[]): SpecField[] =>
  where('strategy.serverOptimizer.name', values, fields);
const ofAggregators = (values: readonly string[], fields: readonly SpecField[]): SpecField[] =>
  where('strategy.aggregator.name', values, fields);
const ofBuffer = (fields: readonly SpecField[]): SpecField[] => where('strategy.name', ['fedbuff'], fields);

export const SECTIONS: readonly { readonly name: SectionName; readonly fields: readonly SpecField[] }[] = [
  { name: 'what', fields: field('text', 'title', 'id') },
  {
    name: 'data',
    fields: [
      ...field('choice', 'data.kind'),
      ...ofKinds(['image'], [...field('shape', 'data.shape'), ...field('choice', 'data.picture')]),
      ...ofKinds(
        ['table'],
        [
          ...field('json', 'data.columns'),
          ...field('text', 'data.target.name'),
          ...field('number', 'data.target.mean', 'data.target.deviation'),
        ],
      ),
      ...ofKinds(['audio'], field('number', 'data.clipMs', 'data.hopMs', 'data.bands')),
      ...ofKinds(
        ['ratings'],
        [
          ...field('lines', 'data.items'),
          ...field('number', 'data.scale.minimum', 'data.scale.maximum', 'data.scale.step', 'data.ridge'),
        ],
      ),
      ...ofKinds(['text'], field('number', 'data.length', 'data.buckets')),
      ...ofKinds(['characters'], [...field('text', 'data.alphabet'), ...field('number', 'data.length')]),
      ...ofKinds(['image', 'table', 'text', 'audio'], field('lines', 'data.labels')),
      ...field('choice', 'data.sample'),
    ],
  },
  { name: 'model', fields: [...field('model', 'model.zoo'), ...field('number', 'model.seed')] },
  {
    name: 'training',
    fields: [
      ...field('choice', 'client.work'),
      ...where('client.work', ['prox'], field('number', 'client.mu')),
      ...field('amount', 'client.amount'),
      ...field('number', 'client.maxSeconds', 'client.batchSize', 'client.learningRate'),
      ...field('choice', 'client.optimizer'),
      ...where('client.optimizer', ['momentum'], field('number', 'client.momentum')),
      ...field('number', 'client.reportMomentum'),
      ...field('choice', 'client.loss'),
      ...ofKinds(['image', 'table', 'text', 'characters', 'audio'], field('lines', 'client.local')),
      ...ofKinds(['image', 'table', 'text', 'characters', 'audio'], field('flag', 'client.heldOut')),
    ],
  },
  {
    name: 'strategy',
    fields: [
      ...field('choice', 'strategy.name', 'strategy.weighting'),
      ...where('strategy.name', ['robust'], field('choice', 'strategy.aggregator.name')),
      ...ofAggregators(['trimmed-mean'], field('number', 'strategy.aggregator.share')),
      ...ofAggregators(['krum', 'multi-krum'], field('number', 'strategy.aggregator.malicious')),
      ...ofAggregators(['multi-krum'], field('number', 'strategy.aggregator.keep')),
      ...ofAggregators(['norm-bound'], field('number', 'strategy.aggregator.norm')),
      ...ofAggregators(['centered-clipping'], field('number', 'strategy.aggregator.radius')),
      ...ofAggregators(['geometric-median', 'centered-clipping'], field('number', 'strategy.aggregator.passes')),
      ...ofAggregators(['geometric-median'], field('number', 'strategy.aggregator.smoothing')),
      ...field('choice', 'strategy.serverOptimizer.name'),
      ...field('number', 'strategy.serverOptimizer.learningRate'),
      ...ofOptimizers(
        ['momentum'],
        [...field('number', 'strategy.serverOptimizer.beta'), ...field('flag', 'strategy.serverOptimizer.nesterov')],
      ),
      ...ofOptimizers(
        ['adam', 'yogi'],
        field('number', 'strategy.serverOptimizer.beta1', 'strategy.serverOptimizer.beta2'),
      ),
      ...ofOptimizers(['adagrad', 'adam', 'yogi'], field('number', 'strategy.serverOptimizer.tau')),
      ...ofOptimizers(['adam', 'yogi'], field('flag', 'strategy.serverOptimizer.biasCorrection')),
      ...ofBuffer(
        field(
          'number',
          'strategy.schedule.size',
          'strategy.schedule.maximumStaleness',
          'strategy.schedule.concurrency',
        ),
      ),
    ],
  },
  {
    name: 'rounds',
    fields: [
      ...field('number', 'rounds.goal', 'rounds.minimum', 'rounds.overSelection'),
      ...field('seconds', 'rounds.selectionDeadlineMs', 'rounds.reportingDeadlineMs'),
      ...field('choice', 'rounds.pace', 'rounds.selection'),
      ...field('number', 'eligibility.minimumExamples', 'eligibility.maximumStepMs'),
    ],
  },
  {
    name: 'traffic',
    fields: [
      ...field('choice', 'codec.down', 'codec.up'),
      ...ofCodecs(needsRange, field('number', 'codec.range')),
      ...ofCodecs(needsFraction, field('number', 'codec.fraction')),
    ],
  },
  { name: 'privacy', fields: [...field('choice', 'privacy.mode'), ...field('number', 'maxDeltaNorm', 'guard.drop')] },
  {
    name: 'courtesy',
    fields: [
      ...field('number', 'courtesy.minimumBattery'),
      ...field('choice', 'courtesy.meteredData', 'courtesy.hidden'),
      ...field('number', 'courtesy.share'),
    ],
  },
  { name: 'access', fields: [...field('lines', 'access.allowedOrigins'), ...field('secret', 'access.joinToken')] },
];

/** The fields of a section that a task of this spec, or draft of one, has. */
export const fieldsFor = (fields: readonly SpecField[], spec: unknown): readonly SpecField[] =>
  fields.filter(
    ({ of, where }) =>
      (of === undefined || of.includes(valueAt(spec, 'data.kind') as KindName)) &&
      (where === undefined || where.paths.some((path) => where.values.includes(String(valueAt(spec, path))))),
  );
