import type { Point } from '../data/import/drawing.ts';

/** Drawings as strokes: points from 0 to 1 of the pad's side. What is drawn is redrawn at any size and in any colour. */

export type { Point };
export type Stroke = readonly Point[];
export type Strokes = readonly Stroke[];

/** A pen about as thick, for its pad, as those that the digits of the sample data were written with. */
export const PEN_SHARE = 0.085;

export const isEmptyDrawing = (strokes: Strokes): boolean => strokes.every((stroke) => stroke.length === 0);

/** Draws into a square of `side` pixels with the context's current stroke style. */
export function drawStrokes(
  context: CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D,
  strokes: Strokes,
  side: number,
): void {
  context.lineWidth = side * PEN_SHARE;
  context.lineCap = 'round';
  context.lineJoin = 'round';
  for (const [first, ...rest] of strokes) {
    if (!first) continue;
    context.beginPath();
    context.moveTo(first.x * side, first.y * side);
    // A dot is a line to itself: round caps make it visible.
    context.lineTo(first.x * side, first.y * side);
    for (const point of rest) context.lineTo(point.x * side, point.y * side);
    context.stroke();
  }
}

/** Ink on paper, for models that do not look at digits. */
export function rasterise(strokes: Strokes, side = 256): ImageData {
  const canvas = document.createElement('canvas');
  canvas.width = side;
  canvas.height = side;
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (!context) throw new Error('this browser draws on no canvas');
  context.fillStyle = 'white';
  context.fillRect(0, 0, side, side);
  context.strokeStyle = 'black';
  drawStrokes(context, strokes, side);
  return context.getImageData(0, 0, side, side);
}
