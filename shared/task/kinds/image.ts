import * as v from 'valibot';
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
export type PictureData = v.InferOutput<typeof schema>;

/** Pictures, and which of several things each shows: one byte a pixel and channel, row by row, 0 is the background. */
export const image = {
  schema,
  form: ({ shape, labels }) => bytesForm(shape, labels.length),
  problems: ({ labels }) => labelProblems(labels),
} satisfies DataKind<PictureData>;
