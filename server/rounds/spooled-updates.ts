import { closeSync, openSync, readSync } from 'node:fs';
import type { CodecName } from '../../shared/codec/index.ts';
import { FRAME_HEADER_BYTES } from '../../shared/wire/frame.ts';
import type { Updates } from '../learning/aggregators/aggregator.ts';

interface Spooled {
  /** Accepted frames, in the order of their receipts. */
  readonly paths: readonly string[];
  readonly codec: CodecName;
  readonly values: number;
  /** The delta of a frame, whole; its memory may be used again by the next call. */
  readonly read: (path: string) => Float32Array;
}

/**
 * The updates of a round from their frames on disk. A block of float32 frames is read as it lies there; of another codec every
 * frame is decoded whole for each block, so that memory stays one frame and one block.
 */
export function spooledUpdates({ paths, codec, values, read }: Spooled): Updates {
  let memory = new Float32Array(0);
  return {
    count: paths.length,
    values,
    read: (index) => read(paths[index] as string),
    block(from, to) {
      const width = to - from;
      if (memory.length < width * paths.length) memory = new Float32Array(width * paths.length);
      return paths.map((path, index) => {
        const row = memory.subarray(index * width, (index + 1) * width);
        if (codec === 'float32') readValues(path, from, row);
        else row.set(read(path).subarray(from, to));
        return row;
      });
    },
  };
}

function readValues(path: string, from: number, into: Float32Array): void {
  const file = openSync(path, 'r');
  try {
    const bytes = new Uint8Array(into.buffer, into.byteOffset, into.byteLength);
    for (let at = 0; at < bytes.length; ) {
      const count = readSync(file, bytes, at, bytes.length - at, FRAME_HEADER_BYTES + 4 * from + at);
      if (count === 0) throw new Error(`the accepted report ${path} is damaged`);
      at += count;
    }
  } finally {
    closeSync(file);
  }
}
