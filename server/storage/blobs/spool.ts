import { constants } from 'node:fs';
import { access, type FileHandle, open, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { BugError } from '../../../shared/assert.ts';
import { isTaskId, isUpdateId, type TaskId, type UpdateId } from '../../../shared/ids.ts';
import { codeOf, onFiles, StorageIoError } from '../errors.ts';
import { makeFolder, syncFolder } from './durable.ts';
import type { Spool, SpoolWriter } from './port.ts';

/** Reports as files `<folder>/<task>/<round>/<updateId>`, while they come in with `.partial`. The folder is there. */
export function fileSpool(folder: string): Spool {
  const writers = new Map<string, FileWriter>();
  /** Rounds whose folders are durable, or about to be. */
  const folders = new Map<string, Promise<void>>();

  const roundFolder = (task: TaskId, round: number): string => {
    if (!isTaskId(task) || !Number.isSafeInteger(round) || round < 0) throw new BugError('not the name of a round');
    return join(folder, task, String(round));
  };
  const path = (task: TaskId, round: number, updateId: UpdateId): string => {
    if (!isUpdateId(updateId)) throw new BugError('not the name of a report');
    return join(roundFolder(task, round), updateId);
  };
  const prepare = (round: string): Promise<void> => {
    const before = folders.get(round);
    if (before) return before;
    const made = makeFolder(dirname(round)).then(() => makeFolder(round));
    folders.set(round, made);
    made.catch(() => folders.delete(round));
    return made;
  };
  /** Lets go of everything under a folder, and removes it. */
  const removeAll = async (doomed: string): Promise<void> => {
    const isUnder = (file: string): boolean => file === doomed || file.startsWith(join(doomed, '/'));
    for (const round of folders.keys()) if (isUnder(round)) folders.delete(round);
    await Promise.all([...writers.values()].filter((writer) => isUnder(writer.path)).map((writer) => writer.pause()));
    await rm(doomed, { recursive: true, force: true });
  };

  return {
    path,

    open: (task, round, updateId, totalBytes) =>
      onFiles(async () => {
        const final = path(task, round, updateId);
        await prepare(roundFolder(task, round));
        // The newest takes over: two that write one file would spoil each other's bytes.
        for (let older = writers.get(final); older; older = writers.get(final)) await older.pause();
        const writer = new FileWriter(final, totalBytes, () => {
          if (writers.get(final) === writer) writers.delete(final);
        });
        writers.set(final, writer);
        await writer.open();
        return writer;
      }),

    has: (task, round, updateId) =>
      onFiles(async () => {
        try {
          await access(path(task, round, updateId));
          return true;
        } catch (error) {
          if (codeOf(error) === 'ENOENT') return false;
          throw error;
        }
      }),

    remove: (task, round, updateId) =>
      onFiles(async () => {
        const final = path(task, round, updateId);
        await writers.get(final)?.pause();
        await Promise.all([final, partial(final)].map((file) => rm(file, { force: true })));
      }),

    drop: (task, round) => onFiles(() => removeAll(roundFolder(task, round))),

    async dropTask(task) {
      if (!isTaskId(task)) throw new BugError('not the name of a task');
      await onFiles(() => removeAll(join(folder, task)));
    },

    keepOnly: (tasks) =>
      onFiles(async () => {
        const kept = new Set(tasks.map((task) => join(folder, task)));
        for (const task of await pathsIn(folder)) if (!kept.has(task)) await removeAll(task);
      }),

    async sweep(task, open) {
      if (!isTaskId(task)) throw new BugError('not the name of a task');
      const round = open === null ? null : roundFolder(task, open.round);
      const files = open?.reports.map((report) => path(task, open.round, report)) ?? [];
      const kept = new Set(files.flatMap((final) => [final, partial(final)]));
      await onFiles(async () => {
        for (const other of await pathsIn(join(folder, task))) if (other !== round) await removeAll(other);
        if (round !== null) for (const file of await pathsIn(round)) if (!kept.has(file)) await removeAll(file);
      });
    },

    async release() {},
    async tidy() {},
  };
}

const partial = (final: string): string => `${final}.partial`;

/** Nothing where there is no such folder. */
const pathsIn = async (folder: string): Promise<string[]> => {
  try {
    return (await readdir(folder)).map((name) => join(folder, name));
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  }
};

/** Its calls are done one after the other. Once it has ended, by whatever call, it writes nothing any more. */
class FileWriter implements SpoolWriter {
  readonly path: string;
  readonly #final: string;
  readonly #totalBytes: number;
  readonly #ended: () => void;
  #handle: FileHandle | null = null;
  #last: Promise<unknown> = Promise.resolve();

  constructor(final: string, totalBytes: number, ended: () => void) {
    this.#final = final;
    this.path = partial(final);
    this.#totalBytes = totalBytes;
    this.#ended = ended;
  }

  open(): Promise<void> {
    return this.#inTurn(async () => {
      try {
        this.#handle = await open(this.path, constants.O_RDWR | constants.O_CREAT, 0o600);
        await this.#handle.truncate(this.#totalBytes);
      } catch (error) {
        await this.#close();
        throw error;
      }
    });
  }

  write(offset: number, bytes: Uint8Array): Promise<void> {
    return this.#inTurn(async () => {
      if (offset < 0 || offset + bytes.length > this.#totalBytes)
        throw new BugError(`${this.path}: outside the report`);
      const handle = this.#open();
      for (let done = 0; done < bytes.length; ) {
        const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, offset + done);
        done += bytesWritten;
      }
    });
  }

  finish(): Promise<void> {
    return this.#inTurn(async () => {
      const handle = this.#open();
      try {
        await handle.sync();
      } catch (error) {
        // What an fsync failed to write may be gone from memory too: asked again it would say that all is well.
        await this.#close();
        await rm(this.path, { force: true });
        throw error;
      }
      await this.#close();
      await rename(this.path, this.#final);
      await syncFolder(dirname(this.#final));
    });
  }

  pause(): Promise<void> {
    return this.#inTurn(() => this.#close());
  }

  discard(): Promise<void> {
    return this.#inTurn(async () => {
      if (!this.#handle) return;
      await this.#close();
      await rm(this.path, { force: true });
    });
  }

  #open(): FileHandle {
    if (!this.#handle) throw new StorageIoError(`${this.path}: this writer has ended`);
    return this.#handle;
  }

  async #close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = null;
    this.#ended();
    await handle?.close();
  }

  #inTurn<Value>(work: () => Promise<Value>): Promise<Value> {
    const turn = onFiles(() => this.#last.then(work));
    this.#last = turn.catch(() => {});
    return turn;
  }
}
