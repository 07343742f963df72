import * as v from 'valibot';
import type { BusListener, ProcessId } from './bus.ts';

/** How a word travels. */
const envelopeSchema = v.object({
  from: v.pipe(v.string(), v.maxLength(64)),
  to: v.optional(v.pipe(v.string(), v.maxLength(64))),
  /** 1, 2, 3 … of each process. */
  number: v.pipe(v.number(), v.integer(), v.minValue(1)),
  message: v.unknown(),
});
export type Envelope = v.InferOutput<typeof envelopeSchema>;

/** A word longer than this is none of ours. */
export const ENVELOPE_CHARACTERS = 4 * 2 ** 20;

/** Null for what is no word of ours. */
export function readEnvelope(text: string): Envelope | null {
  if (text.length > ENVELOPE_CHARACTERS) return null;
  try {
    const parsed = v.safeParse(envelopeSchema, JSON.parse(text));
    return parsed.success ? parsed.output : null;
  } catch {
    return null;
  }
}

/** Tells a listener what is new to it of what arrives: nothing twice, nothing of its own, and what is missing. */
export function receiving(self: ProcessId, listener: () => BusListener | null): (envelope: Envelope) => void {
  const last = new Map<ProcessId, number>();
  return ({ from, to, number, message }) => {
    if (from === self) return;
    const before = last.get(from);
    if (before !== undefined && number <= before) return;
    last.delete(from);
    last.set(from, number);
    // Processes come and go: of the oldest nothing is expected any more.
    if (last.size > PROCESSES_REMEMBERED) last.delete(last.keys().next().value ?? '');
    if (before !== undefined && number > before + 1) listener()?.lost(from);
    if (to === undefined || to === self) listener()?.message(from, message);
  };
}

const PROCESSES_REMEMBERED = 1_000;
