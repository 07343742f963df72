import * as v from 'valibot';
import { frameCount, samplesIn } from '../../audio/frames.ts';
import type { Problem } from '../../errors.ts';
import { bytesForm } from './form.ts';
import type { DataKind } from './kind.ts';
import { labelProblems, labelsSchema } from './labels.ts';

const whole = (least: number, most: number) =>
  v.pipe(v.number(), v.integer('must be a whole number'), v.minValue(least), v.maxValue(most));

const schema = v.strictObject({
  kind: v.literal('audio'),
  /** How long each example is. */
  clipMs: whole(250, 4_000),
  /** From one window of 32 ms to the next. */
  hopMs: whole(8, 32),
  /** On the mel scale, from 60 to 7,600 Hz. */
  bands: whole(8, 64),
  labels: labelsSchema,
  /** Which sample data the server can hand out and score on; none: the contributors bring all there is. */
  sample: v.optional(v.picklist(['keywords'])),
});
export type SoundData = v.InferOutput<typeof schema>;

/** What the voices of the sample say; they are eight of Speech Commands (Warden 2018, arXiv 1804.03209). */
export const KEYWORDS = ['yes', 'no', 'up', 'down', 'left', 'right', 'stop', 'go'] as const;

/** Short sounds, and what each is: a byte for each band of each window, 255 the loudest. The sound itself is not kept. */
export const audio = {
  schema,
  form: ({ clipMs, hopMs, bands, labels }) =>
    bytesForm([frameCount(samplesIn(clipMs), samplesIn(hopMs)), bands, 1], labels.length),
  labels: (data) => data.labels,
  problems: (data) => [...labelProblems(data.labels), ...sampleProblems(data)],
} satisfies DataKind<SoundData>;

function sampleProblems({ sample, labels }: SoundData): readonly Problem[] {
  if (sample === undefined || KEYWORDS.every((word) => labels.includes(word))) return [];
  const message = `keywords is for labels with ${KEYWORDS.join(', ')} among them; leave it out for others`;
  return [{ path: 'data.sample', message }];
}
