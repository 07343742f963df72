import type { Refusal } from '../../../shared/errors.ts';
import { refuse } from '../../../shared/errors.ts';
import { sha256Hex } from '../../../shared/hash.ts';
import type { AssignmentToken, Sha256 } from '../../../shared/ids.ts';
import type {
  Assignment,
  CheckIn,
  Handshake,
  Participation,
  Progress,
  Receipt,
  ReportBegin,
  RoundEnd,
} from '../../../shared/protocol/index.ts';
import { chunkCountOf, crc32 } from '../../../shared/wire/chunk.ts';
import type { Session, SessionInbox, SessionTarget, Transport } from '../transport.ts';
import { UNANSWERED } from '../transport.ts';
import { assignmentOf, receiptOf, welcome } from './play.ts';

interface Upload {
  readonly announced: ReportBegin;
  readonly chunks: Map<number, Uint8Array>;
}

/** What a test may put in the way of a message: a refusal instead of its ack, or no answer and the end of the session. */
export type Fault = Refusal | 'cut';

/**
 * A server of one task behind the `Transport` port, in this process: it keeps PROTOCOL.md for the reports, remembers
 * what it was told, and assigns when a test says so.
 */
export class LoopbackServer implements Transport {
  readonly heard: string[] = [];
  readonly handshakes: Handshake[] = [];
  readonly checkIns: CheckIn[] = [];
  readonly progress: Progress[] = [];
  readonly chunksSent: number[] = [];
  readonly frames = new Map<AssignmentToken, Uint8Array>();
  /** Next answers by event, before the server's own. */
  readonly faults = new Map<string, Fault[]>();
  participation: Participation = {
    ...welcome.participation,
    client: { ...welcome.participation.client, heldOut: true },
  };
  /** Refuses sessions with this. */
  closed: Refusal | 'cut' | null = null;
  /** Every answer waits for this. */
  gate: Promise<void> = Promise.resolve();
  readonly #uploads = new Map<AssignmentToken, Upload>();
  readonly #alive = new Map<AssignmentToken, Assignment>();
  readonly #receipts = new Map<AssignmentToken, Receipt>();
  #inbox: SessionInbox | null = null;

  get isOpen(): boolean {
    return this.#inbox !== null;
  }

  open({ handshake }: SessionTarget, inbox: SessionInbox): Session {
    this.handshakes.push(handshake);
    this.heard.push('open');
    let isOver = false;
    let tellOver: () => void = () => {};
    const over = new Promise<void>((resolve) => {
      tellOver = resolve;
    });
    const end = (): void => {
      isOver = true;
      tellOver();
      if (this.#inbox === guarded) this.#inbox = null;
    };
    const guarded: SessionInbox = {
      ...inbox,
      closed: () => {
        if (!isOver) {
          end();
          inbox.closed();
        }
      },
      refused: (refusal) => {
        if (!isOver) {
          end();
          inbox.refused(refusal);
        }
      },
    };
    setTimeout(() => {
      if (isOver) return;
      if (this.closed === 'cut') return guarded.closed();
      if (this.closed !== null) return guarded.refused(this.closed);
      this.#inbox = guarded;
      inbox.welcome({ ...welcome, participation: this.participation });
    }, 0);
    const ask = async <Answer>(event: string, answer: () => Answer): Promise<Answer | Refusal | typeof UNANSWERED> => {
      if (isOver) return UNANSWERED;
      this.heard.push(event);
      inbox.traffic('sent', event === 'report-chunk' ? 1_000 : 10);
      const fault = this.faults.get(event)?.shift();
      const answered = fault === undefined || fault === 'cut' ? answer : () => fault;
      await Promise.race([this.gate, over]);
      if (isOver) return UNANSWERED;
      if (fault !== 'cut') return answered();
      guarded.closed();
      return UNANSWERED;
    };
    const ok = (): { readonly ok: true } => ({ ok: true });
    return {
      checkIn: (message) =>
        ask('check-in', () => {
          this.checkIns.push(message);
          return ok();
        }),
      checkOut: () => ask('check-out', ok),
      resume: ({ token }) =>
        ask('resume', () => ({
          ok: true as const,
          assignment: this.#alive.get(token) ?? null,
          receipt: this.#receipts.get(token) ?? null,
        })),
      reportBegin: (message) => ask('report-begin', () => this.#begin(message)),
      reportChunk: ({ token, index, crc32: crc }, bytes) =>
        ask('report-chunk', () => {
          const upload = this.#uploads.get(token);
          if (upload === undefined) return refuse('not-assigned', 'no upload is open');
          if (crc32(bytes) !== crc) return refuse('chunk', 'the chunk is damaged');
          this.chunksSent.push(index);
          upload.chunks.set(index, bytes.slice());
          return ok();
        }),
      reportEnd: ({ token }) => ask('report-end', () => this.#end(token)),
      forget: () => ask('forget', ok),
      progress: (message) => void this.progress.push(message),
      close: end,
    };
  }

  assign(round: number, more: Partial<Assignment> = {}): Assignment {
    const assignment = assignmentOf(round, more);
    this.#alive.set(assignment.token, assignment);
    this.#inbox?.assign(assignment);
    return assignment;
  }

  weights(sha256: Sha256, bytes: Uint8Array): void {
    this.#inbox?.weights({ version: 0, sha256, bytes: bytes.byteLength }, bytes);
  }

  endRound(end: RoundEnd): void {
    this.#alive.clear();
    this.#inbox?.round(end);
  }

  cut(): void {
    this.#inbox?.closed();
  }

  refuse(refusal: Refusal): void {
    this.#inbox?.refused(refusal);
  }

  drain(retryAfterMs: number): void {
    this.#inbox?.draining({ retryAfterMs });
  }

  #begin(
    announced: ReportBegin,
  ): { readonly ok: true; readonly received: number[]; readonly receipt: Receipt | null } | Refusal {
    const { token } = announced;
    const receipt = this.#receipts.get(token) ?? null;
    if (receipt !== null) return { ok: true, received: [], receipt };
    if (!this.#alive.has(token)) return refuse('late', 'the round is over');
    const open = this.#uploads.get(token);
    const upload = open?.announced.sha256 === announced.sha256 ? open : { announced, chunks: new Map() };
    this.#uploads.set(token, upload);
    return { ok: true, received: [...upload.chunks.keys()], receipt: null };
  }

  #end(token: AssignmentToken): { readonly ok: true; readonly receipt: Receipt } | Refusal {
    const upload = this.#uploads.get(token);
    if (upload === undefined) return refuse('not-assigned', 'no upload is open');
    const { bytes, sha256 } = upload.announced;
    if (upload.chunks.size !== chunkCountOf(bytes)) return refuse('chunk', 'a chunk is missing');
    const frame = new Uint8Array(bytes);
    for (const [index, chunk] of upload.chunks) frame.set(chunk, index * 262_144);
    if (sha256Hex(frame) !== sha256) return refuse('hash', 'not what was announced');
    this.frames.set(token, frame);
    const receipt = receiptOf(this.#alive.get(token)?.round ?? 0);
    this.#receipts.set(token, receipt);
    return { ok: true, receipt };
  }
}
