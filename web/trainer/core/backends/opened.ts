import type { Device } from '../device.ts';

/** Why a backend is not used: a closed list, so that pages have words for each. */
export const FAULTS = [
  'absent', // this browser has none, or it could not be started
  'no-worker', // the browser has it, but not in workers
  'forbidden', // the page's Content Security Policy does not allow it
  'half-precision', // it rounds to 16 bits
  'incapable', // it lacks something that this model needs
  'wrong', // its step is not the reference's
  'lost', // it was lost in the test step, or too often before
] as const;
export type Fault = (typeof FAULTS)[number];

/** `reason` is a clause for people: "WebGL is not available here". */
export interface Unusable {
  readonly ok: false;
  readonly fault: Fault;
  readonly reason: string;
}

/** A device that answers, or why there is none. */
export type Opened = { readonly ok: true; readonly device: Device } | Unusable;

export const unusable = (fault: Fault, reason: string): Unusable => ({ ok: false, fault, reason });
