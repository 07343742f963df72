import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { FRAME_HEADER_BYTES } from '../../shared/wire/frame.ts';

/** A frame on disk that is read from its beginning to its end, in pieces. */
export interface FrameFile {
  /** Of the whole file. */
  readonly bytes: number;
  /** The first bytes: a whole header, if the file is as long as that. */
  readonly header: Uint8Array;
  /** Fills `into` with the next bytes behind the header; throws where the file ends before. */
  readonly read: (into: Uint8Array) => void;
}

/** Opens a file for `work` and closes it again. Synchronous: for a thread of its own. */
export function withFrameFile<Result>(path: string, work: (file: FrameFile) => Result): Result {
  const descriptor = openSync(path, 'r');
  try {
    const { size } = fstatSync(descriptor);
    let at = 0;
    function read(into: Uint8Array): void {
      for (let done = 0; done < into.length; ) {
        const count = readSync(descriptor, into, done, into.length - done, at);
        if (count === 0) throw new Error(`${path} ended early`);
        done += count;
        at += count;
      }
    }
    const header = new Uint8Array(Math.min(size, FRAME_HEADER_BYTES));
    read(header);
    return work({ bytes: size, header, read });
  } finally {
    closeSync(descriptor);
  }
}
