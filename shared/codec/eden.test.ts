import { describe, expect, it } from 'vitest';
import { codecContract } from './codec.contract.ts';
import { optionsOf } from './fixtures/options.ts';
import { normalVector, passed, vnmseOf, worstBias } from './fixtures/quality.ts';
import { CODECS } from './index.ts';

const EDEN = [CODECS['eden-1'], CODECS['eden-2'], CODECS['eden-3'], CODECS['eden-4']] as const;
for (const codec of EDEN) codecContract(codec);

describe('EDEN', () => {
  it.each([
    [CODECS['eden-1'], 0.5708],
    [CODECS['eden-2'], 0.1331],
    [CODECS['eden-3'], 0.0358],
    [CODECS['eden-4'], 0.00959],
  ])('$name has the vNMSE of 1 ÷ E[c²] − 1 within 2 %% at 2^14 values: %f', (codec, theory) => {
    expect(Math.abs(vnmseOf(codec, 2 ** 14, 20) / theory - 1)).toBeLessThan(0.02);
  });

  it('keeps its vNMSE where a model is not a power of two and its layers differ a hundredfold in size', () => {
    const vector = normalVector(199_210, 3).map((value, index) => (index < 157_000 ? value * 0.01 : value));
    const decoded = passed(CODECS['eden-2'], vector, 1);
    const error = decoded.reduce((sum, value, index) => sum + (value - (vector[index] as number)) ** 2, 0);
    const length = vector.reduce((sum, value) => sum + value * value, 0);
    expect(error / length).toBeLessThan(0.14);
  });

  it.each(EDEN)(
    '$name is unbiased on values from N(0, 1): the mean of 10,000 encodings is within 4 standard errors',
    (codec) => {
      expect(worstBias(codec, normalVector(512, 5), 10_000)).toBeLessThan(4);
    },
  );

  it.each([1, 4, 16, 64])('the NMSE of the mean of %i is that of one, divided by as many', (clients) => {
    const mean = vnmseOf(CODECS['eden-1'], 2 ** 12, clients < 16 ? 20 : 4, { clients });
    expect(Math.abs((mean * clients) / 0.5708 - 1)).toBeLessThan(0.08);
  });

  it('P44: at 1 bit is the sign, with the scale ‖x‖² ÷ ‖R(x)‖₁: one value comes back as it is', () => {
    expect(passed(CODECS['eden-1'], Float32Array.of(-3.5), 9)[0]).toBeCloseTo(-3.5, 6);
    const one = new Float32Array(64);
    one[17] = 2;
    const decoded = passed(CODECS['eden-1'], one, 9);
    expect(decoded.every((value, i) => Math.abs(value - (one[i] as number)) < 1e-6)).toBe(true);
  });

  it.each([1, 2, 3])(
    'is biased where one value dominates, whatever the seed: (1, 0.5, 0, …) is (1.25, 0, 0, …)',
    (seed) => {
      const vector = new Float32Array(64);
      vector.set([1, 0.5]);
      const [first, ...others] = passed(CODECS['eden-1'], vector, seed);
      expect(first).toBeCloseTo(1.25, 6);
      expect(others.every((value) => Math.abs(value) < 1e-6)).toBe(true);
    },
  );

  it('of zeros is zeros', () => {
    expect(passed(CODECS['eden-3'], new Float32Array(777), 1)).satisfy((decoded: Float32Array) =>
      decoded.every((value) => value === 0),
    );
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])('a scale of %f is refused', (scale) => {
    const body = CODECS['eden-2'].encode(normalVector(300, 1), optionsOf(1));
    new DataView(body.buffer).setFloat32(4, scale, true);
    expect(CODECS['eden-2'].decode(body, 300, optionsOf(1))).toBe(undefined);
  });
});
