import { crc32 } from 'node:zlib';
import type { Clock } from '../../shared/clock.ts';
import { type Refusal, type RefusalReason, refuse } from '../../shared/errors.ts';
import type { AssignmentToken, ClientId, TaskId } from '../../shared/ids.ts';
import { LIMITS } from '../../shared/limits.ts';
import type { OkAck, ReportBegin, ReportBeginAck, ReportChunk, ReportEndAck } from '../../shared/protocol/index.ts';
import { frameBytesAllowed } from '../../shared/wire/frame.ts';
import type { Coordinator } from '../rounds/port.ts';
import type { Spool, SpoolWriter } from '../storage/blobs/port.ts';
import { internalRefusal } from './internal-refusal.ts';
import type { GatewayLog, GatewayMetrics } from './ports.ts';
import {
  notOpen,
  receivedChunks,
  startUpload,
  stepUpload,
  type UploadEffect,
  type UploadEvent,
  type UploadState,
} from './upload-assembler.ts';

export interface UploadsOptions {
  readonly coordinator: Pick<Coordinator, 'admit' | 'receiptOf' | 'report' | 'rejected' | 'countBytes'>;
  readonly spool: Pick<Spool, 'open'>;
  readonly clock: Clock;
  readonly log: GatewayLog;
  readonly metrics: GatewayMetrics;
}

interface OpenUpload {
  readonly task: TaskId;
  readonly clientId: ClientId;
  readonly round: number;
  readonly announced: ReportBegin;
  readonly writer: SpoolWriter;
  state: UploadState;
  readonly chunkWaiters: Map<number, ((answer: OkAck) => void)[]>;
  readonly endWaiters: ((answer: ReportEndAck) => void)[];
  readonly writes: Set<Promise<void>>;
  stopTimer: () => void;
  /** Resolves when the upload is closed and its file let go. */
  readonly done: Promise<void>;
  readonly resolveDone: () => void;
}

/** What one message brings with it besides its event. */
interface Arrival {
  readonly bytes?: Uint8Array;
  readonly answer?: (answer: OkAck) => void;
}

/**
 * Reports on their way in: runs the effects of `upload-assembler.ts`. At most one upload a client and task is open;
 * it belongs to the assignment, not to the socket, so a reconnect goes on where the last socket stopped.
 */
export class Uploads {
  readonly #options: UploadsOptions;
  readonly #open = new Map<string, OpenUpload>();
  /** Announcements of one client are dealt with one after the other. */
  readonly #turns = new Map<string, Promise<unknown>>();
  #openingCount = 0;
  #draining = false;

  constructor(options: UploadsOptions) {
    this.#options = options;
  }

  get openCount(): number {
    return this.#open.size;
  }

  begin(task: TaskId, clientId: ClientId, announced: ReportBegin): Promise<ReportBeginAck> {
    return this.#inTurn(keyOf(task, clientId), () => this.#begin(task, clientId, announced));
  }

  async chunk(task: TaskId, clientId: ClientId, message: ReportChunk, bytes: Uint8Array): Promise<OkAck> {
    const upload = this.#find(task, clientId, message.token);
    if (upload === undefined) return this.#whyNot(task, clientId, message.token);
    this.#options.coordinator.countBytes(task, 'up', bytes.byteLength);
    this.#options.metrics.received(bytes.byteLength);
    const intact = bytes.byteLength <= LIMITS.chunkBytes && crc32(bytes) === message.crc32;
    const event = {
      kind: 'chunk',
      index: message.index,
      bytes: bytes.byteLength,
      intact,
      atMs: this.#nowMs(),
    } as const;
    return new Promise((answer) => this.#step(upload, event, { bytes, answer }));
  }

  async end(task: TaskId, clientId: ClientId, token: AssignmentToken): Promise<ReportEndAck> {
    const upload = this.#find(task, clientId, token);
    if (upload !== undefined)
      return new Promise((answer) => {
        upload.endWaiters.push(answer);
        this.#step(upload, { kind: 'end', atMs: this.#nowMs() });
      });
    // The ack of an earlier end may have been lost.
    const known = await this.#options.coordinator.receiptOf(task, clientId, token);
    return known === null ? this.#whyNot(task, clientId, token) : { ok: true, receipt: known.receipt };
  }

  /** Ends the uploads of a round that is over; `reasonFor` tells each client why. */
  roundEnded(task: TaskId, round: number, reasonFor: (clientId: ClientId) => RefusalReason): void {
    for (const upload of this.#open.values())
      if (upload.task === task && upload.round === round)
        this.#step(upload, {
          kind: 'abort',
          reason: reasonFor(upload.clientId),
          message: 'the round ended before the report was complete',
        });
  }

  /** Drops what this client has not finished. */
  async forget(task: TaskId, clientId: ClientId): Promise<void> {
    await this.#inTurn(keyOf(task, clientId), async () => {
      const upload = this.#open.get(keyOf(task, clientId));
      if (upload === undefined) return;
      this.#step(upload, { kind: 'abort', reason: 'not-assigned', message: 'the client withdrew' });
      await upload.done;
    });
  }

  /** No new uploads; resolves when none is open. */
  async drain(): Promise<void> {
    this.#draining = true;
    await Promise.allSettled(this.#turns.values());
    await Promise.all([...this.#open.values()].map((upload) => upload.done));
  }

  /** Closes the files of what is still open and keeps them partial. */
  async park(): Promise<void> {
    this.#draining = true;
    await Promise.all(
      [...this.#open.values()].map(async (upload) => {
        if (upload.state.phase === 'reporting') return upload.done;
        upload.stopTimer();
        upload.state = { phase: 'closed' };
        this.#answerAll(upload, refuse('draining', 'the server is shutting down'));
        await Promise.allSettled(upload.writes);
        await upload.writer.pause().catch((error: unknown) => this.#logged(upload, error));
        this.#release(upload);
      }),
    );
  }

  async #begin(task: TaskId, clientId: ClientId, announced: ReportBegin): Promise<ReportBeginAck> {
    const { coordinator, spool } = this.#options;
    const { token, sha256, bytes } = announced;
    const known = await coordinator.receiptOf(task, clientId, token);
    if (known !== null)
      return known.sha256 === sha256
        ? { ok: true, received: [], receipt: known.receipt }
        : refuse('conflict', 'this assignment already has a report with other bytes');

    const open = this.#open.get(keyOf(task, clientId));
    if (open !== undefined) {
      const isSame =
        open.announced.token === token && open.announced.sha256 === sha256 && open.announced.bytes === bytes;
      if (isSame) await Promise.allSettled(open.writes);
      if (isSame && open.state.phase === 'receiving') {
        this.#step(open, { kind: 'begun', atMs: this.#nowMs() });
        return { ok: true, received: receivedChunks(open.state), receipt: null };
      }
      if (!isSame) this.#step(open, { kind: 'abort', reason: 'conflict', message: 'another report was announced' });
      await open.done;
      return this.#begin(task, clientId, announced);
    }

    const admitted = coordinator.admit(task, clientId, token);
    if ('ok' in admitted) return admitted;
    const allowed = frameBytesAllowed(admitted.expected);
    if (bytes < allowed.minimum || bytes > allowed.maximum) {
      coordinator.rejected(task, clientId, token, 'size');
      return refuse('size', `a report of this task has ${rangeOf(allowed)} bytes`);
    }
    if (this.#draining) return refuse('draining', 'the server is shutting down', 1_000);
    if (this.#open.size + this.#openingCount >= LIMITS.openUploadsCount)
      return refuse('busy', 'too many uploads are open just now', 2_000);

    this.#openingCount += 1;
    let writer: SpoolWriter;
    try {
      writer = await spool.open(task, admitted.round, admitted.updateId, bytes);
    } catch (error) {
      if (isStorageFull(error))
        return refuse('storage-full', 'the server has no room for it: nothing was kept', 10_000);
      throw error;
    } finally {
      this.#openingCount -= 1;
    }
    const stillAdmitted = coordinator.admit(task, clientId, token);
    if ('ok' in stillAdmitted) {
      await writer.discard();
      return stillAdmitted;
    }
    this.#add(task, clientId, admitted.round, announced, writer);
    return { ok: true, received: [], receipt: null };
  }

  #add(task: TaskId, clientId: ClientId, round: number, announced: ReportBegin, writer: SpoolWriter): void {
    let resolveDone: () => void = () => {};
    const done = new Promise<void>((resolve) => {
      resolveDone = resolve;
    });
    const upload: OpenUpload = {
      task,
      clientId,
      round,
      announced,
      writer,
      state: startUpload(announced.bytes, this.#nowMs()),
      chunkWaiters: new Map(),
      endWaiters: [],
      writes: new Set(),
      stopTimer: () => {},
      done,
      resolveDone,
    };
    this.#open.set(keyOf(task, clientId), upload);
    this.#options.metrics.uploads(this.#open.size);
    this.#watch(upload, LIMITS.uploadIdleMs);
  }

  #watch(upload: OpenUpload, delayMs: number): void {
    upload.stopTimer = this.#options.clock.after(delayMs, () => {
      this.#step(upload, { kind: 'idle-check', atMs: this.#nowMs() });
      if ('lastAtMs' in upload.state)
        this.#watch(upload, Math.max(1_000, upload.state.lastAtMs + LIMITS.uploadIdleMs - this.#nowMs()));
    });
  }

  #step(upload: OpenUpload, event: UploadEvent, arrival: Arrival = {}): void {
    const { state, effects } = stepUpload(upload.state, event);
    upload.state = state;
    for (const effect of effects) this.#run(upload, effect, arrival);
    if (state.phase === 'closed' && effects.length > 0) this.#close(upload, effects);
  }

  #run(upload: OpenUpload, effect: UploadEffect, arrival: Arrival): void {
    switch (effect.kind) {
      case 'answer':
        arrival.answer?.(effect.answer);
        return;
      case 'wait':
        if (arrival.answer !== undefined)
          upload.chunkWaiters.set(effect.index, [...(upload.chunkWaiters.get(effect.index) ?? []), arrival.answer]);
        return;
      case 'settle':
        for (const answer of upload.chunkWaiters.get(effect.index) ?? []) answer(effect.answer);
        upload.chunkWaiters.delete(effect.index);
        return;
      case 'write':
        if (arrival.bytes !== undefined) this.#write(upload, effect.index, effect.offset, arrival.bytes);
        return;
      case 'report':
        void this.#report(upload);
        return;
      case 'not-yet':
        upload.endWaiters.pop()?.(effect.answer);
        return;
      case 'finish':
        for (const answer of upload.endWaiters.splice(0)) answer(effect.answer);
        return;
      case 'discard':
        return; // with the closing: the writes under way come first
    }
  }

  #write(upload: OpenUpload, index: number, offset: number, bytes: Uint8Array): void {
    const write = upload.writer.write(offset, bytes).then(
      () => this.#step(upload, { kind: 'written', index, atMs: this.#nowMs() }),
      (error: unknown) => {
        this.#logged(upload, error);
        this.#step(upload, { kind: 'write-failed', index, reason: isStorageFull(error) ? 'storage-full' : 'internal' });
      },
    );
    upload.writes.add(write);
    void write.finally(() => upload.writes.delete(write));
  }

  /** From here on the file is the coordinator's: it keeps or discards it. */
  async #report(upload: OpenUpload): Promise<void> {
    const { token, sha256, bytes, metrics } = upload.announced;
    let answer: ReportEndAck;
    try {
      const report = { token, sha256, bytes, metrics, writer: upload.writer };
      answer = await this.#options.coordinator.report(upload.task, upload.clientId, report);
    } catch (error) {
      answer = internalRefusal(
        this.#options.log,
        { task: upload.task, client: upload.clientId, round: upload.round },
        error,
      );
    }
    this.#step(upload, { kind: 'reported', answer });
  }

  #close(upload: OpenUpload, effects: readonly UploadEffect[]): void {
    upload.stopTimer();
    if (!effects.some((effect) => effect.kind === 'discard')) {
      this.#release(upload);
      return;
    }
    void Promise.allSettled(upload.writes)
      .then(() => upload.writer.discard())
      .catch((error: unknown) => this.#logged(upload, error))
      .finally(() => this.#release(upload));
  }

  #release(upload: OpenUpload): void {
    const key = keyOf(upload.task, upload.clientId);
    if (this.#open.get(key) === upload) this.#open.delete(key);
    this.#options.metrics.uploads(this.#open.size);
    upload.resolveDone();
  }

  #answerAll(upload: OpenUpload, refusal: Refusal): void {
    for (const waiters of upload.chunkWaiters.values()) for (const answer of waiters) answer(refusal);
    upload.chunkWaiters.clear();
    for (const answer of upload.endWaiters.splice(0)) answer(refusal);
  }

  #find(task: TaskId, clientId: ClientId, token: AssignmentToken): OpenUpload | undefined {
    const upload = this.#open.get(keyOf(task, clientId));
    return upload?.announced.token === token && upload.state.phase !== 'closed' ? upload : undefined;
  }

  /** Why there is no upload under this token: the coordinator knows if its round is over. */
  #whyNot(task: TaskId, clientId: ClientId, token: AssignmentToken): Refusal {
    const admitted = this.#options.coordinator.admit(task, clientId, token);
    return 'ok' in admitted ? admitted : notOpen;
  }

  #inTurn<Value>(key: string, work: () => Promise<Value>): Promise<Value> {
    const turn = (this.#turns.get(key) ?? Promise.resolve()).then(work, work);
    this.#turns.set(key, turn);
    const clear = (): void => {
      if (this.#turns.get(key) === turn) this.#turns.delete(key);
    };
    turn.then(clear, clear);
    return turn;
  }

  #logged(upload: OpenUpload, error: unknown): void {
    this.#options.log.error(
      { err: error, task: upload.task, client: upload.clientId, round: upload.round },
      'upload failed',
    );
  }

  #nowMs(): number {
    return this.#options.clock.elapsed();
  }
}

const keyOf = (task: TaskId, clientId: ClientId): string => `${task}/${clientId}`;

const rangeOf = ({ minimum, maximum }: { readonly minimum: number; readonly maximum: number }): string =>
  minimum === maximum ? `${minimum}` : `${minimum} to ${maximum}`;

/** What storage calls it; the class itself is behind the port. */
const isStorageFull = (error: unknown): boolean => error instanceof Error && error.name === 'StorageFullError';
