/** What any message may keep the main thread at work for, without a pause. */
export const LONGEST_MS = 50;

/** What `watching.mjs` says of a server: work of its main thread that took long. */
export interface Handled {
  readonly kind: 'handler' | 'stretch';
  /** The first message of it, or the one that it comes after; null where there is none. */
  readonly what: string | null;
  readonly messages: number;
  readonly ms: number;
}

export const handledIn = (log: string): readonly Handled[] =>
  [...log.matchAll(/^handled (\{.*\})$/gm)].map(([, json = '']) => JSON.parse(json) as Handled);

/** Work that is certainly one message's. A stretch with several may be short for each. */
export const tooLong = (handled: readonly Handled[]): readonly Handled[] =>
  handled.filter(
    ({ kind, what, messages, ms }) => ms > LONGEST_MS && (kind === 'handler' || (what !== null && messages <= 1)),
  );

/**
 * What is too long in every play of the same. Processor time is not the machine's speed: what shares a core or its cache makes it
 * twice as long now and then, and pages that were put away are fetched within it. A handler that is slow is slow each time.
 */
export const tooLongAgain = (before: readonly Handled[], now: readonly Handled[]): readonly Handled[] =>
  before.filter((one) => now.some(({ kind, what }) => kind === one.kind && what === one.what));

export const longestMs = (handled: readonly Handled[], kind: Handled['kind']): number =>
  Math.max(0, ...handled.filter((one) => one.kind === kind).map(({ ms }) => ms));

export const inWords = ({ kind, what, messages, ms }: Handled): string =>
  `${kind} of ${ms} ms, ${messages} messages: ${what ?? 'none'}`;
