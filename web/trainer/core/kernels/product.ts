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
  const whole = columns - (columns % PANEL);
  const blockDepth = Math.min(depth, BLOCK_DEPTH);
  const blockColumns = Math.max(PANEL, PANEL * Math.floor(BLOCK_FLOATS / blockDepth / PANEL));
  const edgeBytes = whole === columns ? 0 : 4 * PANEL * rows;
  native.withScratch(4 * blockDepth * Math.min(blockColumns, whole + PANEL) + edgeBytes, (panels) => {
    const edge = rowMajor(panels + 4 * blockDepth * Math.min(blockColumns, whole + PANEL), PANEL);
    for (let from = 0; from < columns; from = nextColumn(from, blockColumns, whole, columns)) {
      const count = nextColumn(from, blockColumns, whole, columns) - from;
      const isEdge = count < PANEL;
      const target = isEdge ? edge : { ...c, at: c.at + 4 * from };
      for (let k = 0; k < depth; k += blockDepth) {
        const at = b.at + 4 * (k * b.rowStep + from * b.columnStep);
        const block = Math.min(blockDepth, depth - k);
        native.call.pack(panels, at, 4 * b.rowStep, 4 * b.columnStep, block, count);
        const left = { ...a, at: a.at + 4 * k * a.columnStep };
        multiplyPanels(
          native,
          left,
          panels,
          target,
          rows,
          block,
          Math.ceil(count / PANEL),
          k > 0 || (isSum && !isEdge),
        );
      }
      if (isEdge) {
        native.call.copyColumns(c.at + 4 * from, 4 * c.rowStep, edge.at, 4 * PANEL, rows, count, Number(isSum));
      }
    }
  });
}

/** Blocks end at whole panels; the columns of the last, partial panel are a block of their own. */
function nextColumn(from: number, blockColumns: number, whole: number, columns: number): number {
  return from < whole ? Math.min(from + blockColumns, whole) : columns;
}

/** Full tiles, then one of the rows that are left. */
function multiplyPanels(
  native: Native,
  a: Matrix,
  panels: number,
  c: Matrix,
  rows: number,
  depth: number,
  panelCount: number,
  isSum: boolean,
): void {
  const layout = a.columnStep === 1 ? 'along' : 'across';
  const step = layout === 'along' ? a.rowStep : a.columnStep;
  const tiles = Math.floor(rows / TILE_ROWS);
  const run = (tileRows: number, firstRow: number, count: number): void => {
    const from = a.at + 4 * firstRow * a.rowStep;
    const to = c.at + 4 * firstRow * c.rowStep;
    const multiply = native.multiply[`${layout}${tileRows}`] as NativeFunction;
    multiply(from, 4 * step, panels, to, 4 * c.rowStep, depth, panelCount, count, Number(isSum));
  };
  if (tiles > 0) run(TILE_ROWS, 0, tiles);
  const left = rows % TILE_ROWS;
  if (left > 0) run(left, rows - left, 1);
}
