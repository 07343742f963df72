import type { KindName } from '../../../shared/task/kinds/index.ts';
import type { en } from '../words/en.ts';

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
  /** Only of a buffered schedule. */
  readonly isOfBuffer?: true;
}

const field = (kind: FieldKind, ...paths: readonly FieldPath[]): SpecField[] => paths.map((path) => ({ path, kind }));

const ofKinds = (of: readonly KindName[], fields: readonly SpecField[]): SpecField[] =>
  fields.map((one) => ({ ...one, of }));

const ofBuffer = (fields: readonly SpecField[]): SpecField[] => fields.map((one) => ({ ...one, isOfBuffer: true }));

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
      ...field('amount', 'client.amount'),
      ...field('number', 'client.batchSize', 'client.learningRate'),
      ...field('choice', 'client.optimizer', 'client.loss'),
      ...ofKinds(['image', 'table', 'text', 'characters', 'audio'], field('flag', 'client.heldOut')),
    ],
  },
  {
    name: 'strategy',
    fields: [
      ...field('choice', 'strategy.name', 'strategy.weighting', 'strategy.serverOptimizer.name'),
      ...field('number', 'strategy.serverOptimizer.learningRate'),
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
    ],
  },
  { name: 'traffic', fields: field('choice', 'codec.down', 'codec.up') },
  { name: 'privacy', fields: [...field('choice', 'privacy.mode'), ...field('number', 'maxDeltaNorm')] },
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

/** The fields of a section for data of this kind and such a schedule. */
export const fieldsFor = (fields: readonly SpecField[], kind: KindName, isBuffered: boolean): readonly SpecField[] =>
  fields.filter(({ of, isOfBuffer }) => (of === undefined || of.includes(kind)) && (isBuffered || isOfBuffer !== true));
