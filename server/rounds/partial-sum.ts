import { createHash } from 'node:crypto';
import { closeSync, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import type { Sha256 } from '../../shared/ids.ts';
import type { ExpectedFrame } from '../../shared/wire/frame.ts';
import type { Aggregator, AnyAggregator } from '../learning/aggregators/aggregator.ts';
import { aggregatorOf } from '../learning/aggregators/index.ts';
import type { Read } from '../learning/kernel/kernel.ts';
import { uniformCodes } from '../learning/kernel/uniform-codes.ts';
import { sum } from '../learning/sum.ts';
import type { Fold } from './port.ts';

/** A sum of reports as one process hands it to another: float64 values in a file, and what else its rule needs. */
export interface SavedSum {
  readonly bytes: number;
  readonly sha256: Sha256;
  /** Of `PartialSum.numbers`. */
  readonly numbers: readonly number[];
  /** Of the rotation in which the sums are; null for none. */
  readonly rotation: number | null;
}

const PIECE_BYTES = 256 * 1024;

export const aggregatorOfFold = (fold: Fold): AnyAggregator =>
  fold === 'sum' ? (sum as unknown as Aggregator<unknown>) : aggregatorOf(fold.strategy);

/** How long the sum of such reports is as a file; null under a rule that is no sum, whose reports must be in one place. */
export function sumBytes(fold: Fold, expected: ExpectedFrame): number | null {
  const aggregator = aggregatorOfFold(fold);
  if ('apply' in aggregator || aggregator.partial === undefined) return null;
  const codes = uniformCodes(expected);
  // Reports of a rotated codec are added as they lie, where the rule allows it.
  return 8 * (codes?.isRotated === true && aggregator.isScaledSum === true ? codes.count : expected.values);
}

/** Writes sums into a file that is there. Synchronous: for a thread of its own. */
export function writeSums(path: string, values: Float64Array): Pick<SavedSum, 'bytes' | 'sha256'> {
  const bytes = bytesOf(values);
  const hash = createHash('sha256');
  const file = openSync(path, 'r+');
  try {
    for (let at = 0; at < bytes.length; ) {
      const piece = bytes.subarray(at, at + PIECE_BYTES);
      const written = writeSync(file, piece, 0, piece.length, at);
      hash.update(piece.subarray(0, written));
      at += written;
    }
  } finally {
    closeSync(file);
  }
  return { bytes: bytes.length, sha256: hash.digest('hex') as Sha256 };
}

/** Opens a file of sums for `work`, or gives null if it is not what was saved. Synchronous, too. */
export function withSums<Result>(
  path: string,
  saved: Pick<SavedSum, 'bytes' | 'sha256'>,
  work: (read: Read) => Result,
): Result | null {
  const file = openSync(path, 'r');
  try {
    if (fstatSync(file).size !== saved.bytes) return null;
    const hash = createHash('sha256');
    const piece = new Uint8Array(PIECE_BYTES);
    for (let at = 0, read = 1; read > 0; at += read) {
      read = readSync(file, piece, 0, piece.length, at);
      hash.update(piece.subarray(0, read));
    }
    if (hash.digest('hex') !== saved.sha256) return null;
    let at = 0;
    return work((into) => {
      for (let done = 0; done < into.length; ) {
        const read = readSync(file, into, done, into.length - done, at);
        if (read === 0) throw new Error(`${path} ended early`);
        done += read;
        at += read;
      }
    });
  } finally {
    closeSync(file);
  }
}

/** A view. */
export const bytesOf = ({ buffer, byteOffset, byteLength }: Float64Array): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);
