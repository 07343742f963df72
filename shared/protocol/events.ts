import type { Refusal } from '../errors.ts';
import type { AssignmentToken } from '../ids.ts';
import type {
  Assignment,
  CheckIn,
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
} from './messages.ts';

/** Typed maps of both directions for Socket.IO's generics. What arrives is parsed all the same. */

export interface ClientToServerEvents {
  'check-in': (message: CheckIn, ack: (answer: OkAck) => void) => void;
  'check-out': (message: Record<string, never>, ack: (answer: OkAck) => void) => void;
  resume: (message: { token: AssignmentToken }, ack: (answer: ResumeAck) => void) => void;
  'report-begin': (message: ReportBegin, ack: (answer: ReportBeginAck) => void) => void;
  'report-chunk': (message: ReportChunk, bytes: Uint8Array, ack: (answer: OkAck) => void) => void;
  'report-end': (message: { token: AssignmentToken }, ack: (answer: ReportEndAck) => void) => void;
  progress: (message: Progress) => void;
  forget: (message: Record<string, never>, ack: (answer: OkAck) => void) => void;
}

export interface ServerToClientEvents {
  welcome: (message: Welcome) => void;
  status: (message: TaskStatus) => void;
  assign: (message: Assignment) => void;
  weights: (message: WeightsMessage, bytes: Uint8Array) => void;
  round: (message: RoundEnd) => void;
  retry: (message: RetryWindow) => void;
  draining: (message: { retryAfterMs: number }) => void;
  /** The session ends for this reason; the disconnect follows. `replaced`: do not come back by yourself. */
  refused: (message: Refusal) => void;
}
