import { expect, it } from 'vitest';
import { sha256Hex } from '../../shared/hash.ts';
import { copied, copiedValues, inTurns } from './in-turns.ts';

const MODEL = Uint8Array.from({ length: 2.5 * 2 ** 20 }, (_, at) => at % 251);

it('pieces are a quarter of a megabyte at most, and others have their turn between them', async () => {
  const seen: (number | 'turn')[] = [];
  let isOver = false;
  const others = (async () => {
    while (!isOver) {
      await new Promise((resolve) => setImmediate(resolve));
      if (seen.at(-1) !== 'turn') seen.push('turn');
    }
  })();
  await inTurns(MODEL, (piece, at) => seen.push(at, piece.byteLength));
  isOver = true;
  await others;
  const pieces = seen.filter((one) => one !== 'turn');
  expect(pieces).toEqual(Array.from({ length: 10 }, (_, index) => [index * 2 ** 18, 2 ** 18]).flat());
  expect(seen.indexOf('turn')).toBeLessThan(seen.lastIndexOf(2 ** 18));
});

it('a small model is copied at once', async () => {
  let isTurned = false;
  const turned = new Promise<void>((resolve) =>
    setImmediate(() => {
      isTurned = true;
      resolve();
    }),
  );
  await copied(MODEL.subarray(0, 100));
  expect(isTurned).toBe(false);
  await turned;
});

it('a copy has the same bytes and memory of its own, also of a part of a buffer', async () => {
  for (const part of [MODEL, MODEL.subarray(3, 2 ** 20 + 5), MODEL.subarray(0, 0)]) {
    const copy = await copied(part);
    expect(sha256Hex(copy)).toBe(sha256Hex(part));
    expect([copy.byteOffset, copy.buffer.byteLength]).toEqual([0, part.byteLength]);
    expect(copy.buffer).not.toBe(part.buffer);
  }
  const values = Float32Array.of(1, 2, 3, 4).subarray(1, 3);
  expect(await copiedValues(values)).toEqual(Float32Array.of(2, 3));
});
