import { mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Sha256 } from '../../../shared/ids.ts';
import { seededRng } from '../../../shared/rng.ts';
import { cachedBlobs } from './cached.ts';
import { type FileBlobs, fileBlobs, offTheLoop } from './files.ts';
import { type BlobStore, CorruptBlobError } from './port.ts';

const seed = Number(process.env['DAMAGE_SEED'] ?? 20_261_130);
const FLIPS = 60;
const LENGTH = 4_000;

let folders: readonly string[];
let told: string[];
beforeEach(() => {
  folders = [mkdtempSync(join(tmpdir(), 'fedtab-damaged-')), mkdtempSync(join(tmpdir(), 'fedtab-damaged-'))];
  told = [];
});
afterEach(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

const filesIn = (index: number, name: string): FileBlobs =>
  fileBlobs(folders[index] as string, offTheLoop, () => void told.push(name));

/** Whole, or an error: every way to read one. */
const ways: readonly ((blobs: BlobStore, sha256: Sha256) => Promise<Uint8Array | null>)[] = [
  (blobs, sha256) => blobs.get(sha256),
  (blobs, sha256) => buffer(blobs.stream(sha256, { start: 0, end: LENGTH - 1 })),
  async (blobs, sha256) => ((await blobs.size(sha256)) === null ? null : blobs.get(sha256)),
];

/** One bit of a file, and then the way to read it, as the seed says. */
async function eachFlip(
  file: (sha256: Sha256) => string,
  blobs: BlobStore,
  look: (read: Promise<Uint8Array | null>, bytes: Buffer) => Promise<void>,
) {
  const rng = seededRng(seed);
  const bytes = Buffer.from(Array.from({ length: LENGTH }, () => rng.below(256)));
  const sha256 = await blobs.put(bytes);
  for (let flip = 0; flip < FLIPS; flip++) {
    const bad = Buffer.from(bytes);
    const [at, bit, way] = [rng.below(LENGTH), rng.below(8), rng.below(ways.length)];
    bad[at] = (bad[at] as number) ^ (1 << bit);
    writeFileSync(file(sha256), bad);
    // Clocks of files tick as slowly as every few milliseconds.
    utimesSync(file(sha256), flip, flip);
    await look((ways[way] as (typeof ways)[number])(blobs, sha256), bytes);
  }
  return sha256;
}

it(`I4: each of ${FLIPS} bits of a blob that is nowhere else is found and said, and none is given out (DAMAGE_SEED=${seed})`, async () => {
  const blobs = filesIn(0, 'store');
  await eachFlip(blobs.path, blobs, async (read) => {
    await expect(read).rejects.toThrow(CorruptBlobError);
  });
  expect(told).toEqual(Array(FLIPS).fill('store'));
});

it(`I4: each of ${FLIPS} bits of a copy is found and said, and what is given out is that of the store (DAMAGE_SEED=${seed})`, async () => {
  const cache = filesIn(0, 'cache');
  const store = filesIn(1, 'store');
  const blobs = cachedBlobs(cache, store, () => void told.push('lost'));
  const sha256 = await eachFlip(cache.path, blobs, async (read, bytes) => {
    expect(Buffer.compare((await read) as Uint8Array, bytes)).toBe(0);
  });
  expect(told).toEqual(Array(FLIPS).fill('cache'));
  expect(readFileSync(await blobs.file(sha256))).toEqual(readFileSync(store.path(sha256)));

  for (const { path } of [cache, store]) writeFileSync(path(sha256), 'damaged');
  for (const way of ways) await expect(way(blobs, sha256)).rejects.toThrow(CorruptBlobError);
  await expect(blobs.file(sha256)).rejects.toThrow(CorruptBlobError);
  expect(told).toContain('lost');
});

it('one that does not change is read for its check once', async () => {
  const blobs = filesIn(0, 'store');
  const sha256 = await blobs.put(Buffer.from('weights'));
  writeFileSync(blobs.path(sha256), 'w?ights');
  for (let time = 0; time < 3; time++) {
    await expect(blobs.size(sha256)).rejects.toThrow(CorruptBlobError);
    await expect(buffer(blobs.stream(sha256, { start: 2, end: 3 }))).rejects.toThrow(CorruptBlobError);
  }
  expect(told).toEqual(['store']);
  await blobs.put(Buffer.from('weights'));
  expect(await blobs.size(sha256)).toBe(7);
  expect(String(await buffer(blobs.stream(sha256, { start: 2, end: 3 })))).toBe('ig');
});
