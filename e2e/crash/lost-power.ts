import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import type { Rng } from '../../shared/rng.ts';
import type { Call } from './strace-log.ts';

/** Written and not synced yet: bytes at a place, or a new length. */
type Change = { readonly at: number; readonly bytes: Buffer } | { readonly length: number };

interface File {
  /** What an fsync has brought to the disk. */
  durable: Buffer;
  readonly unsynced: Change[];
}
/** By path below the folder; null is a folder. */
type Names = Map<string, File | null>;

/** Of what was written and not synced: nothing is on the disk, all of it, or of each piece of so many bytes a coin says. */
export type Writes = 'lost' | 'kept' | 512 | 4096;
/** Names that were made, changed or removed since the last fsync of their folder. */
export type NewNames = 'undone' | 'kept';

/** What a disk may hold at one moment if the power goes then. */
export type Image = ReadonlyMap<string, Buffer | null>;

const MADE_ANEW = /-shm$/;

/**
 * A folder as a disk may have it after a power cut, from the calls of the only process that writes there. An fsync of a file makes its
 * bytes durable and not its name; one of a folder the names in it; nothing else is promised.
 */
export class Disk {
  readonly #folder: string;
  readonly #names: Names = new Map();
  readonly #durable: Names = new Map();
  /** Places at which the descriptors write next. */
  readonly #places = new Map<number, number>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Does all that the calls do, in their order; tells of each fsync below the folder as it begins. */
  replay(calls: readonly Call[], onSync: (line: number) => void): void {
    const steps: { readonly line: number; readonly step: () => void }[] = [];
    for (const call of calls) {
      if (call.result < 0) continue;
      if (call.name === 'fsync' || call.name === 'fdatasync') {
        const path = this.#below(call.fd?.path);
        if (path === null) continue;
        let sync = (): void => {};
        steps.push({
          line: call.start,
          step: () => {
            onSync(call.start);
            sync = this.#synced(path);
          },
        });
        steps.push({ line: call.end + 0.5, step: () => sync() });
      } else {
        const isWrite = call.fd !== null;
        steps.push({ line: isWrite ? call.start : call.end, step: () => this.#do(call) });
      }
    }
    for (const { step } of steps.sort((a, b) => a.line - b.line)) step();
  }

  image(names: NewNames, writes: Writes, rng: Rng): Image {
    const found = [...(names === 'kept' ? this.#names : this.#durable)].filter(([path]) => !MADE_ANEW.test(path));
    return new Map(found.map(([path, file]) => [path, file === null ? null : afterCut(file, writes, rng)]));
  }

  /** What is there now is what an fsync that begins now makes durable once it has ended. */
  #synced(path: string): () => void {
    const file = this.#names.get(path);
    if (file) {
      const count = file.unsynced.length;
      return () => {
        for (const change of file.unsynced.splice(0, count)) file.durable = changed(file.durable, change);
      };
    }
    const isIn = (other: string): boolean => dirname(other) === (path === '' ? '.' : path);
    const there = [...this.#names].filter(([other]) => isIn(other));
    return () => {
      for (const other of [...this.#durable.keys()]) if (isIn(other)) this.#durable.delete(other);
      for (const [other, known] of there) this.#durable.set(other, known);
    };
  }

  #do({ name, fd, strings, rest, result }: Call): void {
    const [first, second] = strings.map((bytes) => this.#below(String(bytes)));
    switch (name) {
      case 'openat':
        if (first == null || !rest.includes('O_CREAT')) return;
        if (!this.#names.has(first)) this.#names.set(first, { durable: Buffer.alloc(0), unsynced: [] });
        if (rest.includes('O_TRUNC')) this.#names.get(first)?.unsynced.push({ length: 0 });
        this.#places.set(result, 0);
        return;
      case 'mkdir':
      case 'mkdirat':
        if (first != null) this.#names.set(first, null);
        return;
      case 'rename':
      case 'renameat':
      case 'renameat2': {
        if (first == null || second == null) return;
        const file = this.#names.get(first);
        this.#names.delete(first);
        if (file !== undefined) this.#names.set(second, file);
        return;
      }
      case 'unlink':
      case 'unlinkat':
      case 'rmdir':
        if (first != null) this.#names.delete(first);
        return;
    }
    const file = this.#names.get(this.#below(fd?.path) ?? '');
    if (fd === null || !file) return;
    const numbers = rest.split(',').map(Number);
    const [bytes] = strings;
    if (name === 'ftruncate') file.unsynced.push({ length: numbers[1] as number });
    else if (name === 'pwrite64' && bytes !== undefined)
      file.unsynced.push({ at: numbers.at(-1) as number, bytes: bytes.subarray(0, result) });
    else if (name === 'write' && bytes !== undefined) {
      const at = this.#places.get(fd.number) ?? 0;
      file.unsynced.push({ at, bytes: bytes.subarray(0, result) });
      this.#places.set(fd.number, at + result);
    } else throw new Error(`${name} on ${fd.path}: what it does to a disk is not known here`);
  }

  /** Null: elsewhere; '' is the folder itself. */
  #below(path: string | undefined): string | null {
    if (path === undefined) return null;
    const below = relative(this.#folder, path);
    return below.startsWith('..') || below.startsWith('/') ? null : below;
  }
}

function afterCut({ durable, unsynced }: File, writes: Writes, rng: Rng): Buffer {
  let bytes = durable;
  if (writes === 'lost') return bytes;
  for (const change of unsynced) {
    const pieces = writes === 'kept' ? [change] : piecesOf(change, writes).filter(() => rng.below(2) === 1);
    for (const piece of pieces) bytes = changed(bytes, piece);
  }
  return bytes;
}

/** As a disk takes them: whole pieces of its own. */
function piecesOf(change: Change, size: number): Change[] {
  if ('length' in change) return [change];
  const pieces: Change[] = [];
  const end = change.at + change.bytes.length;
  for (let at = change.at; at < end; ) {
    const next = Math.min(end, (Math.floor(at / size) + 1) * size);
    pieces.push({ at, bytes: change.bytes.subarray(at - change.at, next - change.at) });
    at = next;
  }
  return pieces;
}

function changed(before: Buffer, change: Change): Buffer {
  const length = 'length' in change ? change.length : Math.max(before.length, change.at + change.bytes.length);
  const after = Buffer.alloc(length);
  before.copy(after);
  if ('at' in change) change.bytes.copy(after, change.at);
  return after;
}

/** The same for the same files with the same bytes. */
export function nameOf(image: Image): string {
  const hash = createHash('sha256');
  for (const [path, bytes] of [...image].sort(([a], [b]) => (a < b ? -1 : 1)))
    hash.update(`${path}\0${bytes?.length ?? 'folder'}\0`).update(bytes ?? '');
  return hash.digest('hex');
}

/** What lies in a folder that is not there is not there. */
export function layOut(image: Image, folder: string): void {
  mkdirSync(folder, { recursive: true });
  const there = new Set(['.']);
  for (const [path, bytes] of [...image].sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (!there.has(dirname(path))) continue;
    if (bytes === null) {
      mkdirSync(join(folder, path));
      there.add(path);
    } else writeFileSync(join(folder, path), bytes);
  }
}
