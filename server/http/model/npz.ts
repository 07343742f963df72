import type { Readable } from 'node:stream';
import { Zip, ZipPassThrough } from 'fflate';
import type { WeightLayout } from '../../../shared/weights/layout.ts';

/**
 * The header of a `.npy` file of little-endian float32 in C order (NumPy's format 1.0, numpy/lib/format.py): magic,
 * version, header length, a Python dictionary padded with spaces so that the data starts on a multiple of 64.
 */
export function npyHeader(shape: readonly number[]): Uint8Array {
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(', ')})`;
  const dictionary = `{'descr': '<f4', 'fortran_order': False, 'shape': ${tuple}, }`;
  const length = Math.ceil((10 + dictionary.length + 1) / 64) * 64;
  const header = new Uint8Array(length).fill(0x20);
  header.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0]); // \x93NUMPY
  new DataView(header.buffer).setUint16(8, length - 10, true);
  header.set(new TextEncoder().encode(dictionary), 10);
  header[length - 1] = 0x0a;
  return header;
}

/**
 * The flat vector as an `.npz` that `numpy.load` opens: a zip of one stored `.npy` for each tensor, named as in the
 * layout. Streamed: a model of any size takes one chunk of memory.
 */
export async function* npzOf(
  layout: WeightLayout,
  read: (range: { readonly start: number; readonly end: number }) => Readable,
): AsyncGenerator<Uint8Array> {
  const ready: Uint8Array[] = [];
  const zip = new Zip((error, bytes) => {
    if (error !== null) throw error;
    ready.push(bytes);
  });
  for (const entry of layout.entries) {
    const file = new ZipPassThrough(`${entry.name}.npy`);
    // A fixed time: the same version gives the same bytes. 1980 is the first that a zip can hold.
    file.mtime = new Date(1980, 0, 1);
    zip.add(file);
    file.push(npyHeader(entry.shape));
    const range = { start: entry.offset * 4, end: (entry.offset + entry.size) * 4 - 1 };
    for await (const chunk of read(range) as AsyncIterable<Uint8Array>) {
      file.push(chunk);
      yield* ready.splice(0);
    }
    file.push(new Uint8Array(0), true);
  }
  zip.end();
  yield* ready.splice(0);
}
