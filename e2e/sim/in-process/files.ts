import { createHash } from 'node:crypto';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import type { FileBlobs } from '../../../server/storage/blobs/files.ts';
import type { Spool } from '../../../server/storage/blobs/port.ts';
import type { Sha256, TaskId, UpdateId } from '../../../shared/ids.ts';

/**
 * Blobs and reports as plain files that nobody waits for: a simulation that is cut off is simply run again, so nothing
 * is made durable, and every call is done when it returns.
 */

/** Old blobs go once this many bytes are there: the newest versions are all that rounds read. */
const KEPT_BYTES = 128 * 2 ** 20;

export function quickBlobs(folder: string, keptBytes = KEPT_BYTES): FileBlobs {
  const sizes = new Map<Sha256, number>();
  const path = (sha256: Sha256): string => join(folder, sha256);
  let totalBytes = 0;
  return {
    path,
    file: async (sha256) => path(sha256),
    async put(bytes) {
      const sha256 = createHash('sha256').update(bytes).digest('hex') as Sha256;
      if (!sizes.has(sha256)) {
        writeFileSync(path(sha256), bytes);
        totalBytes += bytes.byteLength;
      }
      sizes.delete(sha256);
      sizes.set(sha256, bytes.byteLength);
      for (const [oldest, size] of sizes) {
        if (totalBytes <= Math.max(keptBytes, 8 * bytes.byteLength)) break;
        rmSync(path(oldest));
        sizes.delete(oldest);
        totalBytes -= size;
      }
      return sha256;
    },
    get: async (sha256) => (sizes.has(sha256) ? new Uint8Array(readFileSync(path(sha256))) : null),
    size: async (sha256) => sizes.get(sha256) ?? null,
    stream: (sha256, { start, end }) => Readable.from([readFileSync(path(sha256)).subarray(start, end + 1)]),
    sweep: async () => 0,
  };
}

export function quickSpool(folder: string): Spool {
  const roundFolder = (task: TaskId, round: number): string => join(folder, task, String(round));
  const path = (task: TaskId, round: number, updateId: UpdateId): string => join(roundFolder(task, round), updateId);
  const remove = (file: string): void => rmSync(file, { recursive: true, force: true });
  return {
    path,
    async open(task, round, updateId) {
      const final = path(task, round, updateId);
      const partial = `${final}.partial`;
      mkdirSync(dirname(final), { recursive: true });
      let file: number | null = openSync(partial, 'w');
      const close = (): void => {
        if (file !== null) closeSync(file);
        file = null;
      };
      return {
        path: partial,
        async write(offset, bytes) {
          if (file === null) throw new Error('the report is closed');
          writeSync(file, bytes, 0, bytes.byteLength, offset);
        },
        async finish() {
          close();
          renameSync(partial, final);
        },
        pause: async () => close(),
        async discard() {
          close();
          remove(partial);
        },
      };
    },
    has: async (task, round, updateId) =>
      existsSync(path(task, round, updateId)) && statSync(path(task, round, updateId)).isFile(),
    async remove(task, round, updateId) {
      const final = path(task, round, updateId);
      remove(final);
      remove(`${final}.partial`);
    },
    drop: async (task, round) => remove(roundFolder(task, round)),
    dropTask: async (task) => remove(join(folder, task)),
    keepOnly: async () => {},
    sweep: async () => {},
    release: async () => {},
    tidy: async () => {},
  };
}
