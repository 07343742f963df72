import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { CodecName } from '../../shared/codec/index.ts';
import { FRAME_HEADER_BYTES } from '../../shared/wire/frame.ts';
import { eachBlock } from '../learning/aggregators/blocks.ts';
import { frameOf, THREE } from './fixtures/frames.ts';
import { spooledUpdates } from './spooled-updates.ts';

const DELTAS = [
  [1, 2, 3, 4, 5],
  [6, 7, 8, 9, 10],
  [-1, -2, -3, -4, -5],
];
let folder: string;
let paths: string[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fedtab-spooled-'));
  paths = DELTAS.map((_, index) => join(folder, `${index}`));
  for (const [index, delta] of DELTAS.entries())
    await writeFile(paths[index]!, frameOf({ delta, expected: { ...THREE, values: 5 } }).frame);
});
afterAll(() => rm(folder, { recursive: true }));

/** A reader that uses its memory again, and counts. */
function open(codec: string) {
  const whole = new Float32Array(5);
  const counted = { reads: 0 };
  const read = (path: string): Float32Array => {
    counted.reads += 1;
    whole.set(DELTAS[paths.indexOf(path)]!);
    return whole;
  };
  return { updates: spooledUpdates({ paths, codec: codec as CodecName, values: 5, read }), counted };
}

test.each([
  ['float32', 0],
  ['of-another-kind', 9],
])('D9 %s: every value of every report once in blocks of two, and %i frames decoded whole', (codec, reads) => {
  const { updates, counted } = open(codec);
  const seen = DELTAS.map(() => [] as number[]);
  const widths: number[] = [];
  const visit = (rows: readonly Float32Array[]): void => {
    widths.push(rows[0]!.length);
    for (const [index, row] of rows.entries()) seen[index]!.push(...row);
  };
  eachBlock(updates, visit, 6);
  expect(seen).toEqual(DELTAS);
  expect(widths).toEqual([2, 2, 1]);
  expect(counted.reads).toBe(reads);
  expect([updates.count, [...updates.read(1)]]).toEqual([3, DELTAS[1]]);
});

test('a float32 frame that ends early is damaged', async () => {
  const cut = join(folder, 'cut');
  await writeFile(cut, frameOf({ delta: DELTAS[0]! }).frame.subarray(0, FRAME_HEADER_BYTES + 10));
  const read = (): Float32Array => new Float32Array(5);
  const updates = spooledUpdates({ paths: [cut], codec: 'float32', values: 5, read });
  expect(() => updates.block(0, 5)).toThrow('damaged');
});
