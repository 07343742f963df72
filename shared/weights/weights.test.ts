import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BugError } from '../assert.ts';
import { deltaOf, pseudoGradient } from './delta.ts';
import { layoutOf, tensorAt } from './layout.ts';
import { addScaled, fromBytes, isFinite32, norm, toBytes } from './vector.ts';

describe('layoutOf', () => {
  const layout = layoutOf([
    { name: 'a/kernel', shape: [2, 3] },
    { name: 'a/bias', shape: [3] },
  ]);

  it('lays tensors end to end in their order', () => {
    expect(layout.entries.map(({ name, offset, size }) => [name, offset, size])).toEqual([
      ['a/kernel', 0, 6],
      ['a/bias', 6, 3],
    ]);
    expect(layout.size).toBe(9);
  });

  it('has one hash for the same names and shapes and another when anything differs', () => {
    const same = layoutOf([
      { name: 'a/kernel', shape: [2, 3] },
      { name: 'a/bias', shape: [3] },
    ]);
    const others = [
      layoutOf([
        { name: 'a/kernel', shape: [3, 2] },
        { name: 'a/bias', shape: [3] },
      ]),
      layoutOf([
        { name: 'b/kernel', shape: [2, 3] },
        { name: 'a/bias', shape: [3] },
      ]),
      layoutOf([
        { name: 'a/bias', shape: [3] },
        { name: 'a/kernel', shape: [2, 3] },
      ]),
    ];
    expect(same.sha256).toBe(layout.sha256);
    expect(new Set([layout.sha256, ...others.map((other) => other.sha256)]).size).toBe(4);
  });

  it('gives views into the one vector', () => {
    const flat = Float32Array.from([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    const bias = layout.entries[1];
    if (bias === undefined) throw new Error('no bias');
    tensorAt(flat, bias)[0] = 70;
    expect(flat[6]).toBe(70);
  });

  it('refuses a tensor without a size', () => {
    expect(() => layoutOf([{ name: 'a', shape: [0] }])).toThrow(BugError);
  });
});

describe('the sign convention', () => {
  it('delta is local minus global', () => {
    expect([...deltaOf(Float32Array.of(3, 1, -1), Float32Array.of(1, 1, 1))]).toEqual([2, 0, -2]);
  });

  it('the pseudo-gradient is minus the mean delta', () => {
    expect([...pseudoGradient(Float64Array.of(2, 0.5, -2))]).toEqual([-2, -0.5, 2]);
  });
});

describe('vector operations', () => {
  it('threat C1: knows NaN and both infinities at any place, and nothing else', () => {
    fc.assert(
      fc.property(fc.float32Array({ minLength: 0, maxLength: 40 }), (vector) => {
        expect(isFinite32(vector)).toBe(vector.every((x) => Number.isFinite(x)));
      }),
    );
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])
      expect(isFinite32(Float32Array.of(0, 3.4e38, bad, -3.4e38))).toBe(false);
    expect(isFinite32(Float32Array.of(1e-45, -1e-45, 3.4e38, -3.4e38, 0, -0))).toBe(true);
  });

  it('takes the norm in Float64, where the squares would not fit float32', () => {
    expect(norm(Float32Array.of(3, 4))).toBe(5);
    expect(norm(Float32Array.of(1e30, 0))).toBeCloseTo(1e30, -24);
  });

  it('adds scaled vectors in Float64', () => {
    const sum = Float64Array.of(1, 1, 1);
    addScaled(sum, Float32Array.of(1, 2, 3), 10);
    expect([...sum]).toEqual([11, 21, 31]);
    expect(() => addScaled(sum, Float32Array.of(1), 1)).toThrow(BugError);
  });

  it('comes back from bytes as it was, aligned or not', () => {
    fc.assert(
      fc.property(fc.float32Array({ maxLength: 20 }), fc.integer({ min: 0, max: 7 }), (vector, offset) => {
        const buffer = new Uint8Array(offset + vector.byteLength);
        buffer.set(toBytes(vector), offset);
        expect(fromBytes(buffer.subarray(offset))).toEqual(vector);
      }),
    );
  });

  it('writes little-endian bytes', () => {
    expect([...toBytes(Float32Array.of(1))]).toEqual([0, 0, 0x80, 0x3f]);
  });
});
