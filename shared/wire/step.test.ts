import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CODEC_NAMES, type CodecName } from '../codec/index.ts';
import { sha256Hex } from '../hash.ts';
import type { Sha256 } from '../ids.ts';
import { seededRng } from '../rng.ts';
import { norm, toBytes } from '../weights/vector.ts';
import { FRAME_HEADER_BYTES } from './frame.ts';
import { makeStep, type StepCoding, takeStep, takeSteps } from './step.ts';

const LAYOUT = 'a'.repeat(64) as Sha256;
const DOWN = CODEC_NAMES.filter((name) => name !== 'float32' && name !== 'random-k');
const hashOf = (params: Float32Array): Sha256 => sha256Hex(toBytes(params));
const codingOf = (down: CodecName, base: Float32Array): StepCoding => ({
  ...{ codec: { down, range: 0.05, fraction: 0.05 }, layoutSha256: LAYOUT, baseSha256: hashOf(base) },
});
const minus = (a: Float32Array, b: Float32Array): Float32Array => a.map((value, i) => value - (b[i] as number));

/** d values of about that size each. */
function vector(count: number, seed: number, size: number): Float32Array {
  const rng = seededRng(seed, 1);
  return Float32Array.from({ length: count }, () => (rng.uniform() - 0.5) * 2 * size);
}

describe('P52 P53 a step', () => {
  it.each(DOWN)('%s: leads everybody to the same weights, and says what is missing', (down) => {
    const base = vector(20_000, 1, 1);
    const target = base.map((value, i) => value + 0.02 * Math.sin(i));
    const coding = codingOf(down, base);
    const made = makeStep(base, target, null, coding);
    if (made === null) throw new Error('no step');
    expect(made.frame.byteLength).toBeLessThan(base.byteLength);
    expect(hashOf(takeStep(base, made.frame, coding) as Float32Array)).toBe(hashOf(made.params));
    for (let i = 0; i < base.length; i++)
      expect(Math.abs((made.params[i] as number) + (made.residual[i] as number) - (target[i] as number))).toBeLessThan(
        1e-6,
      );
    // The same again: a commit that is made twice makes the same version.
    expect(makeStep(base, target, null, coding)?.frame).toEqual(made.frame);
  });

  it.each(['eden-1', 'eden-4', 'uniform-8', 'uniform-8-rotated', 'float16', 'top-k'] as const)(
    '%s: what a step leaves out comes with later ones: after forty the way is as good as gone',
    (down) => {
      const start = vector(4_096, 2, 1);
      let aimed = start;
      let params = start;
      let residual: Float32Array | null = null;
      for (let version = 0; version < 40; version++) {
        const change = vector(4_096, 10 + version, 0.01);
        const target = params.map((value, i) => value + (change[i] as number));
        aimed = aimed.map((value, i) => value + (change[i] as number));
        const made = makeStep(params, target, residual, codingOf(down, params));
        if (made === null) throw new Error('no step');
        ({ params, residual } = made);
        expect(norm(minus(minus(aimed, params), residual))).toBeLessThan(1e-3);
      }
      // top-k at five in a hundred sends the least: its rest is bounded, but by many changes.
      expect(norm(residual as Float32Array) / norm(minus(aimed, start))).toBeLessThan(down === 'top-k' ? 1 : 0.4);
    },
  );

  it('is none where nothing changes, a value is not finite, or the frame would be no shorter', () => {
    const base = vector(1_000, 3, 1);
    const with1 = (value: number): Float32Array => base.map((x, i) => (i === 5 ? value : x));
    expect(makeStep(base, base, null, codingOf('uniform-8', base))).toBeNull();
    expect(makeStep(base, with1(Number.NaN), null, codingOf('uniform-8', base))).toBeNull();
    expect(makeStep(base, with1(Number.POSITIVE_INFINITY), null, codingOf('float16', base))).toBeNull();
    const small = vector(30, 4, 1);
    const moved = small.map((value) => value + 0.01);
    expect(makeStep(small, moved, null, codingOf('uniform-8', small))).toBeNull();
  });

  it('one after the other, from the weights of each', () => {
    const params = [vector(2_000, 5, 1)];
    const steps = [6, 7, 8].map((seed) => {
      const base = params.at(-1) as Float32Array;
      const change = vector(2_000, seed, 0.01);
      const target = base.map((value, i) => value + (change[i] as number));
      const made = makeStep(base, target, null, codingOf('eden-2', base));
      if (made === null) throw new Error('no step');
      params.push(made.params);
      return { frame: made.frame, baseSha256: hashOf(base) };
    });
    const [first, second] = params as [Float32Array, Float32Array];
    expect(takeSteps(first, steps, codingOf('eden-2', first))).toEqual(params[3]);
    expect(takeSteps(second, steps.slice(1), codingOf('eden-2', first))).toEqual(params[3]);
    expect(() =>
      takeSteps(first, [steps[0]!, { ...steps[1]!, baseSha256: LAYOUT }], codingOf('eden-2', first)),
    ).toThrow();
  });

  it('that was damaged, cut or made for others is none', () => {
    const base = vector(2_000, 9, 1);
    const coding = codingOf('eden-2', base);
    const { frame } = makeStep(
      base,
      base.map((value) => value + 0.01),
      null,
      coding,
    ) ?? { frame: new Uint8Array() };
    expect(takeStep(base, frame, coding)).toBeDefined();
    expect(takeStep(base, frame.subarray(1), coding)).toBeUndefined();
    expect(takeStep(base, frame, { ...coding, layoutSha256: hashOf(base) })).toBeUndefined();
    expect(takeStep(base, frame, { ...coding, baseSha256: LAYOUT })).toBeUndefined();
    expect(takeStep(base, frame, { ...coding, codec: { down: 'eden-3' } })).toBeUndefined();
    expect(takeStep(base.subarray(1), frame, coding)).toBeUndefined();
    fc.assert(
      fc.property(fc.integer({ min: 0, max: FRAME_HEADER_BYTES - 1 }), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const torn = frame.slice();
        torn[at] = (torn[at] as number) ^ flip;
        const got = takeStep(base, torn, coding);
        // What still reads as a step leads elsewhere or to the same: the hash tells.
        expect(got === undefined || got.length === base.length).toBe(true);
      }),
    );
  });
});
