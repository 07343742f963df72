import { assert } from '../../../shared/assert.ts';

/** A picture as ink: 0 is paper, 1 full ink, row by row. */
export interface Ink {
  readonly width: number;
  readonly height: number;
  readonly values: Float32Array;
}

/** MNIST's own frame (LeCun et al. 1998): the digit fits a box of 20 × 20, its centre of mass in the middle of 28 × 28. */
export const DIGIT_SIDE = 28;
const BOX_SIDE = 20;
/** Paler than this is paper: noise and JPEG ringing would widen the box. */
const INK_THRESHOLD = 0.15;

/** The picture as one MNIST-like example, uint8, or null where there is no ink. */
export function digitOf(ink: Ink): Uint8Array | null {
  const box = inkBox(ink);
  if (box === null) return null;
  const scale = BOX_SIDE / Math.max(box.width, box.height);
  const width = Math.max(1, Math.round(box.width * scale));
  const height = Math.max(1, Math.round(box.height * scale));
  const small = resample(ink, box, width, height);
  return centredByMass({ width, height, values: small });
}

interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

function inkBox({ width, height, values }: Ink): Box | null {
  assert(values.length === width * height, 'one value a pixel');
  let [left, top, right, bottom] = [width, height, -1, -1];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if ((values[y * width + x] as number) < INK_THRESHOLD) continue;
      left = Math.min(left, x);
      right = Math.max(right, x);
      top = Math.min(top, y);
      bottom = Math.max(bottom, y);
    }
  }
  return right < 0 ? null : { left, top, width: right - left + 1, height: bottom - top + 1 };
}

/** Mean over the area of each target pixel: right for shrinking, and for growing as good as its source. */
export function resample(ink: Ink, box: Box, width: number, height: number): Float32Array {
  const out = new Float32Array(width * height);
  for (let y = 0; y < height; y++) {
    const rows = overlaps(box.top + (y * box.height) / height, box.top + ((y + 1) * box.height) / height);
    for (let x = 0; x < width; x++) {
      const columns = overlaps(box.left + (x * box.width) / width, box.left + ((x + 1) * box.width) / width);
      let sum = 0;
      let area = 0;
      for (const row of rows) {
        for (const column of columns) {
          const share = row.share * column.share;
          sum += share * (ink.values[row.at * ink.width + column.at] ?? 0);
          area += share;
        }
      }
      out[y * width + x] = area > 0 ? sum / area : 0;
    }
  }
  return out;
}

/** Which whole pixels lie between two positions, and how much of each. */
function overlaps(from: number, to: number): { readonly at: number; readonly share: number }[] {
  const found: { at: number; share: number }[] = [];
  for (let at = Math.floor(from); at < to; at++) {
    found.push({ at, share: Math.min(at + 1, to) - Math.max(at, from) });
  }
  return found;
}

function centredByMass({ width, height, values }: Ink): Uint8Array {
  let mass = 0;
  let [xSum, ySum] = [0, 0];
  let peak = 0;
  values.forEach((value, index) => {
    mass += value;
    xSum += value * ((index % width) + 0.5);
    ySum += value * (Math.floor(index / width) + 0.5);
    peak = Math.max(peak, value);
  });
  const within = (offset: number, side: number): number => Math.min(Math.max(offset, 0), DIGIT_SIDE - side);
  const left = within(Math.round(DIGIT_SIDE / 2 - xSum / mass), width);
  const top = within(Math.round(DIGIT_SIDE / 2 - ySum / mass), height);
  const digit = new Uint8Array(DIGIT_SIDE * DIGIT_SIDE);
  values.forEach((value, index) => {
    const at = (top + Math.floor(index / width)) * DIGIT_SIDE + left + (index % width);
    digit[at] = Math.round((255 * value) / peak);
  });
  return digit;
}
