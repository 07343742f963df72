import { createReadStream, createWriteStream } from 'node:fs';
import { type FileHandle, mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';

/**
 * The IDX files of MNIST (LeCun, Cortes, Burges: yann.lecun.com/exdb/mnist): two zero bytes, the type (8: uint8), the
 * number of dimensions, one big-endian uint32 for each, then the values. Only uint8 is read here.
 */
export interface IdxFile {
  /** Items: the first dimension. */
  readonly count: number;
  /** The other dimensions, of one item. */
  readonly shape: readonly number[];
  /** Bytes of one item. */
  readonly itemBytes: number;
  /** Item `index` into `target` at `offset`. */
  read(index: number, target: Uint8Array, offset: number): Promise<void>;
  /** Every item. */
  readAll(): Promise<Uint8Array>;
  close(): Promise<void>;
}

/**
 * Opens a file and checks its header against its length; nothing of the values is read yet. One that ends in `.gz` is
 * unpacked into a temporary file, which has no name any more once it is open: 47 MB of images need not be in memory.
 */
export async function openIdx(path: string): Promise<IdxFile> {
  const file = path.endsWith('.gz') ? await openUnpacked(path) : await open(path, 'r');
  try {
    return await readHeader(file, path);
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function openUnpacked(path: string): Promise<FileHandle> {
  const folder = await mkdtemp(join(tmpdir(), 'fedtab-idx-'));
  try {
    const unpacked = join(folder, 'unpacked');
    await pipeline(createReadStream(path), createGunzip(), createWriteStream(unpacked));
    return await open(unpacked, 'r');
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function readHeader(file: FileHandle, path: string): Promise<IdxFile> {
  const magic = Buffer.alloc(4);
  await readExactly(file, magic, 0, 4, 0);
  const dimensionCount = magic[3] as number;
  if (magic.readUInt16BE(0) !== 0 || magic[2] !== 8 || dimensionCount < 1 || dimensionCount > 3)
    throw new Error(`${path} is not an IDX file of bytes`);
  const header = Buffer.alloc(4 * dimensionCount);
  await readExactly(file, header, 0, header.length, 4);
  const [count = 0, ...shape] = Array.from({ length: dimensionCount }, (_, index) => header.readUInt32BE(4 * index));
  const itemBytes = shape.reduce((product, side) => product * side, 1);
  const start = 4 + header.length;
  const { size } = await file.stat();
  if (size !== start + count * itemBytes) throw new Error(`${path} is not as long as its header says`);
  return {
    count,
    shape,
    itemBytes,
    read: (index, target, offset) => readExactly(file, target, offset, itemBytes, start + index * itemBytes),
    async readAll() {
      const bytes = new Uint8Array(count * itemBytes);
      await readExactly(file, bytes, 0, bytes.length, start);
      return bytes;
    },
    close: () => file.close(),
  };
}

async function readExactly(
  file: FileHandle,
  target: Uint8Array,
  offset: number,
  length: number,
  position: number,
): Promise<void> {
  const { bytesRead } = await file.read(target, offset, length, position);
  if (bytesRead !== length) throw new Error('the file ended early');
}
