import * as v from 'valibot';
import { courtesySchema } from '../../shared/task/spec.ts';
import { type CourtesyChoices, NOTHING_USED, type UsedToday } from './courtesy.ts';

/** What a person chose for a task on this device, and what the task has used of it today. */
export interface CourtesyNotes {
  readonly choices: CourtesyChoices;
  /** Whose day it is; another day has used nothing yet. */
  readonly day: string;
  readonly used: UsedToday;
}

const { minimumBattery, meteredData, hidden, share } = courtesySchema.entries;
const amount = v.pipe(v.number(), v.finite(), v.minValue(0));
const choicesSchema = v.strictObject({
  minimumBattery: v.exactOptional(minimumBattery),
  meteredData: v.exactOptional(meteredData),
  hidden: v.exactOptional(hidden),
  share: v.exactOptional(share),
  minutesADay: v.exactOptional(amount),
  megabytesADay: v.exactOptional(amount),
});
const schema = v.object({
  choices: choicesSchema,
  day: v.string(),
  used: v.object({ trainingMs: amount, bytes: amount }),
});

/** What a site says is looked at as what is stored is. */
export const isChoices = (value: unknown): value is CourtesyChoices => v.is(choicesSchema, value);

/** The day of the person's own calendar, as `2026-11-28`. */
export function dayOf(timeMs: number): string {
  const date = new Date(timeMs);
  return [date.getFullYear(), date.getMonth() + 1, date.getDate()]
    .map((part) => String(part).padStart(2, '0'))
    .join('-');
}

/** Anything at all may lie there. */
export function parseNotes(text: string | null, day: string): CourtesyNotes {
  let value: unknown;
  try {
    value = JSON.parse(text ?? 'null');
  } catch {}
  const parsed = v.safeParse(schema, value);
  if (!parsed.success) return { choices: {}, day, used: NOTHING_USED };
  return parsed.output.day === day ? parsed.output : { ...parsed.output, day, used: NOTHING_USED };
}
