import { Readable } from 'node:stream';
import { unzipSync } from 'fflate';
import { expect, test } from 'vitest';
import { layoutOf } from '../../../shared/weights/layout.ts';
import { npyHeader, npzOf } from './npz.ts';

test('the header of (3,) as NumPy writes it', () => {
  const text = Buffer.from(npyHeader([3])).toString('latin1');
  const dictionary = "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }";
  expect(text).toBe(`\x93NUMPY\x01\x00\x76\x00${dictionary.padEnd(117)}\n`);
});

test.each([[[1]], [[784, 200]], [[5, 5, 32, 64]]])('the data after the header of %j is aligned to 64', (shape) => {
  const header = npyHeader(shape);
  expect(header.length % 64).toBe(0);
  expect(header.at(-1)).toBe(0x0a);
});

const layout = layoutOf([
  { name: 'dense/kernel', shape: [2, 3] },
  { name: 'dense/bias', shape: [3] },
]);
const values = Float32Array.of(1, 2, 3, 4, 5, 6, -1, -2, -3);
const bytes = Buffer.from(values.buffer);
/** In pieces of five bytes, so that no value comes whole. */
const read = ({ start, end }: { start: number; end: number }): Readable => {
  const slice = bytes.subarray(start, end + 1);
  const pieces = Array.from({ length: Math.ceil(slice.length / 5) }, (_, at) => slice.subarray(at * 5, at * 5 + 5));
  return Readable.from(pieces);
};
const zipOf = async (): Promise<Buffer> => {
  const chunks: Uint8Array[] = [];
  for await (const chunk of npzOf(layout, read)) chunks.push(chunk);
  return Buffer.concat(chunks);
};

test('one array for each tensor, its values after its header', async () => {
  const files = unzipSync(await zipOf());
  expect(Object.keys(files)).toEqual(['dense/kernel.npy', 'dense/bias.npy']);
  const valuesOf = (name: string, header: number): number[] => [
    ...new Float32Array((files[name] as Uint8Array).slice(header).buffer),
  ];
  expect(valuesOf('dense/kernel.npy', npyHeader([2, 3]).length)).toEqual([1, 2, 3, 4, 5, 6]);
  expect(valuesOf('dense/bias.npy', npyHeader([3]).length)).toEqual([-1, -2, -3]);
});

test('the same weights give the same bytes', async () => {
  expect((await zipOf()).equals(await zipOf())).toBe(true);
});
