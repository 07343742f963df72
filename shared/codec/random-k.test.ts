import { describe, expect, it } from 'vitest';
import { codecContract } from './codec.contract.ts';
import { optionsOf } from './fixtures/options.ts';
import { normalVector, passed, vnmseOf, worstBias } from './fixtures/quality.ts';
import { randomK } from './random-k.ts';

codecContract(randomK);

describe('random-k', () => {
  it('P43: sends one value of each stratum, as many times as large as the stratum is long', () => {
    const vector = Float32Array.from({ length: 10 }, (_, index) => index + 1);
    const decoded = passed(randomK, vector, 5, { fraction: 0.3 });
    const strata = [decoded.subarray(0, 4), decoded.subarray(4, 7), decoded.subarray(7)];
    expect(strata.map((stratum) => stratum.filter((value) => value !== 0).length)).toEqual([1, 1, 1]);
    for (const [i, value] of decoded.entries()) if (value !== 0) expect(value).toBe((i + 1) * (i < 4 ? 4 : 3));
  });

  it('draws the same places for everybody of a round, so that bodies may be added, and others for another', () => {
    const [a, b] = [normalVector(500, 1), normalVector(500, 2)];
    const placesOf = (vector: Float32Array, seed: number): string =>
      [...passed(randomK, vector, seed).entries()].flatMap(([i, value]) => (value === 0 ? [] : [i])).join();
    expect(placesOf(a, 3)).toBe(placesOf(b, 3));
    expect(placesOf(a, 3)).not.toBe(placesOf(a, 4));
    const sum = a.map((value, i) => value + (b[i] as number));
    const [sentA, sentB, sentSum] = [a, b, sum].map(
      (vector) => new Float32Array(randomK.encode(vector, optionsOf(3)).buffer),
    );
    for (const [i, value] of sentSum?.entries() ?? [])
      expect(value).toBeCloseTo((sentA?.[i] as number) + (sentB?.[i] as number), 5);
  });

  it('is unbiased: the mean of 10,000 encodings is within 4 standard errors', () => {
    expect(worstBias(randomK, normalVector(64, 4), 10_000, { fraction: 0.1 })).toBeLessThan(4);
  });

  it('has the vNMSE 1 ÷ fraction − 1', () => {
    expect(vnmseOf(randomK, 2 ** 14, 20, { fraction: 0.125 })).toBeCloseTo(7, 0);
  });
});
