import { mkdtempSync } from 'node:fs';
import { rm, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { sharedReads } from './shared-reads.ts';

const bytes = Buffer.from(Uint8Array.from({ length: 700_000 }, (_, index) => index % 251));
let folder: string;
let path: string;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'fedtab-reads-'));
  path = join(folder, 'blob');
  await writeFile(path, bytes);
});
afterEach(() => rm(folder, { recursive: true }));

const whole = { start: 0, end: bytes.length - 1 };
/** The first slice is there: what follows is under way. */
const begin = async (stream: AsyncIterable<Buffer>): Promise<AsyncIterator<Buffer>> => {
  const slices = stream[Symbol.asyncIterator]();
  await slices.next();
  return slices;
};

test.each([
  ['shared', 1_000_000],
  ['streamed', 1_000],
])('%s: the range that was asked for, across slices', async (_how, limit) => {
  const read = sharedReads(limit);
  for (const range of [whole, { start: 5, end: 5 }, { start: 262_143, end: 262_144 }, { start: 300_000, end: 699_999 }])
    expect((await buffer(read(path, range))).equals(bytes.subarray(range.start, range.end + 1))).toBe(true);
  expect(await buffer(read(path, { start: 0, end: -1 }))).toHaveLength(0);
});

test('who comes while another reads gets the copy in memory; who comes later does not', async () => {
  const read = sharedReads();
  const first = await begin(read(path, whole));
  const second = await begin(read(path, whole));
  await writeFile(path, Buffer.alloc(bytes.length, 1));
  expect((await buffer(read(path, whole))).equals(bytes)).toBe(true);
  await first.return?.();
  await second.return?.();
  expect((await buffer(read(path, whole)))[0]).toBe(1);
});

test('a large file is never held', async () => {
  const read = sharedReads(1_000);
  const first = await begin(read(path, whole));
  await writeFile(path, Buffer.alloc(bytes.length, 1));
  expect((await buffer(read(path, whole)))[0]).toBe(1);
  await first.return?.();
});

test('a file that is not there is an error, and is there once it is', async () => {
  const read = sharedReads();
  await unlink(path);
  await expect(buffer(read(path, whole))).rejects.toThrow('ENOENT');
  await writeFile(path, bytes);
  expect(await buffer(read(path, whole))).toHaveLength(bytes.length);
});
