import * as v from 'valibot';
import type { Problem } from '../../errors.ts';
import { bytesForm } from './form.ts';
import type { DataKind } from './kind.ts';
import { labelProblems, labelsSchema } from './labels.ts';

const side = v.pipe(v.number(), v.integer('must be a whole number'), v.minValue(1), v.maxValue(1024));

const schema = v.strictObject({
  kind: v.literal('image'),
  /** Without the batch dimension: [height, width, channels]. */
  shape: v.pipe(v.array(side), v.length(3)),
  labels: labelsSchema,
  /** Which sample data the server can hand out and score on; none: the contributors bring all there is. */
  sample: v.optional(v.picklist(['mnist', 'fashion'])),
  /** What becomes of a picture that somebody brings; by default a digit at 28 × 28 × 1, else a photo. */
  picture: v.optional(
    v.picklist([
      // Ink is cut out of its paper and centred, as in MNIST.
      'digit',
      // The middle, with what is like its border taken for background, which is 0.
      'object',
      // The middle, as it is.
      'photo',
    ]),
  ),
});
/** What the pictures of each sample are: a task of another shape or with other labels cannot use them. */
const TEN_OF_28 = { shape: [28, 28, 1], labelCount: 10 } as const;
const SAMPLES = { mnist: TEN_OF_28, fashion: TEN_OF_28 } as const;

export type PictureData = v.InferOutput<typeof schema>;

export type PictureStyle = NonNullable<PictureData['picture']>;

export const pictureStyle = ({ shape, picture }: Pick<PictureData, 'shape' | 'picture'>): PictureStyle =>
  picture ?? (shape.join() === '28,28,1' ? 'digit' : 'photo');

/** Pictures, and which of several things each shows: one byte a pixel and channel, row by row, 0 is the background. */
export const image = {
  schema,
  form: ({ shape, labels }) => bytesForm(shape, labels.length),
  labels: (data) => data.labels,
  problems: (data) => [...labelProblems(data.labels), ...sampleProblems(data), ...styleProblems(data)],
} satisfies DataKind<PictureData>;

function sampleProblems({ sample, shape, labels }: PictureData): readonly Problem[] {
  if (sample === undefined) return [];
  const its = SAMPLES[sample];
  if (shape.join() === its.shape.join() && labels.length === its.labelCount) return [];
  const message = `${sample} is for data of shape ${its.shape.join(' × ')} with ${its.labelCount} labels; leave it out for other data`;
  return [{ path: 'data.sample', message }];
}

function styleProblems({ shape, picture }: PictureData): readonly Problem[] {
  const no = (message: string): readonly Problem[] => [{ path: 'data.picture', message }];
  if (picture === 'digit' && shape.join() !== '28,28,1') return no('a digit is cut out at 28 × 28 × 1 only');
  if (picture === 'object' && shape[2] !== 1) return no('an object is told from its background in grey: one channel');
  return [];
}
