import type { Clock } from '../../../shared/clock.ts';
import type { ClientId, TaskId, UpdateId } from '../../../shared/ids.ts';
import { LIMITS } from '../../../shared/limits.ts';
import type { ProcessId } from '../../cluster/bus.ts';
import type { MovingReports } from '../../storage/blobs/port.ts';
import type { CoordinatorLog } from '../coordinator-ports.ts';
import type { AnnouncedReport, GivenUpload, LocalUploads, UploadsElsewhere } from '../port.ts';
import { Serial } from '../serial.ts';
import type { CallOptions } from './calls.ts';

/** What one process asks another for. */
const HAS = 'upload-has';
const GIVE = 'upload-give';
const FORGET = 'upload-forget';

type Place = readonly [round: number, updateId: UpdateId];
type Given = readonly (readonly [index: number, crc32: number])[];

export interface UploadMovesOptions {
  /** Of this process. */
  readonly uploads: LocalUploads;
  readonly moving: MovingReports;
  /** All other processes, as far as it is known. */
  readonly others: () => readonly ProcessId[];
  readonly ask: (task: TaskId, name: string, args: readonly unknown[], how: CallOptions) => Promise<unknown>;
  /** Not done where this process ends before. */
  readonly later: (delayMs: number, act: () => void) => void;
  readonly clock: Pick<Clock, 'elapsed'>;
  readonly log: CoordinatorLog;
}

/**
 * Uploads that go on at another process than the one they began at. Whoever the client has come to asks the others; the
 * one that has the upload lets go of it, and leaves its chunks where both reach them. One has it at any time, or none.
 */
export class UploadMoves implements UploadsElsewhere {
  readonly #options: UploadMovesOptions;
  /** One after the other: however many clients pass from one process to another, a chunk of one of them is in memory. */
  readonly #giving = new Serial();

  constructor(options: UploadMovesOptions) {
    this.#options = options;
  }

  async *take(
    task: TaskId,
    clientId: ClientId,
    announced: AnnouncedReport,
    { round, updateId }: { readonly round: number; readonly updateId: UpdateId },
  ): ReturnType<UploadsElsewhere['take']> {
    const { moving, clock, log } = this.#options;
    const startedMs = clock.elapsed();
    try {
      const from = await this.#holder(task, clientId, announced);
      if (from === null) return;
      const given = await this.#askToGive(from, task, [clientId, announced, round, updateId]);
      for (const [index, crc32] of given) {
        if (clock.elapsed() - startedMs > LIMITS.uploadMoveMs) break;
        const bytes = await moving.chunk(updateId, index);
        if (bytes !== null) yield { index, crc32, bytes };
      }
      if (given.length > 0) await moving.remove(updateId);
    } catch (error) {
      log.warn({ err: error, task, client: clientId }, 'an upload could not be taken over: it begins anew');
    }
  }

  /** What another process asks; undefined where it is about something else. */
  answer(task: TaskId, name: string, args: readonly unknown[]): Promise<unknown> | undefined {
    const [clientId, announced, ...place] = args as [ClientId, AnnouncedReport, ...Place];
    if (name === HAS) return Promise.resolve(this.#options.uploads.has(task, clientId, announced));
    if (name === FORGET) return this.#options.uploads.forget(task, clientId);
    return name === GIVE ? this.#give(task, clientId, announced, place) : undefined;
  }

  /** Drops what the others have of this client. Those that are away lose it as they lose all that is unfinished. */
  async forget(task: TaskId, clientId: ClientId): Promise<void> {
    const { others, ask } = this.#options;
    await Promise.allSettled(others().map((to) => ask(task, FORGET, [clientId], { to, withinMs: LIMITS.uploadAskMs })));
  }

  /** Whoever says first that it has it. */
  async #holder(task: TaskId, ...upload: [ClientId, AnnouncedReport]): Promise<ProcessId | null> {
    const { others, ask } = this.#options;
    const asked = others().map(async (to) => {
      if ((await ask(task, HAS, upload, { to, withinMs: LIMITS.uploadAskMs })) === true) return to;
      throw new Error(`${to} does not have it`);
    });
    return Promise.any(asked).catch(() => null);
  }

  async #askToGive(to: ProcessId, task: TaskId, args: readonly unknown[]): Promise<Given> {
    const how = { to, withinMs: LIMITS.uploadMoveMs, isRepeatable: true };
    return (await this.#options.ask(task, GIVE, args, how)) as Given;
  }

  async #give(task: TaskId, clientId: ClientId, announced: AnnouncedReport, place: Place): Promise<Given> {
    const { uploads, clock } = this.#options;
    const askedMs = clock.elapsed();
    const upload = await uploads.give(task, clientId, announced);
    if (upload === null) return [];
    return this.#giving.run(async () => {
      try {
        // Whoever asked has given up by now.
        if (clock.elapsed() - askedMs > LIMITS.uploadMoveMs) return [];
        return await this.#leave(task, upload, place);
      } finally {
        await upload.discard();
      }
    });
  }

  async #leave(task: TaskId, { chunks, path }: GivenUpload, [round, updateId]: Place): Promise<Given> {
    const { moving, later, log } = this.#options;
    const given = [...chunks].slice(0, LIMITS.uploadMoveChunks);
    if (given.length === 0) return given;
    const indices = given.map(([index]) => index);
    await moving.leave(task, round, updateId, path, indices);
    // Whoever was to fetch it may be gone.
    later(LIMITS.uploadIdleMs, () => {
      moving
        .remove(updateId)
        .catch((error: unknown) => log.warn({ err: error, task }, 'what was left of an upload is still there'));
    });
    return given;
  }
}
