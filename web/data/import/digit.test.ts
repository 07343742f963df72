import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DIGIT_SIDE, digitOf, type Ink } from './digit.ts';
import { digitOfStrokes, type Point } from './drawing.ts';
import { exampleOfPicture, inkOf, type Picture } from './picture.ts';

interface Extent {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}
function extentOf(digit: Uint8Array): Extent {
  const at = [...digit.keys()].filter((index) => (digit[index] ?? 0) > 0);
  const xs = at.map((index) => index % DIGIT_SIDE);
  const ys = at.map((index) => Math.floor(index / DIGIT_SIDE));
  return { left: Math.min(...xs), right: Math.max(...xs), top: Math.min(...ys), bottom: Math.max(...ys) };
}
function massCentre(digit: Uint8Array): Point {
  let [mass, x, y] = [0, 0, 0];
  digit.forEach((value, index) => {
    mass += value;
    x += value * ((index % DIGIT_SIDE) + 0.5);
    y += value * (Math.floor(index / DIGIT_SIDE) + 0.5);
  });
  return { x: x / mass, y: y / mass };
}

/** A picture of one grey level, with a rectangle of another. */
function picture(width: number, height: number, paper: number, ink: number, box: Extent): Picture {
  const data = new Uint8ClampedArray(4 * width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const isInk = x >= box.left && x <= box.right && y >= box.top && y <= box.bottom;
      data.set([0, 1, 2].map(() => (isInk ? ink : paper)).concat(255), 4 * (y * width + x));
    }
  }
  return { width, height, data };
}

const bar: Extent = { left: 40, right: 47, top: 20, bottom: 79 };

describe('a digit', () => {
  const inkAt = (width: number, height: number, box: Extent): Ink => ({
    width,
    height,
    values: Float32Array.from({ length: width * height }, (_, index) => {
      const [x, y] = [index % width, Math.floor(index / width)];
      return x >= box.left && x <= box.right && y >= box.top && y <= box.bottom ? 0.6 : 0;
    }),
  });

  test('fits a box of 20 × 20, with its shape kept and its centre of mass in the middle', () => {
    const digit = digitOf(inkAt(100, 100, bar));
    expect(digit).not.toBeNull();
    const { left, right, top, bottom } = extentOf(digit ?? new Uint8Array());
    expect([bottom - top + 1, right - left + 1]).toEqual([20, 3]);
    const { x, y } = massCentre(digit ?? new Uint8Array());
    expect(Math.max(Math.abs(x - 14), Math.abs(y - 14))).toBeLessThanOrEqual(0.5);
    expect(Math.max(...(digit ?? []))).toBe(255);
  });

  test('is the same wherever it was drawn and however large', () => {
    const small = digitOf(inkAt(100, 100, { left: 10, right: 19, top: 5, bottom: 24 }));
    const large = digitOf(inkAt(200, 150, { left: 90, right: 119, top: 40, bottom: 99 }));
    expect(large).toEqual(small);
  });

  test('with nothing on it is none', () => {
    expect(digitOf({ width: 3, height: 3, values: new Float32Array(9).fill(0.1) })).toBeNull();
  });
});

describe('a drawing', () => {
  const line = (from: Point, to: Point): Point[] =>
    Array.from({ length: 9 }, (_, step) => ({
      x: from.x + ((to.x - from.x) * step) / 8,
      y: from.y + ((to.y - from.y) * step) / 8,
    }));
  const seven = (size: number, at: Point) => [
    line(at, { x: at.x + size * 0.6, y: at.y }),
    line({ x: at.x + size * 0.6, y: at.y }, { x: at.x + size * 0.2, y: at.y + size }),
  ];

  test('looks the same small or large, left or right', () => {
    const small = digitOfStrokes(seven(100, { x: 10, y: 20 }), 280) ?? new Uint8Array();
    const large = digitOfStrokes(seven(200, { x: 60, y: 40 }), 280) ?? new Uint8Array();
    const difference = small.reduce((sum, value, index) => sum + Math.abs(value - (large[index] ?? 0)), 0);
    expect(difference / 784).toBeLessThan(1);
  });

  test('has lines of two to four pixels', () => {
    const digit = digitOfStrokes([line({ x: 100, y: 20 }, { x: 100, y: 260 })], 280) ?? new Uint8Array();
    const { left, right, top, bottom } = extentOf(digit);
    expect(bottom - top + 1).toBe(20);
    expect(right - left + 1).toBeGreaterThanOrEqual(2);
    expect(right - left + 1).toBeLessThanOrEqual(4);
  });

  test('of one dot is a dot, of nothing is none', () => {
    expect(digitOfStrokes([[{ x: 5, y: 5 }]], 280)).not.toBeNull();
    expect(digitOfStrokes([], 280)).toBeNull();
    expect(digitOfStrokes([[]], 280)).toBeNull();
  });

  test('of any strokes is 784 values in the middle of the frame', () => {
    const coordinate = fc.double({ min: 0, max: 280, noNaN: true });
    const point = fc.record({ x: coordinate, y: coordinate });
    const strokes = fc.array(fc.array(point, { minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(strokes, (drawn) => {
        const digit = digitOfStrokes(drawn, 280);
        expect(digit?.length).toBe(784);
        const { left, right, top, bottom } = extentOf(digit ?? new Uint8Array());
        expect(Math.max(right - left, bottom - top) + 1).toBeLessThanOrEqual(20);
      }),
      { numRuns: 60 },
    );
  });
});

describe('a picture', () => {
  test('dark on light and light on dark are the same digit', () => {
    const dark = exampleOfPicture(picture(100, 100, 255, 0, bar), [28, 28, 1], 'digit');
    const light = exampleOfPicture(picture(100, 100, 0, 255, bar), [28, 28, 1], 'digit');
    expect(light).toEqual(dark);
    expect(Math.max(...(dark ?? []))).toBe(255);
  });

  test('grey paper and pale ink are stretched to paper and ink', () => {
    const { values } = inkOf(picture(100, 100, 200, 120, bar));
    expect([values[0], values[50 * 100 + 44]]).toEqual([0, 1]);
  });

  test('an even surface is no digit', () => {
    expect(exampleOfPicture(picture(30, 30, 180, 180, bar), [28, 28, 1], 'digit')).toBeNull();
  });

  test('what is see-through is paper', () => {
    const drawn = picture(20, 20, 0, 0, bar);
    const data = drawn.data.slice();
    data.forEach((_, index) => {
      if (index % 4 === 3) data[index] = index > 4 * 190 && index < 4 * 195 ? 255 : 0;
    });
    const { values } = inkOf({ ...drawn, data });
    expect([values[0], values[192]]).toEqual([0, 1]);
  });

  test('of an object what is like the border is background, whichever is the lighter', () => {
    const shirt: Extent = { left: 10, right: 29, top: 10, bottom: 29 };
    const dark = exampleOfPicture(picture(40, 40, 230, 30, shirt), [4, 4, 1], 'object');
    const light = exampleOfPicture(picture(40, 40, 30, 230, shirt), [4, 4, 1], 'object');
    expect([...(dark ?? [])]).toEqual([0, 0, 0, 0, 0, 255, 255, 0, 0, 255, 255, 0, 0, 0, 0, 0]);
    expect(light).toEqual(dark);
  });

  test('may be an ImageData, whose sides are no properties of its own', () => {
    const plain = picture(40, 40, 230, 30, { left: 10, right: 29, top: 10, bottom: 29 });
    class Pixels {
      readonly data = plain.data;
      get width() {
        return plain.width;
      }
      get height() {
        return plain.height;
      }
    }
    for (const style of ['object', 'photo'] as const) {
      const example = exampleOfPicture(new Pixels(), [4, 4, 1], style);
      expect(example).toEqual(exampleOfPicture(plain, [4, 4, 1], style));
      expect(Math.max(...(example ?? []))).toBeGreaterThan(200);
    }
  });

  test('of a shape that no picture has there is no example', () => {
    expect(exampleOfPicture(picture(4, 4, 0, 255, bar), [4, 4, 2], 'photo')).toBeNull();
  });

  test('of anything else its middle is scaled to cover it', () => {
    const example = exampleOfPicture(
      picture(40, 20, 0, 255, { left: 10, right: 19, top: 0, bottom: 19 }),
      [4, 4, 3],
      'photo',
    );
    expect(example?.length).toBe(48);
    // the square in the middle: its left half is ink
    expect([...(example?.subarray(0, 12) ?? [])]).toEqual([255, 255, 255, 255, 255, 255, 0, 0, 0, 0, 0, 0]);
  });
});
