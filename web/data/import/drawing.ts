import { digitOf, type Ink } from './digit.ts';

export interface Point {
  readonly x: number;
  readonly y: number;
}
/** The points of one press of the pen, in any unit. */
export type Stroke = readonly Point[];

/** The side of the sheet that strokes are drawn on before they shrink to 20 × 20: four times that, for smooth edges. */
const SHEET_SIDE = 80;
const MARGIN = 8;
/** Half the pen's width on the sheet: lines of MNIST are about 2.5 of 20 pixels wide. */
const PEN_RADIUS = 5;
/** A dot or a short dash is not blown up to a whole digit. */
const SMALLEST_SHARE = 0.15;

/**
 * A drawing as one MNIST-like example, or null where nothing was drawn. The pen's width does not depend on how large
 * the person drew, nor on the screen. `surfaceSide` is the side of the drawing surface in the unit of the points.
 */
export function digitOfStrokes(strokes: readonly Stroke[], surfaceSide: number): Uint8Array | null {
  const points = strokes.flat();
  if (points.length === 0) return null;
  const [left, right] = range(points.map(({ x }) => x));
  const [top, bottom] = range(points.map(({ y }) => y));
  const side = Math.max(right - left, bottom - top, surfaceSide * SMALLEST_SHARE);
  const scale = (SHEET_SIDE - 2 * MARGIN) / side;
  const toSheet = ({ x, y }: Point): Point => ({
    x: SHEET_SIDE / 2 + (x - (left + right) / 2) * scale,
    y: SHEET_SIDE / 2 + (y - (top + bottom) / 2) * scale,
  });
  return digitOf(rasterise(strokes.map((stroke) => stroke.map(toSheet))));
}

const range = (values: readonly number[]): readonly [number, number] => [
  values.reduce((least, value) => Math.min(least, value), Number.POSITIVE_INFINITY),
  values.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY),
];

/** Ink where a pixel's centre is within the pen's reach of a stroke, fading over one pixel. */
function rasterise(strokes: readonly Stroke[]): Ink {
  const values = new Float32Array(SHEET_SIDE * SHEET_SIDE);
  for (const stroke of strokes) {
    stroke.forEach((to, index) => {
      const from = stroke[Math.max(0, index - 1)] ?? to;
      const [left, right] = range([from.x, to.x]);
      const [top, bottom] = range([from.y, to.y]);
      const within = (value: number) => Math.min(Math.max(Math.floor(value), 0), SHEET_SIDE - 1);
      for (let y = within(top - PEN_RADIUS - 1); y <= within(bottom + PEN_RADIUS + 1); y++) {
        for (let x = within(left - PEN_RADIUS - 1); x <= within(right + PEN_RADIUS + 1); x++) {
          const distance = distanceToSegment({ x: x + 0.5, y: y + 0.5 }, from, to);
          const ink = Math.min(Math.max(PEN_RADIUS + 0.5 - distance, 0), 1);
          const at = y * SHEET_SIDE + x;
          values[at] = Math.max(values[at] as number, ink);
        }
      }
    });
  }
  return { width: SHEET_SIDE, height: SHEET_SIDE, values };
}

function distanceToSegment(point: Point, from: Point, to: Point): number {
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const length = dx * dx + dy * dy;
  const along = length === 0 ? 0 : ((point.x - from.x) * dx + (point.y - from.y) * dy) / length;
  const share = Math.min(Math.max(along, 0), 1);
  return Math.hypot(point.x - from.x - share * dx, point.y - from.y - share * dy);
}
