import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { codecContract } from './codec.contract.ts';
import { optionsOf } from './fixtures/options.ts';
import { normalVector, passed, vnmseOf, worstBias } from './fixtures/quality.ts';
import { CODECS } from './index.ts';
import { rotateBack } from './rotation.ts';
import { levelsOf, meanOfLevels } from './uniform.ts';

const UNIFORM = [
  ...[CODECS['uniform-1'], CODECS['uniform-2'], CODECS['uniform-4'], CODECS['uniform-8']],
  ...[CODECS['uniform-12'], CODECS['uniform-16']],
];
const ROTATED = [
  ...[CODECS['uniform-1-rotated'], CODECS['uniform-2-rotated'], CODECS['uniform-4-rotated']],
  ...[CODECS['uniform-8-rotated'], CODECS['uniform-12-rotated'], CODECS['uniform-16-rotated']],
];
for (const codec of [...UNIFORM, ...ROTATED]) codecContract(codec);

describe('uniform', () => {
  it('of 2 bits over ±3 has the values −3, −1, 1 and 3, and keeps them exactly', () => {
    const vector = Float32Array.of(-3, -1, 1, 3, 5, -7);
    const options = optionsOf(1, { range: 3 });
    const body = CODECS['uniform-2'].encode(vector, options);
    expect([...levelsOf(body, 6, 2)]).toEqual([0, 1, 2, 3, 3, 0]);
    expect([...body]).toEqual([0b11100100, 0b0011]);
    expect([...passed(CODECS['uniform-2'], vector, 1, { range: 3 })]).toEqual([-3, -1, 1, 3, 3, -3]);
  });

  it('is never further off than a step', () => {
    fc.assert(
      fc.property(fc.float32Array({ maxLength: 50, noNaN: true, min: -1, max: 1 }), fc.nat(), (vector, seed) => {
        for (const [codec, step] of [
          [CODECS['uniform-4'], 2 / 15],
          [CODECS['uniform-8'], 2 / 255],
          [CODECS['uniform-16'], 2 / 65_535],
        ] as const) {
          const decoded = passed(codec, vector, seed, { range: 1 });
          for (let i = 0; i < vector.length; i++)
            expect(Math.abs((decoded[i] as number) - (vector[i] as number))).toBeLessThan(step * 1.001);
        }
      }),
    );
  });

  it.each(UNIFORM)('$name is unbiased: the mean of 10,000 encodings is within 4 standard errors', (codec) => {
    expect(worstBias(codec, normalVector(64, 4, 0.3), 10_000, { range: 1 })).toBeLessThan(4);
  });

  it.each(ROTATED)('$name is unbiased: the mean of 10,000 encodings is within 4 standard errors', (codec) => {
    expect(worstBias(codec, normalVector(512, 4, 0.2), 10_000, { range: 1.5 })).toBeLessThan(4);
  });

  it.each(
    [...UNIFORM, ...ROTATED].flatMap((codec) => {
      const bits = Number(codec.name.split('-')[1]);
      // Below four bits a step is wider than the distribution, of which the variance then is more than a sixth of its square.
      return bits < 4 ? [] : [{ codec, name: codec.name, theory: (12 / (2 ** bits - 1)) ** 2 / 6 }];
    }),
  )('$name over ±6 has the vNMSE of step² ÷ 6 within 2 % at 2^14 values: $theory', ({ codec, theory }) => {
    expect(Math.abs(vnmseOf(codec, 2 ** 14, 8, { range: 6 }) / theory - 1)).toBeLessThan(0.02);
  });

  it.each([1, 4, 16, 64])('the NMSE of the mean of %i is that of one, divided by as many', (clients) => {
    const options = { range: 6, clients };
    const trials = clients < 16 ? 10 : 2;
    const one = vnmseOf(CODECS['uniform-4-rotated'], 2 ** 13, 10, { range: 6 });
    const mean = vnmseOf(CODECS['uniform-4-rotated'], 2 ** 13, trials, options);
    expect(Math.abs((mean * clients) / one - 1)).toBeLessThan(0.05);
  });

  it('numbers of 100 clients may be added first: their sum decodes to the mean, exactly', () => {
    const clients = Array.from({ length: 100 }, (_, client) => normalVector(1_000, client, 0.3));
    const sums = new Uint32Array(1_000);
    const mean = new Float64Array(1_000);
    for (const [client, vector] of clients.entries()) {
      const options = optionsOf(client, { range: 1 });
      const body = CODECS['uniform-8'].encode(vector, options);
      levelsOf(body, 1_000, 8).forEach((level, i) => {
        sums[i] = (sums[i] as number) + level;
        mean[i] = (mean[i] as number) + (-1 + (2 * level) / 255) / 100;
      });
    }
    const decoded = meanOfLevels(sums, 100, { bits: 8, range: 1 });
    for (let i = 0; i < 1_000; i++) expect(decoded[i]).toBeCloseTo(mean[i] as number, 12);
    expect(meanOfLevels([0, 3, 6], 2, { bits: 2, range: 3 })).toEqual(Float64Array.of(-3, 0, 3));
  });

  it('numbers of rotated codecs lie in one rotation for everybody with the round’s seed', () => {
    const [a, b] = [normalVector(4_096, 1, 0.2), normalVector(4_096, 2, 0.2)];
    const codec = CODECS['uniform-16-rotated'];
    const round = { seed: 77, range: 2 };
    const levels = [a, b].map((vector, client) => levelsOf(codec.encode(vector, optionsOf(client, round)), 4_096, 16));
    const sums = Array.from(levels[0] ?? [], (level, i) => level + (levels[1]?.[i] as number));
    const mean = Float32Array.from(meanOfLevels(sums, 2, { bits: 16, range: 2 }));
    rotateBack(mean, 4_096, 77, 0);
    for (let i = 0; i < 4_096; i++)
      expect((mean[i] as number) / 64).toBeCloseTo(((a[i] as number) + (b[i] as number)) / 2, 3);
  });

  it.each([
    {
      where: 'one value in twenty is a hundred times larger',
      times: 10,
      vector: normalVector(2 ** 16, 1).map((value, index) => (index % 20 === 0 ? value * 10 : value * 0.1)),
    },
    {
      where: 'magnitudes are lognormal with σ = 1.5',
      times: 150,
      vector: normalVector(2 ** 18, 2).map((value, index) => (index % 2 === 0 ? 1 : -1) * Math.exp(1.5 * value)),
    },
  ])('rotation is worth more than $times times at 8 bits where $where', ({ times, vector }) => {
    const length = vector.reduce((sum, value) => sum + value * value, 0);
    const errorOf = (codec: (typeof UNIFORM)[number], range: number): number =>
      passed(codec, vector, 1, { range }).reduce((sum, value, i) => sum + (value - (vector[i] as number)) ** 2, 0) /
      length;
    const plain = errorOf(
      CODECS['uniform-8'],
      vector.reduce((most, value) => Math.max(most, Math.abs(value)), 0),
    );
    const rotated = errorOf(CODECS['uniform-8-rotated'], 5 * Math.sqrt(length / vector.length));
    expect(rotated).toBeLessThan(4e-4);
    expect(plain / rotated).toBeGreaterThan(times);
  });

  it('without its range is a bug of the caller', () => {
    expect(() => CODECS['uniform-8'].encode(Float32Array.of(1), optionsOf(1, { range: undefined }))).toThrow(/range/);
  });
});
