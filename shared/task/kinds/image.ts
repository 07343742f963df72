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
  sample: v.optional(v.picklist(['mnist'])),
});
/** What the pictures of each sample are: a task of another shape or with other labels cannot use them. */
const SAMPLES = { mnist: { shape: [28, 28, 1], labelCount: 10 } } as const;

export type PictureData = v.InferOutput<typeof schema>;

/** Pictures, and which of several things each shows: one byte a pixel and channel, row by row, 0 is the background. */
export const image = {
  schema,
  form: ({ shape, labels }) => bytesForm(shape, labels.length),
  problems: (data) => [...labelProblems(data.labels), ...sampleProblems(data)],
} satisfies DataKind<PictureData>;

function sampleProblems({ sample, shape, labels }: PictureData): readonly Problem[] {
  if (sample === undefined) return [];
  const its = SAMPLES[sample];
  if (shape.join() === its.shape.join() && labels.length === its.labelCount) return [];
  const message = `${sample} is for data of shape ${its.shape.join(' × ')} with ${its.labelCount} labels; leave it out for other data`;
  return [{ path: 'data.sample', message }];
}
