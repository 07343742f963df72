/**
 * Expected refusals are values. The reasons are closed lists: a client may switch over them, and a metric may
 * use them as a label.
 */

/** Why the server refuses a message of a client. The list is part of PROTOCOL.md. */
export const REFUSAL_REASONS = [
  'upgrade-required', // the protocol ranges do not overlap
  'bad-message', // the message does not have the shape of its event
  'unauthorized', // wrong or missing join token or secret
  'origin', // this site is not allowed for this task
  'unknown-task', // no such task, or it is archived
  'rate', // too many messages, joins or sockets from here
  'busy', // no room for another upload just now, or no process has the task just now
  'draining', // the server is shutting down; come back
  'replaced', // a newer session of the same client took over
  'other-tab', // kept for clients that say so themselves; a server tells the older session `replaced`
  'ineligible', // the task asks for more examples, or for a faster device
  'not-assigned', // no such assignment, or it is not this client's
  'wrong-round', // the assignment belongs to a round that is over
  'late', // the round ended before the report was complete
  'surplus', // the round already had its goal
  'stale', // the version it started from is too old by now
  'size', // wrong length or too many bytes
  'count', // wrong number of values, examples or chunks, or counts that cannot be
  'schema', // the frame's header is not one of ours
  'layout', // the layout hash is not the task's
  'hash', // the bytes do not match their SHA-256
  'chunk', // one chunk is damaged or out of range: send that one again
  'not-finite', // NaN or infinity among the values
  'zero', // every value is zero: a lost WebGL context looks like this
  'norm', // the L2 norm is above the task's maxDeltaNorm
  'conflict', // other bytes for an assignment that already has a report
  'storage-full', // nothing could be written; nothing was accepted
  'internal', // our fault; it is logged with an id
] as const;
export type RefusalReason = (typeof REFUSAL_REASONS)[number];

/** A refusal: a reason from the closed list and one sentence for people. `retryAfterMs` only where it helps. */
export interface Refusal {
  readonly ok: false;
  readonly reason: RefusalReason;
  readonly message: string;
  readonly retryAfterMs?: number;
}

export const refuse = (reason: RefusalReason, message: string, retryAfterMs?: number): Refusal =>
  retryAfterMs === undefined ? { ok: false, reason, message } : { ok: false, reason, message, retryAfterMs };

/**
 * Reasons for which an assignment ends as `rejected(reason)`; the first such refusal is final. `late` and `surplus`
 * are counted apart; a `conflict` leaves the accepted report as it is. All but `stale` are the client's own doing.
 */
export const REJECTION_REASONS = [
  'size',
  'count',
  'schema',
  'layout',
  'hash',
  'not-finite',
  'zero',
  'norm',
  'stale',
] as const satisfies readonly RefusalReason[];
export type RejectionReason = (typeof REJECTION_REASONS)[number];
export const isRejection = (reason: RefusalReason): reason is RejectionReason =>
  (REJECTION_REASONS as readonly RefusalReason[]).includes(reason);

/** Why a round ended without a new version. */
export const ABANDON_REASONS = [
  'too-few', // fewer than the minimum when the selection or reporting deadline came
  'everyone-left', // no assignment is left that could still report, and the minimum is not there
  'stopped', // an admin stopped it
  'failed', // our fault: the commit could not be made
  'guard', // what came of it scores much worse than the versions before it, and is not published
] as const;
export type AbandonReason = (typeof ABANDON_REASONS)[number];

/** One thing wrong with a document, at a path like `client.batchSize`. */
export interface Problem {
  readonly path: string;
  readonly message: string;
}

export type Result<Value, Failure> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly failure: Failure };
export const succeed = <Value>(value: Value): { readonly ok: true; readonly value: Value } => ({ ok: true, value });
export const fail = <Failure>(failure: Failure): { readonly ok: false; readonly failure: Failure } => ({
  ok: false,
  failure,
});
