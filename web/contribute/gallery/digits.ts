import type { StoredExample } from '../../data/dataset.ts';
import { digitOfStrokes } from '../../data/import/drawing.ts';
import type { Strokes } from '../drawing.ts';

/** Ten digits as a person would draw them: corners from 0 to 20. */
const CORNERS: readonly string[] = [
  '10,3 6,5 5,10 6,15 10,17 14,15 15,10 14,5 10,3',
  '7,6 11,3 11,17',
  '5,6 7,3 11,3 14,6 13,9 5,17 15,17',
  '5,4 10,3 14,5 13,8 9,9 14,11 14,15 10,17 5,16',
  '12,17 12,3 4,12 16,12',
  '14,3 7,3 6,9 11,9 15,12 13,16 6,17',
  '13,3 8,7 6,13 9,17 13,16 14,12 10,10 6,13',
  '5,4 15,4 9,17',
  '10,9 6,6 8,3 12,3 14,6 10,9 6,13 8,17 12,17 14,13 10,9',
  '13,8 9,10 6,7 8,3 12,3 13,8 13,12 10,17',
];

export function drawnDigit(label: number, sway = 0): Strokes {
  const points = (CORNERS[label] ?? '').split(' ').map((corner) => {
    const [x = 0, y = 0] = corner.split(',').map(Number);
    return { x: (x + sway * (y - 10)) / 20, y: y / 20 };
  });
  return [points];
}

const ORDER = [0, 7, 4, 1, 8, 5, 2, 9, 6, 3, 7, 0, 9, 2, 5];

/** As the dataset gives them: newest first. */
export function drawnExamples(count: number): readonly StoredExample[] {
  return Array.from({ length: count }, (_, index) => {
    const label = ORDER[index % ORDER.length] ?? 0;
    const sway = ((index * 7) % 5) / 10 - 0.2;
    const features = digitOfStrokes(drawnDigit(label, sway), 1) ?? new Uint8Array(784);
    return { id: count - index, target: label, features };
  });
}
