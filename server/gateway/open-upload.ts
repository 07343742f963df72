import { crc32 } from 'node:zlib';
import type { Clock } from '../../shared/clock.ts';
import { type Refusal, type RefusalReason, refuse } from '../../shared/errors.ts';
import type { ClientId, TaskId } from '../../shared/ids.ts';
import { LIMITS } from '../../shared/limits.ts';
import type { OkAck, ReportBegin, ReportChunk, ReportEndAck } from '../../shared/protocol/index.ts';
import { chunkCountOf } from '../../shared/wire/chunk.ts';
import type { AdmittedReport, Coordinator, GivenUpload } from '../rounds/port.ts';
import type { SpoolWriter } from '../storage/blobs/port.ts';
import { internalRefusal } from './internal-refusal.ts';
import type { GatewayLog } from './ports.ts';
import type { ReadValve } from './read-valve.ts';
import {
  notOpen,
  receivedChunks,
  startUpload,
  stepUpload,
  type UploadEffect,
  type UploadEvent,
  type UploadState,
} from './upload-assembler.ts';

export interface UploadPorts {
  readonly coordinator: Pick<Coordinator, 'admit' | 'report'>;
  readonly valve: ReadValve;
  readonly clock: Clock;
  readonly log: GatewayLog;
}

/** Whose upload it is, and where it goes. */
export interface UploadPlan {
  readonly task: TaskId;
  readonly clientId: ClientId;
  readonly admitted: AdmittedReport;
  readonly announced: ReportBegin;
  readonly writer: SpoolWriter;
  /** Chunks that are on disk already, with their CRC-32. */
  readonly there: ReadonlyMap<number, number>;
}

/** What one message brings with it besides its event. */
interface Arrival {
  readonly bytes?: Uint8Array;
  readonly crc32?: number;
  readonly answer?: (answer: OkAck) => void;
}

/** One report on its way in: runs the effects of `upload-assembler.ts` on its file, its acks and its timer. */
export class OpenUpload {
  readonly plan: UploadPlan;
  /** Resolves when the upload is closed and its file let go. */
  readonly done: Promise<void>;
  readonly #ports: UploadPorts;
  readonly #resolveDone: () => void;
  readonly #chunkWaiters = new Map<number, ((answer: OkAck) => void)[]>();
  readonly #endWaiters: ((answer: ReportEndAck) => void)[] = [];
  readonly #writes = new Set<Promise<void>>();
  /** Of each chunk that is on disk, or on its way there. */
  readonly #crcs: Uint32Array;
  #state: UploadState;
  #stopTimer: () => void = () => {};

  constructor(plan: UploadPlan, ports: UploadPorts) {
    this.plan = plan;
    this.#ports = ports;
    let resolveDone: () => void = () => {};
    this.done = new Promise((resolve) => {
      resolveDone = resolve;
    });
    this.#resolveDone = resolveDone;
    const { announced, there } = plan;
    this.#state = startUpload(announced.bytes, this.#nowMs(), there.keys());
    this.#crcs = new Uint32Array(chunkCountOf(announced.bytes));
    for (const [index, crc] of there) this.#crcs[index] = crc;
    this.#watch(LIMITS.uploadIdleMs);
  }

  get phase(): UploadState['phase'] {
    return this.#state.phase;
  }

  /** Announced again: the chunks that are on disk, once those under way are; null when it takes none any more. */
  async resume(): Promise<number[] | null> {
    await Promise.allSettled(this.#writes);
    if (this.#state.phase !== 'receiving') return null;
    this.#step({ kind: 'begun', atMs: this.#nowMs() });
    return receivedChunks(this.#state);
  }

  chunk({ index, crc32: announced }: ReportChunk, bytes: Uint8Array): Promise<OkAck> {
    const intact = bytes.byteLength <= LIMITS.chunkBytes && crc32(bytes) === announced;
    const event = { kind: 'chunk', index, bytes: bytes.byteLength, intact, atMs: this.#nowMs() } as const;
    return new Promise((answer) => this.#step(event, { bytes, crc32: announced, answer }));
  }

  end(): Promise<ReportEndAck> {
    return new Promise((answer) => {
      this.#endWaiters.push(answer);
      this.#step({ kind: 'end', atMs: this.#nowMs() });
    });
  }

  abort(reason: RefusalReason, message: string): void {
    this.#step({ kind: 'abort', reason, message });
  }

  /** Closes the file and keeps it partial; a report that the coordinator has is waited for. */
  async park(): Promise<void> {
    if (this.#state.phase === 'reporting' || this.#state.phase === 'closed') return this.done;
    this.#letGo(refuse('draining', 'the server is shutting down'));
    await Promise.allSettled(this.#writes);
    await this.plan.writer.pause().catch((error: unknown) => this.#logged(error));
    this.#resolveDone();
  }

  /** Another process goes on with what is on disk. Null where that is over: the coordinator has it, or it is closed. */
  async give(): Promise<GivenUpload | null> {
    await Promise.allSettled(this.#writes);
    if (this.#state.phase !== 'receiving') {
      await this.done;
      return null;
    }
    const chunks = new Map(receivedChunks(this.#state).map((index) => [index, this.#crcs[index] ?? 0]));
    const { writer } = this.plan;
    this.#letGo(notOpen);
    return {
      ...{ chunks, path: writer.path },
      discard: async () => {
        await Promise.allSettled(this.#writes);
        await writer.discard().catch((error: unknown) => this.#logged(error));
        this.#resolveDone();
      },
    };
  }

  /** Whoever waits is told this; from here on it takes nothing. The file is the caller's. */
  #letGo(answer: Refusal): void {
    this.#stopTimer();
    this.#state = { phase: 'closed' };
    for (const index of [...this.#chunkWaiters.keys()]) this.#run({ kind: 'settle', index, answer }, {});
    this.#run({ kind: 'finish', answer }, {});
  }

  #watch(delayMs: number): void {
    this.#stopTimer = this.#ports.clock.after(delayMs, () => {
      this.#step({ kind: 'idle-check', atMs: this.#nowMs() });
      if ('lastAtMs' in this.#state)
        this.#watch(Math.max(1_000, this.#state.lastAtMs + LIMITS.uploadIdleMs - this.#nowMs()));
    });
  }

  #step(event: UploadEvent, arrival: Arrival = {}): void {
    const wasOpen = this.#state.phase !== 'closed';
    const { state, effects } = stepUpload(this.#state, event);
    this.#state = state;
    for (const effect of effects) this.#run(effect, arrival);
    if (wasOpen && state.phase === 'closed') this.#close(effects.some((effect) => effect.kind === 'discard'));
  }

  #run(effect: UploadEffect, arrival: Arrival): void {
    switch (effect.kind) {
      case 'answer':
        arrival.answer?.(effect.answer);
        return;
      case 'wait':
        if (arrival.answer !== undefined)
          this.#chunkWaiters.set(effect.index, [...(this.#chunkWaiters.get(effect.index) ?? []), arrival.answer]);
        return;
      case 'settle':
        for (const answer of this.#chunkWaiters.get(effect.index) ?? []) answer(effect.answer);
        this.#chunkWaiters.delete(effect.index);
        return;
      case 'write':
        this.#crcs[effect.index] = arrival.crc32 ?? 0;
        if (arrival.bytes !== undefined) this.#write(effect.index, effect.offset, arrival.bytes);
        return;
      case 'report':
        void this.#report();
        return;
      case 'not-yet':
        this.#endWaiters.pop()?.(effect.answer);
        return;
      case 'finish':
        for (const answer of this.#endWaiters.splice(0)) answer(effect.answer);
        return;
      case 'discard':
        return; // with the closing: the writes under way come first
    }
  }

  #write(index: number, offset: number, bytes: Uint8Array): void {
    const written = this.#ports.valve.hold(bytes.byteLength);
    const write = this.plan.writer.write(offset, bytes).then(
      () => this.#step({ kind: 'written', index, atMs: this.#nowMs() }),
      async (error: unknown) => {
        // Whose part is over has no file any more: in a buffered task parts end apart from their rounds, or at a word of their own.
        const { task, clientId, announced } = this.plan;
        const admitted = await this.#ports.coordinator.admit(task, clientId, announced.token);
        if ('ok' in admitted) return this.abort(admitted.reason, admitted.message);
        this.#logged(error);
        this.#step({ kind: 'write-failed', index, reason: isStorageFull(error) ? 'storage-full' : 'internal' });
      },
    );
    this.#writes.add(write);
    void write.finally(() => {
      this.#writes.delete(write);
      written();
    });
  }

  /** From here on the file is the coordinator's: it keeps or discards it. */
  async #report(): Promise<void> {
    const { task, clientId, announced, admitted, writer } = this.plan;
    const { token, sha256, bytes, metrics } = announced;
    const report = { token, sha256, bytes, metrics, writer, admitted };
    let answer: ReportEndAck;
    try {
      answer = await this.#ports.coordinator.report(task, clientId, report);
    } catch (error) {
      answer = internalRefusal(this.#ports.log, this.#ids(), error);
    }
    this.#step({ kind: 'reported', answer });
  }

  #close(isDiscarded: boolean): void {
    this.#stopTimer();
    if (!isDiscarded) {
      this.#resolveDone();
      return;
    }
    void Promise.allSettled(this.#writes)
      .then(() => this.plan.writer.discard())
      .catch((error: unknown) => this.#logged(error))
      .finally(this.#resolveDone);
  }

  #logged(error: unknown): void {
    this.#ports.log.error({ err: error, ...this.#ids() }, 'upload failed');
  }

  #ids(): Readonly<Record<string, unknown>> {
    return { task: this.plan.task, client: this.plan.clientId, round: this.plan.admitted.round };
  }

  #nowMs(): number {
    return this.#ports.clock.elapsed();
  }
}

/** What storage calls it; the class itself is behind the port. */
export const isStorageFull = (error: unknown): boolean => error instanceof Error && error.name === 'StorageFullError';
