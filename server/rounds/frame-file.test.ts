import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { withFrameFile } from './frame-file.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fedtab-frame-file-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function save(...bytes: readonly number[]): Promise<string> {
  const path = join(folder, String(bytes.length));
  await writeFile(path, Uint8Array.from(bytes));
  return path;
}

test('the header first, then what is behind it, in the pieces that are asked for', async () => {
  const path = await save(...Array.from({ length: 100 }, (_, at) => at));
  const rest = new Uint8Array(4);
  const header = withFrameFile(path, (file) => {
    expect(file.bytes).toBe(100);
    file.read(rest.subarray(0, 3));
    file.read(rest.subarray(3));
    return file.header;
  });
  expect([...header]).toEqual(Array.from({ length: 96 }, (_, at) => at));
  expect([...rest]).toEqual([96, 97, 98, 99]);
});

test('a file that is shorter than a header has a short one', async () => {
  expect(withFrameFile(await save(7, 8), ({ header }) => [...header])).toEqual([7, 8]);
});

test('reading beyond the end throws', async () => {
  const path = await save(...Array(98).fill(0));
  expect(() => withFrameFile(path, ({ read }) => read(new Uint8Array(3)))).toThrow('ended early');
});
