import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { LIMITS } from '../../../shared/limits.ts';

/** Of a file in memory, handed over at once. */
const SLICE_BYTES = 256 * 1024;
/** In one turn of the event loop: a kernel that takes all at once would else hold it until everybody has everything. */
const SLICES_PER_TURN = 8;

interface Held {
  readonly bytes: Promise<Buffer>;
  readers: number;
}

/**
 * Streams of immutable files. Those who read the same file at the same time share one copy of it in memory, which goes
 * with the last of them: a crowd that fetches new weights costs one file, not a buffer each. Large files are streamed.
 */
export function sharedReads(
  sharedBytes: number = LIMITS.sharedBlobBytes,
): (path: string, range: { readonly start: number; readonly end: number }) => Readable {
  const held = new Map<string, Held>();
  const turn = turnstile(SLICES_PER_TURN);

  async function* slices(path: string, start: number, end: number): AsyncGenerator<Buffer> {
    const found = held.get(path) ?? { bytes: readFile(path), readers: 0 };
    held.set(path, found);
    found.readers += 1;
    try {
      const bytes = await found.bytes;
      for (let at = start; at <= end; at += SLICE_BYTES) {
        await turn();
        yield bytes.subarray(at, Math.min(at + SLICE_BYTES, end + 1));
      }
    } finally {
      found.readers -= 1;
      if (found.readers === 0) held.delete(path);
    }
  }

  async function* read(path: string, start: number, end: number): AsyncGenerator<Buffer> {
    const { size } = await stat(path);
    if (size <= sharedBytes) yield* slices(path, start, end);
    else yield* createReadStream(path, { start, end }) as AsyncIterable<Buffer>;
  }

  return (path, { start, end }) => Readable.from(end < start ? [] : read(path, start, end), { objectMode: false });
}

/** Lets so many through in each turn of the event loop, in the order in which they came. */
function turnstile(perTurn: number): () => Promise<void> {
  const waiting: (() => void)[] = [];
  const open = (): void => {
    for (const pass of waiting.splice(0, perTurn)) pass();
    if (waiting.length > 0) setImmediate(open);
  };
  return () =>
    new Promise((resolve) => {
      if (waiting.push(resolve) === 1) setImmediate(open);
    });
}
