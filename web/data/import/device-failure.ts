/** Why there is no camera or microphone; each has a sentence in the dictionaries. */
export const DEVICE_FAILURES = [
  'denied', // the person, or the browser's settings, said no
  'missing', // there is none
  'busy', // another program holds it
  'insecure', // browsers offer them only to pages that came over https, or from this very machine
  'failed', // none of these
] as const;
export type DeviceFailure = (typeof DEVICE_FAILURES)[number];

/** Of what `getUserMedia` throws. */
export function failureOf(error: unknown): DeviceFailure {
  switch (error instanceof Error ? error.name : '') {
    case 'NotAllowedError':
    case 'SecurityError':
      return 'denied';
    case 'NotFoundError':
    case 'OverconstrainedError':
      return 'missing';
    case 'NotReadableError':
    case 'AbortError':
      return 'busy';
    default:
      return 'failed';
  }
}
