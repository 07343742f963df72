import { LIMITS } from '../../../shared/limits.ts';
import type { Updates } from './aggregator.ts';

/** Goes through all coordinates in blocks of `LIMITS.robustBlockValues` values of all updates together. */
export function eachBlock(
  updates: Updates,
  visit: (rows: readonly Float32Array[], from: number) => void,
  blockValues: number = LIMITS.robustBlockValues,
): void {
  const width = Math.max(1, Math.floor(blockValues / updates.count));
  for (let from = 0; from < updates.values; from += width)
    visit(updates.block(from, Math.min(from + width, updates.values)), from);
}

/** One number a coordinate, from its values in the order of the updates; `combine` may sort what it is given. */
export function coordinateWise(updates: Updates, combine: (column: Float32Array) => number): Float64Array {
  const result = new Float64Array(updates.values);
  const column = new Float32Array(updates.count);
  eachBlock(updates, (rows, from) => {
    const width = (rows[0] as Float32Array).length;
    for (let at = 0; at < width; at++) {
      for (let row = 0; row < rows.length; row++) column[row] = (rows[row] as Float32Array)[at] as number;
      result[from + at] = combine(column);
    }
  });
  return result;
}
