import { crc32 } from 'node:zlib';
import { type Refusal, type RefusalReason, refuse } from '../../shared/errors.ts';
import type { AssignmentToken, ClientId, TaskId } from '../../shared/ids.ts';
import { LIMITS } from '../../shared/limits.ts';
import type { OkAck, ReportBegin, ReportBeginAck, ReportChunk, ReportEndAck } from '../../shared/protocol/index.ts';
import { chunkBytesAt } from '../../shared/wire/chunk.ts';
import { frameBytesAllowed } from '../../shared/wire/frame.ts';
import type {
  AdmittedReport,
  AnnouncedReport,
  Coordinator,
  GivenUpload,
  LocalUploads,
  UploadsElsewhere,
} from '../rounds/port.ts';
import type { Spool, SpoolWriter } from '../storage/blobs/port.ts';
import { isStorageFull, OpenUpload, type UploadPlan, type UploadPorts } from './open-upload.ts';
import type { GatewayMetrics } from './ports.ts';
import { notOpen } from './upload-assembler.ts';

export interface UploadsOptions extends UploadPorts {
  readonly coordinator: Pick<Coordinator, 'admit' | 'receiptOf' | 'report' | 'rejected' | 'countBytes'>;
  readonly spool: Pick<Spool, 'open'>;
  readonly metrics: GatewayMetrics;
  /** Where other processes have uploads, too; null as long as there are none. */
  readonly elsewhere?: () => UploadsElsewhere | null;
}

/** An upload whose file is being made. */
interface Opening {
  readonly task: TaskId;
  readonly clientId: ClientId;
  readonly round: number;
  /** Its round ended meanwhile. */
  over: Refusal | null;
}

/**
 * Reports on their way in. At most one upload a client and task is open; it belongs to the assignment, not to the
 * socket, so a reconnect goes on where the last socket stopped.
 */
export class Uploads implements LocalUploads {
  readonly #options: UploadsOptions;
  readonly #open = new Map<string, OpenUpload>();
  /** Announcements of one client are dealt with one after the other. */
  readonly #turns = new Map<string, Promise<unknown>>();
  readonly #opening = new Set<Opening>();
  #draining = false;

  constructor(options: UploadsOptions) {
    this.#options = options;
  }

  get openCount(): number {
    return this.#open.size;
  }

  /** `isBack`: the client was at another process with this part, which may have what it sent there. */
  begin(task: TaskId, clientId: ClientId, announced: ReportBegin, isBack = false): Promise<ReportBeginAck> {
    return this.#inTurn(keyOf(task, clientId), () => this.#begin(task, clientId, announced, isBack));
  }

  async chunk(task: TaskId, clientId: ClientId, message: ReportChunk, bytes: Uint8Array): Promise<OkAck> {
    const upload = this.#find(task, clientId, message.token);
    if (upload === undefined) return this.#whyNot(task, clientId, message.token);
    this.#options.coordinator.countBytes(task, 'up', bytes.byteLength);
    this.#options.metrics.received(bytes.byteLength);
    return upload.chunk(message, bytes);
  }

  async end(task: TaskId, clientId: ClientId, token: AssignmentToken): Promise<ReportEndAck> {
    const upload = this.#find(task, clientId, token);
    if (upload !== undefined) return upload.end();
    // The ack of an earlier end may have been lost.
    const known = await this.#options.coordinator.receiptOf(task, clientId, token);
    return known === null ? this.#whyNot(task, clientId, token) : { ok: true, receipt: known.receipt };
  }

  /** Ends the uploads of a round that is over; `reasonFor` tells each client why. */
  roundEnded(task: TaskId, round: number, reasonFor: (clientId: ClientId) => RefusalReason): void {
    const message = 'the round ended before the report was complete';
    for (const opening of this.#opening)
      if (opening.task === task && opening.round === round) opening.over = refuse(reasonFor(opening.clientId), message);
    for (const upload of this.#open.values())
      if (upload.plan.task === task && upload.plan.admitted.round === round)
        upload.abort(reasonFor(upload.plan.clientId), message);
  }

  has(task: TaskId, clientId: ClientId, announced: AnnouncedReport): boolean {
    const open = this.#open.get(keyOf(task, clientId));
    if (open === undefined || open.phase === 'closed') return false;
    if (isSame(open, announced)) return true;
    open.abort('conflict', 'another report was announced');
    return false;
  }

  async give(task: TaskId, clientId: ClientId, announced: AnnouncedReport): Promise<GivenUpload | null> {
    const open = this.#open.get(keyOf(task, clientId));
    return open !== undefined && isSame(open, announced) ? open.give() : null;
  }

  /** Drops what this client has not finished. */
  async forget(task: TaskId, clientId: ClientId): Promise<void> {
    await this.#inTurn(keyOf(task, clientId), async () => {
      const upload = this.#open.get(keyOf(task, clientId));
      upload?.abort('not-assigned', 'the client withdrew');
      await upload?.done;
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
    await Promise.all([...this.#open.values()].map((upload) => upload.park()));
  }

  async #begin(task: TaskId, clientId: ClientId, announced: ReportBegin, isBack: boolean): Promise<ReportBeginAck> {
    const { coordinator } = this.#options;
    const { token, bytes } = announced;
    const known = await this.#receiptOf(task, clientId, announced);
    if (known !== null) return known;

    const open = this.#open.get(keyOf(task, clientId));
    if (open !== undefined) {
      const received = isSame(open, announced) ? await open.resume() : null;
      if (received !== null) return { ok: true, received, receipt: null };
      if (!isSame(open, announced)) open.abort('conflict', 'another report was announced');
      await open.done;
      return this.#begin(task, clientId, announced, isBack);
    }

    const admitted = await coordinator.admit(task, clientId, token);
    if ('ok' in admitted) return admitted;
    const allowed = frameBytesAllowed(admitted.expected);
    if (bytes < allowed.minimum || bytes > allowed.maximum) {
      coordinator.rejected(task, clientId, token, 'size');
      return refuse('size', `a report of this task has ${rangeOf(allowed)} bytes`);
    }
    if (this.#draining) return refuse('draining', 'the server is shutting down', 1_000);
    if (this.#open.size + this.#opening.size >= LIMITS.openUploadsCount)
      return refuse('busy', 'too many uploads are open just now', 2_000);

    // Between here and the upload its round may end. It is not asked for again whether it is admitted: what else may have
    // ended its part is found when the report is complete, or when its file is gone.
    const opening: Opening = { task, clientId, round: admitted.round, over: null };
    this.#opening.add(opening);
    try {
      const writer = await this.#openFile(task, admitted, bytes);
      if ('ok' in writer) return writer;
      try {
        const there = isBack ? await this.#takeOver(task, clientId, announced, admitted, writer) : new Map();
        const refused = opening.over ?? (isBack ? await this.#receiptOf(task, clientId, announced) : null);
        if (refused !== null) {
          await writer.discard();
          return refused;
        }
        this.#add({ task, clientId, admitted, announced, writer, there });
        return { ok: true, received: [...there.keys()].sort((a, b) => a - b), receipt: null };
      } catch (error) {
        await writer.discard();
        throw error;
      }
    } finally {
      this.#opening.delete(opening);
    }
  }

  /** What was accepted stays; null where nothing was. */
  async #receiptOf(task: TaskId, clientId: ClientId, { token, sha256 }: ReportBegin): Promise<ReportBeginAck | null> {
    const known = await this.#options.coordinator.receiptOf(task, clientId, token);
    if (known === null) return null;
    return known.sha256 === sha256
      ? { ok: true, received: [], receipt: known.receipt }
      : refuse('conflict', 'this assignment already has a report with other bytes');
  }

  async #openFile(task: TaskId, { round, updateId }: AdmittedReport, bytes: number): Promise<SpoolWriter | Refusal> {
    try {
      return await this.#options.spool.open(task, round, updateId, bytes);
    } catch (error) {
      if (!isStorageFull(error)) throw error;
      return refuse('storage-full', 'the server has no room for it: nothing was kept', 10_000);
    }
  }

  /** Writes what another process has of it; the chunks that are here then, and the CRC-32 of each. */
  async #takeOver(
    task: TaskId,
    clientId: ClientId,
    announced: ReportBegin,
    admitted: AdmittedReport,
    writer: SpoolWriter,
  ): Promise<ReadonlyMap<number, number>> {
    const { elsewhere = () => null, log } = this.#options;
    const there = new Map<number, number>();
    try {
      const { token, sha256, bytes } = announced;
      for await (const chunk of elsewhere()?.take(task, clientId, { token, sha256, bytes }, admitted) ?? []) {
        if (chunk.bytes.byteLength !== chunkBytesAt(bytes, chunk.index) || crc32(chunk.bytes) !== chunk.crc32) continue;
        await writer.write(chunk.index * LIMITS.chunkBytes, chunk.bytes);
        there.set(chunk.index, chunk.crc32);
      }
    } catch (error) {
      log.warn({ err: error, task, client: clientId }, 'what another process had of an upload was not written');
    }
    return there;
  }

  #add(plan: UploadPlan): void {
    const key = keyOf(plan.task, plan.clientId);
    const upload = new OpenUpload(plan, this.#options);
    const counted = (): void => this.#options.metrics.uploads(this.#open.size);
    this.#open.set(key, upload);
    counted();
    void upload.done.then(() => {
      this.#open.delete(key);
      counted();
    });
  }

  #find(task: TaskId, clientId: ClientId, token: AssignmentToken): OpenUpload | undefined {
    const upload = this.#open.get(keyOf(task, clientId));
    return upload?.plan.announced.token === token && upload.phase !== 'closed' ? upload : undefined;
  }

  /** Why there is no upload under this token: the coordinator knows if its round is over. */
  async #whyNot(task: TaskId, clientId: ClientId, token: AssignmentToken): Promise<Refusal> {
    const admitted = await this.#options.coordinator.admit(task, clientId, token);
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
}

const isSame = ({ plan }: OpenUpload, { token, sha256, bytes }: AnnouncedReport): boolean =>
  plan.announced.token === token && plan.announced.sha256 === sha256 && plan.announced.bytes === bytes;

const keyOf = (task: TaskId, clientId: ClientId): string => `${task}/${clientId}`;

const rangeOf = ({ minimum, maximum }: { readonly minimum: number; readonly maximum: number }): string =>
  minimum === maximum ? `${minimum}` : `${minimum} to ${maximum}`;
