/** What can go wrong with examples that are kept on this device. Each has a sentence in the dictionaries. */
export const DATA_FAILURES = [
  'unavailable', // this browser keeps nothing here (private window, blocked storage): keep them in memory instead
  'quota', // the device has no room
  'blocked', // another tab holds on to the database
  'newer', // a newer version of this page has changed how examples are kept: reload
  'full', // more examples than one dataset may hold
  'bad-examples', // wrong shape, wrong label
  'dataset-damaged', // what is stored is not what was written: repair it or delete it
  'failed', // none of these; the message has the browser's own words
] as const;
export type DataFailureReason = (typeof DATA_FAILURES)[number];

export interface DataFailure {
  readonly ok: false;
  readonly reason: DataFailureReason;
  readonly message: string;
}

export const dataFailure = (reason: DataFailureReason, message: string): DataFailure => ({
  ok: false,
  reason,
  message,
});

/** Thrown inside a transaction so that it is rolled back; the dataset turns it into its failure. */
export class RefusedChange extends Error {
  override readonly name = 'RefusedChange';
  readonly failure: DataFailure;
  constructor(reason: DataFailureReason, message: string) {
    super(message);
    this.failure = dataFailure(reason, message);
  }
}

/** Anything thrown by storage as a failure: DOMException names are the only thing that browsers agree on. */
export function failureOf(error: unknown): DataFailure {
  if (error instanceof RefusedChange) return error.failure;
  const { name = '', message = String(error) } = error instanceof Error ? error : {};
  switch (name) {
    case 'QuotaExceededError':
      return dataFailure('quota', 'There is no room left on this device for more examples.');
    case 'SecurityError':
    case 'InvalidStateError':
    case 'NotAllowedError':
      return dataFailure('unavailable', 'This browser does not keep data for this page (private window?).');
    case 'UnknownError':
      // Chromium's word for storage that the person or the browser has blocked.
      if (/denied permission/.test(message)) return dataFailure('unavailable', 'This browser blocks storage here.');
      return damaged(message);
    case 'VersionError':
      return dataFailure('newer', 'A newer version of this page keeps the examples now: reload it.');
    case 'DataError':
    case 'NotReadableError':
      return damaged(message);
    default:
      return dataFailure('failed', `The examples could not be stored or read (${name}: ${message}).`);
  }
}

const damaged = (message: string): DataFailure =>
  dataFailure('dataset-damaged', `The browser cannot read the stored examples (${message}).`);

/** Does this error say that the browser keeps nothing here? */
export const isUnavailable = (error: unknown): boolean => failureOf(error).reason === 'unavailable';
