import type { Clock } from '../../shared/clock.ts';
import type { Refusal } from '../../shared/errors.ts';
import { COUNTS_LAYOUT } from '../../shared/evaluation/counts.ts';
import type { AssignmentToken, Sha256, UpdateId } from '../../shared/ids.ts';
import { LIMITS } from '../../shared/limits.ts';
import {
  type Assignment,
  NO_METRICS,
  type Participation,
  type ReportEndAck,
  type ReportMetrics,
} from '../../shared/protocol/index.ts';
import { toBytes } from '../../shared/weights/vector.ts';
import { chunkAt, chunkCountOf, crc32 } from '../../shared/wire/chunk.ts';
import { encodeFrame } from '../../shared/wire/encode-frame.ts';
import { digest } from './digest.ts';
import type { Encoder } from './ports.ts';
import { plainReport } from './report-encoder.ts';
import { type Answer, type Session, UNANSWERED, type Unanswered } from './transport.ts';

/** A report that is ready to be sent, as often as it takes: the same bytes each time. */
export interface Report {
  readonly token: AssignmentToken;
  readonly updateId: UpdateId;
  readonly frame: Uint8Array;
  readonly sha256: Sha256;
  readonly metrics: ReportMetrics;
}

/** Frame and hash of what training left. Rejects where the task's codec or momentum needs an encoder and there is none, or it fails. */
export async function reportOf(
  participation: Pick<Participation, 'codec' | 'client' | 'parameters' | 'layoutSha256' | 'report'>,
  { token, updateId, base, seed }: Pick<Assignment, 'token' | 'updateId' | 'base' | 'seed'>,
  trained: {
    readonly delta: Float32Array;
    readonly examples: number;
    readonly steps: number;
    readonly metrics: ReportMetrics;
  },
  encoder?: Pick<Encoder, 'encode'>,
): Promise<Report> {
  const { codec, client, parameters, layoutSha256, report } = participation;
  const { delta, examples, steps, metrics } = trained;
  const { sha256: baseSha256, version: baseVersion } = base;
  const layout = report ?? { values: parameters, layoutSha256 };
  const coding = { codec, ...layout, examples, steps, baseSha256, baseVersion, seed, momentum: client.reportMomentum };
  const { bytes: frame, sha256 } = await (encoder ? encoder.encode(delta, coding) : plainReport(delta, coding));
  return { token, updateId, frame, sha256, metrics };
}

/** Frame and hash of a part in an evaluation round: nothing of the examples but the counts goes with it. */
export async function countReportOf(
  { token, updateId, base }: Pick<Assignment, 'token' | 'updateId' | 'base'>,
  { counts, examples }: { readonly counts: Float32Array; readonly examples: number },
): Promise<Report> {
  const { size, sha256: layoutSha256 } = COUNTS_LAYOUT;
  const header = { codec: 'float32', values: size, examples, steps: 1, layoutSha256, baseSha256: base.sha256 } as const;
  const frame = encodeFrame(header, toBytes(counts));
  return { token, updateId, frame, sha256: await digest(frame), metrics: NO_METRICS };
}

export interface SendOptions {
  readonly clock: Clock;
  /** Share of the frame that the server has, from 0 to 1. */
  readonly onProgress: (share: number) => void;
  readonly signal: AbortSignal;
}

/** The window opens from one chunk while acks come fast, and closes when they are slow: pings must get through. */
const FAST_ACK_MS = 1_000;
const SLOW_ACK_MS = 5_000;
/** A chunk that arrives damaged so often is no accident of the network. */
const CHUNK_TRIES_MAXIMUM = 5;

/** Announcing again is the answer to an upload that the server no longer has open (P25), but not for ever. */
const ANNOUNCEMENTS_MAXIMUM = 3;

/** Sends what the server does not have yet; the receipt, or why there is none. */
export async function sendReport(
  session: Session,
  report: Report,
  { clock, onProgress, signal }: SendOptions,
): Promise<Answer<ReportEndAck>> {
  const { token, updateId, frame, sha256, metrics } = report;
  for (let announced = 1; ; announced++) {
    const begun = await session.reportBegin({ token, bytes: frame.byteLength, sha256, metrics }, updateId);
    if (!begun.ok) return begun;
    if (begun.receipt !== null) return { ok: true, receipt: begun.receipt };
    const refused = await sendChunks(session, report, new Set(begun.received), { clock, onProgress, signal });
    if (signal.aborted) return UNANSWERED;
    const ended = refused ?? (await session.reportEnd({ token, updateId }));
    const isReopened = !ended.ok && (ended.reason === 'not-assigned' || (refused === null && ended.reason === 'chunk'));
    if (!isReopened || announced === ANNOUNCEMENTS_MAXIMUM || signal.aborted) return ended;
  }
}

/** Sends every chunk that is not `had`; null when all are acknowledged or the signal aborts, else what went wrong. */
async function sendChunks(
  session: Session,
  { token, frame }: Report,
  had: ReadonlySet<number>,
  { clock, onProgress, signal }: SendOptions,
): Promise<Refusal | Unanswered | null> {
  const chunks = chunkCountOf(frame.byteLength);
  const missing = Array.from({ length: chunks }, (_, index) => index).filter((index) => !had.has(index));
  const tries = new Map<number, number>();
  const inFlight = new Set<Promise<void>>();
  let windowChunks = 1;
  let acknowledged = chunks - missing.length;
  let failure: Refusal | Unanswered | null = null;

  const send = async (index: number): Promise<void> => {
    const chunk = chunkAt(frame, index);
    const sentMs = clock.elapsed();
    const answer = await session.reportChunk({ token, index, crc32: crc32(chunk) }, chunk);
    const ackMs = clock.elapsed() - sentMs;
    if (ackMs < FAST_ACK_MS) windowChunks = Math.min(LIMITS.uploadWindowChunks, windowChunks + 1);
    else if (ackMs > SLOW_ACK_MS) windowChunks = 1;
    if (answer.ok) {
      acknowledged++;
      if (!signal.aborted) onProgress(acknowledged / chunks);
      return;
    }
    const tried = (tries.get(index) ?? 0) + 1;
    tries.set(index, tried);
    if (answer.reason === 'chunk' && tried < CHUNK_TRIES_MAXIMUM) missing.unshift(index);
    else failure ??= answer;
  };

  while ((missing.length > 0 || inFlight.size > 0) && failure === null && !signal.aborted) {
    while (inFlight.size < windowChunks) {
      const index = missing.shift();
      if (index === undefined) break;
      const sending: Promise<void> = send(index).finally(() => inFlight.delete(sending));
      inFlight.add(sending);
    }
    await Promise.race(inFlight);
  }
  return failure;
}
