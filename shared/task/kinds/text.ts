import * as v from 'valibot';
import type { DataKind } from './kind.ts';
import { labelProblems, labelsSchema } from './labels.ts';

const whole = (most: number) =>
  v.pipe(v.number(), v.integer('must be a whole number'), v.minValue(1), v.maxValue(most));

const schema = v.strictObject({
  kind: v.literal('text'),
  /** Words of one text that the model sees; it sees nothing of those after them. */
  length: whole(1024),
  /** Numbers that words are spread over (`words.ts`): the model's Embedding has a row for each. */
  buckets: whole(1_000_000),
  labels: labelsSchema,
  /** Which sample data the server can hand out and score on; none: the contributors bring all there is. */
  sample: v.optional(v.picklist(['wordnet'])),
});
export type TextData = v.InferOutput<typeof schema>;

/** Texts, and which of several things each is: the numbers of its first words. The words themselves are not kept. */
export const text = {
  schema,
  form: ({ length, buckets, labels }) => ({
    shape: [length],
    features: { type: 'int32', below: buckets },
    target: { type: 'class', count: labels.length },
  }),
  labels: (data) => data.labels,
  problems: (data) => labelProblems(data.labels),
} satisfies DataKind<TextData>;
