import type { Refusal } from '../../shared/errors.ts';
import type { TaskId, UpdateId } from '../../shared/ids.ts';
import type {
  Assignment,
  CheckIn,
  Handshake,
  OkAck,
  Progress,
  ReportBegin,
  ReportBeginAck,
  ReportChunk,
  ReportEndAck,
  ResumeAck,
  RetryWindow,
  RoundEnd,
  TaskStatus,
  WeightsMessage,
  Welcome,
} from '../../shared/protocol/index.ts';

/**
 * One session with a server, whatever carries it: `socket-transport.ts` over Socket.IO; a simulator may bring one
 * that stays in the process. What a transport hands over is parsed already.
 */
export interface Transport {
  /** Opens a session. Nothing is called on the inbox before this returns. */
  open(target: SessionTarget, inbox: SessionInbox): Session;
}

export interface SessionTarget {
  /** URL of the server, for instance `https://learn.example.org`. */
  readonly server: string;
  readonly task: TaskId;
  readonly handshake: Handshake;
}

/** What arrives. After `refused` or `closed`, and after the session's own `close`, nothing more does. */
export interface SessionInbox {
  /** The first message of a session; it is open from here. */
  welcome(message: Welcome): void;
  status(message: TaskStatus): void;
  assign(message: Assignment): void;
  /** `bytes` is as long as the message says; its hash is not checked yet. */
  weights(message: WeightsMessage, bytes: Uint8Array): void;
  round(message: RoundEnd): void;
  retry(message: RetryWindow): void;
  draining(message: { readonly retryAfterMs: number }): void;
  /** The server ended or declined the session, and why. */
  refused(refusal: Refusal): void;
  /** The session ended without a reason: the network, a restart, an ack that did not come. */
  closed(): void;
  /** Bytes on the wire, in WebSocket frames. */
  traffic(direction: 'sent' | 'received', bytes: number): void;
}

/** No answer: the ack did not come in time or the session is gone. The session ends then, so that nothing is in doubt. */
export interface Unanswered {
  readonly ok: false;
  readonly reason: 'unanswered';
}
export const UNANSWERED: Unanswered = { ok: false, reason: 'unanswered' };
export const isUnanswered = (answer: object): answer is Unanswered =>
  'reason' in answer && answer.reason === 'unanswered';

/** An ack's good answer, the server's refusal, or none. */
export type Answer<Ack extends { readonly ok: boolean }> = Extract<Ack, { ok: true }> | Refusal | Unanswered;

/** Which assignment is spoken of: the receipt of any other is no answer (P27). */
export type Part = Pick<Assignment, 'token' | 'updateId'>;

export interface Session {
  checkIn(message: CheckIn): Promise<Answer<OkAck>>;
  checkOut(): Promise<Answer<OkAck>>;
  resume(part: Part): Promise<Answer<ResumeAck>>;
  reportBegin(message: ReportBegin, updateId: UpdateId): Promise<Answer<ReportBeginAck>>;
  reportChunk(message: ReportChunk, bytes: Uint8Array): Promise<Answer<OkAck>>;
  reportEnd(part: Part): Promise<Answer<ReportEndAck>>;
  forget(): Promise<Answer<OkAck>>;
  /** For the eye only: not answered, dropped where the session is gone. */
  progress(message: Progress): void;
  /** Ends the session; what was sent before is still delivered where the network allows. */
  close(): void;
}
