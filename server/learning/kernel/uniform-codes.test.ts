import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { optionsOf } from '../../../shared/codec/fixtures/options.ts';
import { CODEC_NAMES, CODECS, type CodecName } from '../../../shared/codec/index.ts';
import { seededRng } from '../../../shared/rng.ts';
import { toBytes } from '../../../shared/weights/vector.ts';
import { kernel } from './index.ts';
import { readFrom, WINDOW_BYTES } from './kernel.ts';
import { plain } from './plain.ts';
import { normOfCodes, type UniformCodes, uniformCodes } from './uniform-codes.ts';

const CODED = ['uniform-1', 'uniform-2', 'uniform-4', 'uniform-8'] as const;
const codesOf = (codec: CodecName, values: number, range: number): UniformCodes =>
  uniformCodes({ codec, values, range }) as UniformCodes;

test('2 bits over ±3 are −3, −1, 1 and 3: [−3, 1, 3] twice is [−6, 2, 6], of norm √19', () => {
  const codes = codesOf('uniform-2', 3, 3);
  expect(codes).toEqual({ bits: 2, levels: Float32Array.of(-3, -1, 1, 3), values: 3, count: 3, isRotated: false });
  const body = Uint8Array.of(0b111000);
  const sums = kernel.sums(3);
  sums.addCodes(readFrom(body), codes.bits, codes.levels, 2);
  expect([...sums.values]).toEqual([-6, 2, 6]);
  expect(normOfCodes(codes, readFrom(body))).toBe(Math.sqrt(19));
  expect(normOfCodes(codes, readFrom(Uint8Array.of(0b01111000)))).toBe(Math.sqrt(19));
});

test('there is a table for 1, 2, 4 and 8 bits, plain and rotated, and for nothing else', () => {
  const coded = CODEC_NAMES.filter((codec) => uniformCodes({ codec, values: 5, range: 1 }) !== null);
  expect(coded).toEqual([...CODED, ...CODED.map((codec) => `${codec}-rotated`)]);
  expect(codesOf('uniform-4-rotated', 127, 1)).toMatchObject({ count: 128, isRotated: true });
  expect(() => uniformCodes({ codec: 'uniform-8', values: 1 })).toThrow('range');
});

describe.each(CODED)('%s', (codec) => {
  /** What a body adds and its norm: looked up by both kernels, and decoded first. */
  function expectSame(delta: Float32Array, range: number, weight: number): void {
    const body = CODECS[codec].encode(delta, optionsOf(1, { range }));
    const decoded = CODECS[codec].decode(body, delta.length, { seed: 0, range }) as Float32Array;
    const codes = codesOf(codec, delta.length, range);
    const expected = plain.sums(delta.length);
    const norm = expected.add(readFrom(toBytes(decoded)), weight);
    for (const { sums } of [kernel, plain]) {
      const looked = sums(delta.length);
      looked.addCodes(readFrom(body), codes.bits, codes.levels, weight);
      expect(Buffer.compare(bytesOf(looked.values), bytesOf(expected.values))).toBe(0);
    }
    expect(Math.abs(normOfCodes(codes, readFrom(body)) / norm - 1)).toBeLessThan(1e-11);
  }

  test('adds the same bits as what it decodes to, on both kernels, and has its norm', () => {
    const values = fc.float32Array({ minLength: 1, maxLength: 70, noNaN: true, min: -2, max: 2 });
    const positive = fc.double({ min: 1e-3, max: 1e3, noNaN: true });
    fc.assert(fc.property(values, positive, positive, expectSame));
  });

  test('and so do more than are read at once', () => {
    const perByte = 8 / codesOf(codec, 1, 1).bits;
    const delta = Float32Array.from({ length: (WINDOW_BYTES + 3) * perByte - 1 }, (_, at) => Math.sin(at));
    expectSame(delta, 0.9, 0.3);
  });
});

describe.each(CODED)('the norm of %s, rotated,', (plainCodec) => {
  const codec = `${plainCodec}-rotated` as const;
  test('is that of what it decodes to, without the padding', () => {
    const sizes = fc.oneof(
      fc.integer({ min: 1, max: 70 }),
      fc.constantFrom(127, 1_023, 4_095, 65_535, 70_001, 131_000),
    );
    fc.assert(
      fc.property(sizes, fc.nat(), fc.double({ min: 1e-3, max: 1e3, noNaN: true }), (values, seed, range) => {
        const rng = seededRng(seed, 0);
        const delta = Float32Array.from({ length: values }, () => 0.3 * range * rng.normal());
        const body = CODECS[codec].encode(delta, optionsOf(seed, { seed, range }));
        const decoded = CODECS[codec].decode(body, values, { seed, range }) as Float32Array;
        const norm = kernel.norm(values, readFrom(toBytes(decoded)));
        expect(Math.abs(normOfCodes(codesOf(codec, values, range), readFrom(body), seed) / norm - 1)).toBeLessThan(
          1e-6,
        );
      }),
      { numRuns: 20 },
    );
  });
});

const bytesOf = ({ buffer, byteOffset, byteLength }: Float64Array): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);
