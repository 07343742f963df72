import { type RefusalReason, refuse } from '../../shared/errors.ts';
import { LIMITS } from '../../shared/limits.ts';
import type { OkAck, ReportEndAck } from '../../shared/protocol/index.ts';
import { chunkBytesAt, chunkCountOf } from '../../shared/wire/chunk.ts';

/**
 * One upload as a pure stepper: which chunks are on disk, which are being written, and what to answer (PROTOCOL.md,
 * "Reports"). The interpreter in `upload.ts` owns the file, the CRC, the acks and the clock.
 */
export type UploadState =
  | (Chunks & { readonly phase: 'receiving' })
  /** The client said that this is all; what is still being written comes first. */
  | (Chunks & { readonly phase: 'ending' })
  /** The coordinator has the file. */
  | { readonly phase: 'reporting' }
  | { readonly phase: 'closed' };

interface Chunks {
  readonly totalBytes: number;
  /** One bit a chunk, lowest first: it is on disk. */
  readonly received: Uint8Array;
  readonly receivedCount: number;
  readonly writing: ReadonlySet<number>;
  /** Monotonic time of the last sign of life. */
  readonly lastAtMs: number;
}

export type UploadEvent =
  /** Announced again, after a reconnect. */
  | { readonly kind: 'begun'; readonly atMs: number }
  | {
      readonly kind: 'chunk';
      readonly index: number;
      readonly bytes: number;
      /** Its CRC-32 is the one that was announced. */
      readonly intact: boolean;
      readonly atMs: number;
    }
  | { readonly kind: 'written'; readonly index: number; readonly atMs: number }
  | { readonly kind: 'write-failed'; readonly index: number; readonly reason: 'storage-full' | 'internal' }
  | { readonly kind: 'end'; readonly atMs: number }
  | { readonly kind: 'reported'; readonly answer: ReportEndAck }
  /** Is it silent for too long? */
  | { readonly kind: 'idle-check'; readonly atMs: number }
  /** The round is over, the client withdrew, or other bytes were announced. */
  | { readonly kind: 'abort'; readonly reason: RefusalReason; readonly message: string };

export type UploadEffect =
  /** Write this chunk at its offset. */
  | { readonly kind: 'write'; readonly index: number; readonly offset: number }
  /** Answer the chunk that was just sent. */
  | { readonly kind: 'answer'; readonly answer: OkAck }
  /** Answer it when its first copy has been written. */
  | { readonly kind: 'wait'; readonly index: number }
  /** Answer all who wait for this chunk. */
  | { readonly kind: 'settle'; readonly index: number; readonly answer: OkAck }
  /** The file is complete: hand it to the coordinator. */
  | { readonly kind: 'report' }
  /** Answer all who asked for the end, now or earlier. */
  | { readonly kind: 'finish'; readonly answer: ReportEndAck }
  /** Answer this request for the end alone; the upload goes on. */
  | { readonly kind: 'not-yet'; readonly answer: ReportEndAck }
  /** Remove the partial file. */
  | { readonly kind: 'discard' };

export interface UploadStep {
  readonly state: UploadState;
  readonly effects: readonly UploadEffect[];
}

const ok: OkAck = { ok: true };

/** `there` are chunks that are on disk already, of this very report. */
export function startUpload(totalBytes: number, atMs: number, there: Iterable<number> = []): UploadState {
  const received = new Uint8Array(Math.ceil(chunkCountOf(totalBytes) / 8));
  let receivedCount = 0;
  for (const index of there) {
    received[index >> 3] = (received[index >> 3] ?? 0) | (1 << (index & 7));
    receivedCount += 1;
  }
  return { phase: 'receiving', totalBytes, received, receivedCount, writing: new Set(), lastAtMs: atMs };
}

export function stepUpload(state: UploadState, event: UploadEvent): UploadStep {
  switch (state.phase) {
    case 'receiving':
    case 'ending':
      return stepOpen(state, event);
    case 'reporting':
      return event.kind === 'reported'
        ? { state: { phase: 'closed' }, effects: [{ kind: 'finish', answer: event.answer }] }
        : { state, effects: event.kind === 'chunk' ? [{ kind: 'answer', answer: ok }] : [] };
    case 'closed':
      return { state, effects: event.kind === 'chunk' ? [{ kind: 'answer', answer: notOpen }] : [] };
  }
}

/** Chunks on disk, in order: what `report-begin` answers. */
export function receivedChunks(state: UploadState): number[] {
  if (state.phase !== 'receiving') return [];
  return Array.from({ length: chunkCountOf(state.totalBytes) }, (_, index) => index).filter((index) =>
    has(state, index),
  );
}

export const notOpen = refuse('not-assigned', 'no upload is open for this assignment: begin it first');

type Open = Extract<UploadState, Chunks>;

const has = (chunks: Chunks, index: number): boolean => (((chunks.received[index >> 3] ?? 0) >> (index & 7)) & 1) === 1;

function stepOpen(state: Open, event: UploadEvent): UploadStep {
  switch (event.kind) {
    case 'begun':
      return { state: { ...state, lastAtMs: event.atMs }, effects: [] };
    case 'chunk':
      return takeChunk(state, event);
    case 'written': {
      const writing = new Set(state.writing);
      writing.delete(event.index);
      const received = state.received.slice();
      received[event.index >> 3] = (received[event.index >> 3] ?? 0) | (1 << (event.index & 7));
      const written: Open = {
        ...state,
        received,
        receivedCount: state.receivedCount + 1,
        writing,
        lastAtMs: event.atMs,
      };
      const settle: UploadEffect = { kind: 'settle', index: event.index, answer: ok };
      return isComplete(written) && state.phase === 'ending'
        ? { state: { phase: 'reporting' }, effects: [settle, { kind: 'report' }] }
        : { state: written, effects: [settle] };
    }
    case 'write-failed':
      return close(
        state,
        event.reason,
        event.reason === 'storage-full' ? 'the server has no room for it: nothing was kept' : 'it could not be written',
      );
    case 'end':
      return end({ ...state, lastAtMs: event.atMs });
    case 'idle-check':
      return state.writing.size === 0 && event.atMs - state.lastAtMs >= LIMITS.uploadIdleMs
        ? close(state, 'not-assigned', 'the upload was silent for too long')
        : { state, effects: [] };
    case 'abort':
      return close(state, event.reason, event.message);
    case 'reported':
      return { state, effects: [] };
  }
}

function takeChunk(state: Open, event: Extract<UploadEvent, { kind: 'chunk' }>): UploadStep {
  const { index } = event;
  const answer = (answer: OkAck): UploadStep => ({
    state: { ...state, lastAtMs: event.atMs },
    effects: [{ kind: 'answer', answer }],
  });
  const expectedBytes = chunkBytesAt(state.totalBytes, index);
  if (expectedBytes === 0) return answer(refuse('chunk', 'there is no such chunk'));
  if (has(state, index)) return answer(ok);
  if (event.bytes !== expectedBytes) return answer(refuse('chunk', `this chunk has ${expectedBytes} bytes`));
  if (!event.intact) return answer(refuse('chunk', 'this chunk does not match its CRC-32'));
  const wait: UploadEffect = { kind: 'wait', index };
  if (state.writing.has(index)) return { state: { ...state, lastAtMs: event.atMs }, effects: [wait] };
  if (state.writing.size >= LIMITS.uploadWindowChunks)
    return answer(refuse('rate', `at most ${LIMITS.uploadWindowChunks} chunks before an ack`, 100));
  return {
    state: { ...state, writing: new Set([...state.writing, index]), lastAtMs: event.atMs },
    effects: [wait, { kind: 'write', index, offset: index * LIMITS.chunkBytes }],
  };
}

function end(state: Open): UploadStep {
  const chunkCount = chunkCountOf(state.totalBytes);
  if (isComplete(state)) return { state: { phase: 'reporting' }, effects: [{ kind: 'report' }] };
  if (state.receivedCount + state.writing.size === chunkCount)
    return { state: { ...state, phase: 'ending' }, effects: [] };
  let missing = 0;
  while (has(state, missing) || state.writing.has(missing)) missing += 1;
  const answer = refuse('chunk', `chunk ${missing} is missing, ${chunkCount - state.receivedCount} in all`);
  return { state, effects: [{ kind: 'not-yet', answer }] };
}

function close(state: Open, reason: RefusalReason, message: string): UploadStep {
  const answer = refuse(reason, message);
  return {
    state: { phase: 'closed' },
    effects: [
      ...[...state.writing].map((index): UploadEffect => ({ kind: 'settle', index, answer })),
      { kind: 'finish', answer },
      { kind: 'discard' },
    ],
  };
}

const isComplete = (state: Chunks): boolean => state.receivedCount === chunkCountOf(state.totalBytes);
