import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { sha256Hex } from '../../../shared/hash.ts';
import { type Rng, seededRng } from '../../../shared/rng.ts';
import { toBytes } from '../../../shared/weights/vector.ts';
import { kernel } from './index.ts';
import { describeKernel } from './kernel.contract.ts';
import { CODE_BITS, type CodeBits, type Kernel, readFrom, WINDOW_BYTES } from './kernel.ts';
import { plain } from './plain.ts';
import { assembled, openSimd } from './simd.ts';

describeKernel(plain);
describeKernel(kernel);

test('the code of the kernel is assembled to the same bytes everywhere', () => {
  expect(assembled()).toEqual(assembled());
  expect(sha256Hex(assembled())).toBe('db00543ca89e11fd8dbcfc61292d1a6e140b67f0a5144c53ba41fea93ba282c8');
});

test('where there is SIMD it is used, and without WebAssembly there is the plain kernel', () => {
  expect(kernel.name).toBe('simd');
  const scope = globalThis as { WebAssembly?: unknown };
  const { WebAssembly } = scope;
  try {
    scope.WebAssembly = { validate: () => false };
    expect(openSimd()).toBeNull();
    delete scope.WebAssembly;
    expect(openSimd()).toBeNull();
  } finally {
    scope.WebAssembly = WebAssembly;
  }
});

/** Both give these bytes. */
function expectSame(work: (of: Kernel) => ArrayBufferView): void {
  const bytes = ({ buffer, byteOffset, byteLength }: ArrayBufferView) =>
    Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength);
  expect(bytes(work(kernel)).equals(bytes(work(plain)))).toBe(true);
}

const weight = fc.double({ min: 1e-6, max: 1e6, noNaN: true });

describe('SIMD and plain give the same bits', () => {
  const vectors = fc.integer({ min: 0, max: 70 }).chain((values) =>
    fc.array(
      fc.record({
        x: fc.float32Array({ minLength: values, maxLength: values, noNaN: true, noDefaultInfinity: true }),
        weight,
      }),
      { minLength: 1, maxLength: 5 },
    ),
  );

  test('of sums and norms', () => {
    fc.assert(
      fc.property(vectors, weight, (list, by) =>
        expectSame((of) => {
          const values = list[0]?.x.length ?? 0;
          const sums = of.sums(values);
          const norms = list.flatMap(({ x, weight }) => [
            sums.add(readFrom(toBytes(x)), weight),
            of.norm(values, readFrom(toBytes(x))),
          ]);
          sums.divide(by);
          return Float64Array.of(...sums.values, ...norms);
        }),
      ),
    );
  });

  test('of clipped vectors', () => {
    fc.assert(
      fc.property(vectors, weight, ([first], limit) =>
        expectSame((of) => {
          const clipped = Float32Array.from(first?.x ?? []);
          return Float64Array.of(of.clip(clipped, limit), ...clipped);
        }),
      ),
    );
  });

  test.each(CODE_BITS)('of codes of %i bits', (bits) => {
    const cases = fc.record({
      seed: fc.nat(),
      weight,
      bytes: fc.uint8Array({ minLength: 1, maxLength: 60 }),
      spare: fc.nat(7),
    });
    fc.assert(
      fc.property(cases, ({ seed, weight, bytes, spare }) =>
        expectSame((of) => {
          const levels = levelsOf(seededRng(seed, 0), bits);
          const sums = of.sums(Math.floor((bytes.length * 8) / bits) - (spare % (8 / bits)));
          for (let times = 0; times < 2; times++) sums.addCodes(readFrom(bytes), bits, levels, weight);
          return sums.values;
        }),
      ),
    );
  });

  test('of modular sums', () => {
    const integers = fc.uint32Array({ minLength: 35, maxLength: 35 });
    fc.assert(
      fc.property(fc.array(integers, { maxLength: 5 }), fc.nat(35), (list, values) =>
        expectSame((of) => {
          const sums = of.modularSums(values);
          for (const x of list) sums.add(readFrom(new Uint8Array(x.buffer)));
          return sums.values;
        }),
      ),
    );
  });

  test('whatever the last piece of several is like', () => {
    const rng = seededRng(11, 0);
    const inWindow = WINDOW_BYTES / 4;
    for (const values of [inWindow - 1, inWindow, inWindow + 1, 2 * inWindow + 13]) {
      const x = Float32Array.from({ length: values }, () => rng.uniform() - 0.5);
      const bytes = toBytes(x);
      expectSame((of) => {
        const sums = of.sums(values);
        const norms = [sums.add(readFrom(bytes), 3), sums.add(readFrom(bytes), 0.1), of.norm(values, readFrom(bytes))];
        const modular = of.modularSums(values);
        modular.add(readFrom(bytes));
        modular.add(readFrom(bytes));
        const clipped = x.slice();
        of.clip(clipped, 1);
        return Buffer.concat([Float64Array.from(norms), sums.values, modular.values, clipped].map(viewed));
      });
    }
  });

  test.each(CODE_BITS)('of more codes of %i bits than are read at once', (bits: CodeBits) => {
    const rng = seededRng(bits, 0);
    const levels = levelsOf(rng, bits);
    const bytes = Uint8Array.from({ length: WINDOW_BYTES + 9 }, () => rng.uint32());
    expectSame((of) => {
      const sums = of.sums((bytes.length * 8) / bits - (8 / bits - 1));
      sums.addCodes(readFrom(bytes), bits, levels, 7);
      return sums.values;
    });
  });
});

const levelsOf = (rng: Rng, bits: CodeBits): Float32Array =>
  Float32Array.from({ length: 2 ** bits }, () => 1e3 * (rng.uniform() - 0.5));

const viewed = ({ buffer, byteOffset, byteLength }: ArrayBufferView) =>
  new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);
