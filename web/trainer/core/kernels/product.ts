import { PANEL, TILE_ROWS } from './code/matrix.ts';
import type { Native, NativeFunction } from './native.ts';

/** A matrix of floats in memory: its address, and the floats from one row and from one column to the next. */
export interface Matrix {
  readonly at: number;
  readonly rowStep: number;
  readonly columnStep: number;
}

/** Row by row, without gaps. */
export const rowMajor = (at: number, columns: number): Matrix => ({ at, rowStep: columns, columnStep: 1 });
export const transposed = ({ at, rowStep, columnStep }: Matrix): Matrix => ({
  at,
  rowStep: columnStep,
  columnStep: rowStep,
});

export interface Sizes {
  readonly rows: number;
  readonly depth: number;
  readonly columns: number;
}

/** A block of B in panels takes so many floats: 256 KiB stay in a second-level cache while all rows of A pass by. */
const BLOCK_FLOATS = 65_536;
const BLOCK_DEPTH = 256;

/**
 * C ← A·B, or C ← C + A·B. A and B may be transposed; C lies row by row. The loops are those of Goto and van de Geijn,
 * Anatomy of high-performance matrix multiplication, 2008, without the packing of A.
 */
export function product(native: Native, a: Matrix, b: Matrix, c: Matrix, sizes: Sizes, isSum = false): void {
  const { rows, depth, columns } = sizes;
  const blockDepth = Math.min(depth, BLOCK_DEPTH);
  const widest = Math.max(PANEL, PANEL * Math.floor(BLOCK_FLOATS / blockDepth / PANEL));
  const panelsBytes = 4 * blockDepth * PANEL * Math.ceil(Math.min(columns, widest) / PANEL);
  native.withScratch(panelsBytes + 4 * PANEL * rows, (panels) => {
    const edge = rowMajor(panels + panelsBytes, PANEL);
    for (const { from, count } of columnBlocks(columns, widest)) {
      const isEdge = count < PANEL;
      const to = isEdge ? edge : { ...c, at: c.at + 4 * from };
      for (let k = 0; k < depth; k += blockDepth) {
        const block = Math.min(blockDepth, depth - k);
        const right = b.at + 4 * (k * b.rowStep + from * b.columnStep);
        native.call.pack(panels, right, 4 * b.rowStep, 4 * b.columnStep, block, count);
        const left = { ...a, at: a.at + 4 * k * a.columnStep };
        const isAdded = k > 0 || (isSum && !isEdge);
        multiplyPanels(native, left, panels, to, { rows, depth: block, columns: count }, isAdded);
      }
      if (isEdge) {
        native.call.copyColumns(c.at + 4 * from, 4 * c.rowStep, edge.at, 4 * PANEL, rows, count, Number(isSum));
      }
    }
  });
}

/** Runs of whole panels, and one of the columns that are left. */
function columnBlocks(columns: number, widest: number): readonly { readonly from: number; readonly count: number }[] {
  const left = columns % PANEL;
  const whole = columns - left;
  const blocks = Array.from({ length: Math.ceil(whole / widest) }, (_, index) => ({
    from: index * widest,
    count: Math.min(widest, whole - index * widest),
  }));
  return left === 0 ? blocks : [...blocks, { from: whole, count: left }];
}

/** Full tiles, then one of the rows that are left. */
function multiplyPanels(native: Native, a: Matrix, panels: number, c: Matrix, sizes: Sizes, isSum: boolean): void {
  const layout = a.columnStep === 1 ? 'along' : 'across';
  const step = layout === 'along' ? a.rowStep : a.columnStep;
  const panelCount = Math.ceil(sizes.columns / PANEL);
  const run = (tileRows: number, firstRow: number, tiles: number): void => {
    const from = a.at + 4 * firstRow * a.rowStep;
    const to = c.at + 4 * firstRow * c.rowStep;
    const multiply = native.multiply[`${layout}${tileRows}`] as NativeFunction;
    multiply(from, 4 * step, panels, to, 4 * c.rowStep, sizes.depth, panelCount, tiles, Number(isSum));
  };
  const tiles = Math.floor(sizes.rows / TILE_ROWS);
  const left = sizes.rows % TILE_ROWS;
  if (tiles > 0) run(TILE_ROWS, 0, tiles);
  if (left > 0) run(left, sizes.rows - left, 1);
}
