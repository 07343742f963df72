import type { backend_util } from '@tensorflow/tfjs-core';
import type { Geometry } from './code/window.ts';

/** What a convolution or a pool does, in the words of the machine code; all positions of all images. */
export function geometryOf(info: backend_util.Conv2DInfo): Geometry {
  if (info.dataFormat !== 'channelsLast') throw new Error('WebAssembly works on NHWC images only');
  return {
    firstRow: 0,
    rowCount: info.batchSize * info.outHeight,
    positionsDown: info.outHeight,
    positionsAcross: info.outWidth,
    height: info.inHeight,
    width: info.inWidth,
    channels: info.inChannels,
    windowHeight: info.filterHeight,
    windowWidth: info.filterWidth,
    strideDown: info.strideHeight,
    strideAcross: info.strideWidth,
    padTop: info.padInfo.top,
    padLeft: info.padInfo.left,
  };
}

/** Patches of so many bytes are made and used up before the next: they stay in a second-level cache. */
const PATCHES_BYTES = 512 * 1024;

/** Consecutive rows of window positions: their part of the geometry, and their rows in the matrix of patches. */
export interface PositionBlock {
  readonly part: Geometry;
  readonly first: number;
  readonly count: number;
}

/** Cuts the positions into blocks of whole rows. `taps` are the floats of one patch. */
export function blocksOf(geometry: Geometry, taps: number): readonly PositionBlock[] {
  const { rowCount, positionsAcross } = geometry;
  const rows = Math.max(1, Math.floor(PATCHES_BYTES / (4 * taps * positionsAcross)));
  return Array.from({ length: Math.ceil(rowCount / rows) }, (_, index) => {
    const firstRow = index * rows;
    const part = { ...geometry, firstRow, rowCount: Math.min(rows, rowCount - firstRow) };
    return { part, first: firstRow * positionsAcross, count: part.rowCount * positionsAcross };
  });
}

/** Room for the patches of the largest block. */
export const patchesBytes = (blocks: readonly PositionBlock[], taps: number): number =>
  4 * taps * Math.max(0, ...blocks.map(({ count }) => count));
