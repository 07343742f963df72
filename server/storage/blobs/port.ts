import type { Readable } from 'node:stream';
import type { Sha256, TaskId, UpdateId } from '../../../shared/ids.ts';

/**
 * Immutable bytes named by their SHA-256. Every adapter passes the contract beside this file. Calls reject with
 * `StorageFullError` or `StorageIoError` of `storage/errors.ts`: nothing of them may be counted on then.
 */
export interface BlobStore {
  /**
   * Write, fsync, rename to the hash, fsync the folder: durable when it resolves. What is there already is not written
   * again, but mended if it is damaged, and as young as a new one for `sweep`.
   */
  put(bytes: Uint8Array): Promise<Sha256>;
  /** The bytes, checked against their name; null if absent; a `CorruptBlobError` if they do not match. */
  get(sha256: Sha256): Promise<Uint8Array | null>;
  /**
   * Length in bytes of one that is whole, or null if absent; a `CorruptBlobError` where its bytes do not have this hash.
   * They are read for it once, and again when the file has changed.
   */
  size(sha256: Sha256): Promise<number | null>;
  /** A stream of bytes start … end (inclusive), of one that is whole: else it is destroyed before the first. */
  stream(sha256: Sha256, range: { readonly start: number; readonly end: number }): Readable;
  /** A file of this machine with the bytes, for a worker thread that reads it itself; it is brought here if need be. */
  file(sha256: Sha256): Promise<string>;
  /** Removes blobs that are not in `referenced` and older than `graceMs`; returns how many, temporary files included. */
  sweep(referenced: ReadonlySet<Sha256>, graceMs: number, now: number): Promise<number>;
}

/** As the usual variables of Amazon's tools have them. */
export interface S3Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
  readonly region: string;
}

/** Where blobs are, as plain data: a thread opens its own store of them. */
export type BlobPlace =
  | { readonly kind: 'folder'; readonly folder: string }
  | { readonly kind: 'database'; readonly url: string; readonly cacheFolder: string }
  | { readonly kind: 's3'; readonly url: string; readonly keys: S3Keys; readonly cacheFolder: string };

/** A store that is not on this machine. */
export type RemoteBlobs = Omit<BlobStore, 'file' | 'stream' | 'size'>;

/** A blob that is not what its name says: `store` where there is no other, `cache` where it is brought again. */
export interface DamagedBlob {
  readonly sha256: Sha256;
  readonly copy: 'store' | 'cache';
}

export class CorruptBlobError extends Error {
  override readonly name = 'CorruptBlobError';
}

/**
 * One report on its way to disk: chunks land at their offsets in a partial file. Calls are done one after the other;
 * after the writer has ended (`finish`, `pause`, `discard`, its round dropped, or a newer `open`), `write` and `finish`
 * reject and `pause` and `discard` do nothing.
 */
export interface SpoolWriter {
  write(offset: number, bytes: Uint8Array): Promise<void>;
  /** The partial file, for the thread that validates it. */
  readonly path: string;
  /**
   * fsync, rename to its final name, fsync the folder: after this a receipt may refer to it. It takes the place of a
   * finished report of the same id: not to be called once a receipt refers to that.
   */
  finish(): Promise<void>;
  /** Closes the file and keeps it partial; `Spool.open` with the same id goes on from there. */
  pause(): Promise<void>;
  discard(): Promise<void>;
}

/**
 * Chunks of unfinished reports on their way from one process to another, where both reach them. They go with their report,
 * their round or their task at the latest, whatever becomes of the processes.
 */
export interface MovingReports {
  /** Puts these chunks of the file there, in the place of whatever was there of the same report. */
  leave(task: TaskId, round: number, updateId: UpdateId, path: string, chunks: readonly number[]): Promise<void>;
  /** Null where it is not there. */
  chunk(updateId: UpdateId, index: number): Promise<Uint8Array | null>;
  /** Nothing happens where there is nothing. */
  remove(updateId: UpdateId): Promise<void>;
}

/** Accepted reports, kept until their round ends. */
export interface Spool {
  /** A file of `totalBytes`; a writer of the same report that is still open is paused, and this one takes over. */
  open(task: TaskId, round: number, updateId: UpdateId, totalBytes: number): Promise<SpoolWriter>;
  /** Where a finished report lies. */
  path(task: TaskId, round: number, updateId: UpdateId): string;
  /** A finished report is there; one that is kept elsewhere, too, is brought, and lies where `path` says. */
  has(task: TaskId, round: number, updateId: UpdateId): Promise<boolean>;
  /** Removes one report, finished or partial; nothing happens where there is none. */
  remove(task: TaskId, round: number, updateId: UpdateId): Promise<void>;
  /** Drops a whole round, partial files too. */
  drop(task: TaskId, round: number): Promise<void>;
  dropTask(task: TaskId): Promise<void>;
  /** Drops the reports of all other tasks: those that there are (start-up). */
  keepOnly(tasks: readonly TaskId[]): Promise<void>;
  /**
   * Drops everything of a task but these reports of its open round, finished or partial: for whoever took its lease.
   */
  sweep(task: TaskId, open: { readonly round: number; readonly reports: readonly UpdateId[] } | null): Promise<void>;
  /**
   * Gives up what lies on this machine alone of a finished report that is kept elsewhere, too, or of a whole round of
   * them: another process has the task. Where this is the only place nothing happens.
   */
  release(task: TaskId, round: number, updateId?: UpdateId): Promise<void>;
  /**
   * As `sweep`, of what lies on this machine alone, and is kept elsewhere or nobody's: for a process that starts, whoever has the
   * task. Nothing is brought. Where this is the only place nothing happens.
   */
  tidy(task: TaskId, open: Parameters<Spool['sweep']>[1]): Promise<void>;
}
