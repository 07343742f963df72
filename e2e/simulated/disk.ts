import { createHash } from 'node:crypto';
import {
  closeSync,
  existsSync,
  ftruncateSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  truncateSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import type { BlobStore, Spool } from '../../server/storage/blobs/port.ts';
import { StorageIoError } from '../../server/storage/errors.ts';
import { memoryStorage } from '../../server/storage/memory/memory.ts';
import type { Storage } from '../../server/storage/port.ts';
import type { Clock } from '../../shared/clock.ts';
import type { Sha256, TaskId, UpdateId } from '../../shared/ids.ts';
import type { Rng } from '../../shared/rng.ts';
import { type ServerProcess, walled } from './server-process.ts';

/** In memory where the system has such a folder: nothing here outlives the run. */
const SHARED_MEMORY = '/dev/shm';
const PARTIAL = '.partial';

/** What survives the death of a process: rows, blobs, finished reports; and of what was not finished yet, pieces. */
export class Disk {
  readonly storage: Storage = memoryStorage();
  readonly #blobs = new Map<Sha256, { readonly bytes: Uint8Array; putAt: number }>();
  readonly #folder = mkdtempSync(join(existsSync(SHARED_MEMORY) ? SHARED_MEMORY : tmpdir(), 'fedtab-simulated-'));
  readonly #clock: Clock;
  /** Opened by which process; a later one takes over. */
  readonly #writers = new Map<string, object>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  close(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  blob(sha256: Sha256): Uint8Array | null {
    return this.#blobs.get(sha256)?.bytes ?? null;
  }

  blobNames(): readonly Sha256[] {
    return [...this.#blobs.keys()];
  }

  /** Reports that lie here, finished or not. */
  reports(): readonly string[] {
    return readdirSync(this.#folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => join(parentPath, name));
  }

  /** The process is gone: of a file that was not finished any number of its last bytes may be missing. */
  tear(rng: Rng): void {
    this.#writers.clear();
    for (const file of this.reports())
      if (file.endsWith(PARTIAL) && rng.below(2) === 0) truncateSync(file, rng.below(64));
  }

  storageOf(process: ServerProcess): Storage {
    const { tasks, rounds, checkpoints, admin } = this.storage;
    return {
      tasks: walled(tasks, process, 'database', ['create', 'update', 'remove', 'fence', 'lease', 'renew', 'endLease']),
      rounds: walled(rounds, process, 'database', [
        ...(['open', 'openFill', 'join', 'assign', 'accept', 'reject', 'abandon', 'commit'] as const),
        ...(['conclude', 'withdraw'] as const),
      ]),
      checkpoints: walled(checkpoints, process, 'database', ['setMetrics', 'append', 'release']),
      admin: walled(admin, process, 'database', ['removeExpired']),
      async close() {},
    };
  }

  blobsOf(process: ServerProcess): BlobStore {
    const blobs = this.#blobs;
    const store: BlobStore = {
      put: async (bytes) => {
        const sha256 = createHash('sha256').update(bytes).digest('hex') as Sha256;
        const known = blobs.get(sha256);
        if (known === undefined) blobs.set(sha256, { bytes: bytes.slice(), putAt: this.#clock.now() });
        else known.putAt = this.#clock.now();
        return sha256;
      },
      get: async (sha256) => blobs.get(sha256)?.bytes.slice() ?? null,
      size: async (sha256) => blobs.get(sha256)?.bytes.byteLength ?? null,
      stream: () => Readable.from([]),
      file: async () => {
        throw new Error('there are no files of blobs here');
      },
      sweep: async (referenced, graceMs, now) => {
        const old = [...blobs].filter(([sha256, { putAt }]) => !referenced.has(sha256) && now - putAt > graceMs);
        for (const [sha256] of old) blobs.delete(sha256);
        return old.length;
      },
    };
    return { ...walled(store, process, 'blobs', ['put', 'sweep']), stream: store.stream };
  }

  spoolOf(process: ServerProcess): Spool {
    const { path, ...spool } = this.#spool(process);
    return {
      ...walled(spool, process, 'spool', ['open', 'remove', 'drop', 'dropTask', 'keepOnly', 'sweep']),
      path,
    } as Spool;
  }

  #spool(process: ServerProcess): Spool {
    const roundFolder = (task: TaskId, round: number): string => join(this.#folder, task, String(round));
    const path = (task: TaskId, round: number, updateId: UpdateId): string => join(roundFolder(task, round), updateId);
    const remove = (file: string): void => rmSync(file, { recursive: true, force: true });
    const forget = (under: string): void => {
      for (const file of this.#writers.keys()) if (file.startsWith(under)) this.#writers.delete(file);
      remove(under);
    };
    return {
      path,
      open: async (task, round, updateId, totalBytes) => {
        const final = path(task, round, updateId);
        const partial = `${final}${PARTIAL}`;
        mkdirSync(dirname(final), { recursive: true });
        const file = openSync(partial, existsSync(partial) ? 'r+' : 'w+');
        ftruncateSync(file, totalBytes);
        closeSync(file);
        const me = {};
        this.#writers.set(final, me);
        const mustBeMine = (): void => {
          if (this.#writers.get(final) !== me) throw new StorageIoError('this writer has ended');
        };
        const end = (): void => void (this.#writers.get(final) === me && this.#writers.delete(final));
        const call = (work: () => void): Promise<void> => process.call('spool', 'write', async () => work());
        return {
          path: partial,
          write: (offset, bytes) =>
            call(() => {
              mustBeMine();
              const open = openSync(partial, 'r+');
              writeSync(open, bytes, 0, bytes.byteLength, offset);
              closeSync(open);
            }),
          finish: () =>
            call(() => {
              mustBeMine();
              end();
              renameSync(partial, final);
            }),
          pause: () => call(end),
          discard: () =>
            call(() => {
              if (this.#writers.get(final) !== me) return;
              end();
              remove(partial);
            }),
        };
      },
      has: async (task, round, updateId) => existsSync(path(task, round, updateId)),
      remove: async (task, round, updateId) => {
        const final = path(task, round, updateId);
        this.#writers.delete(final);
        for (const file of [final, `${final}${PARTIAL}`]) remove(file);
      },
      drop: async (task, round) => forget(roundFolder(task, round)),
      dropTask: async (task) => forget(join(this.#folder, task)),
      keepOnly: async (tasks) => {
        const kept = tasks.map((task) => join(this.#folder, task, '/'));
        for (const file of this.reports()) if (!kept.some((task) => file.startsWith(task))) remove(file);
      },
      sweep: async (task, open) => {
        const finals = open?.reports.map((report) => path(task, open.round, report)) ?? [];
        const kept = new Set(finals.flatMap((final) => [final, `${final}${PARTIAL}`]));
        const theirs = this.reports().filter((file) => file.startsWith(join(this.#folder, task, '/')));
        for (const file of theirs) if (!kept.has(file)) remove(file);
      },
      release: async () => {},
      tidy: async () => {},
    };
  }
}
