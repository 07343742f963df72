import { describe, expect, it } from 'vitest';
import { powerSpectrum } from './fourier.ts';
import { frameCount } from './frames.ts';
import { bytesOfLevels, logMel, melOf } from './log-mel.ts';
import { resample, resampleSteps } from './resample.ts';

const tone = (hertz: number, rate = 16_000, seconds = 1, height = 0.5): Float32Array =>
  Float32Array.from({ length: rate * seconds }, (_, at) => height * Math.sin((2 * Math.PI * hertz * at) / rate));

const loudestBand = (samples: Float32Array, bands = 32): number => {
  const middle = logMel(samples, { hopSamples: 320, bands }).slice(20 * bands, 21 * bands);
  return middle.indexOf(Math.max(...middle));
};

describe('the power spectrum', () => {
  it('of eight literal values', () => {
    const power = new Float64Array(5);
    powerSpectrum(8)(Float64Array.of(1, 2, 3, 4, 5, 6, 7, 8), power);
    // |−4 + 4i cot(πk/8)|² for k = 1 … 3; 36² and 4² at the ends.
    const expected = [1296, 109.25483399593904, 32, 18.745166004060955, 16];
    for (const [bin, value] of expected.entries()) expect(power[bin]).toBeCloseTo(value, 9);
  });

  it('is that of the sum that defines it, and forgets the frame before', () => {
    const size = 64;
    const frames = [3, 7].map((factor) =>
      Float64Array.from({ length: size }, (_, at) => ((at * factor * at) % 17) - 8),
    );
    const plan = powerSpectrum(size);
    for (const frame of frames) {
      const power = new Float64Array(size / 2 + 1);
      plan(frame, power);
      for (const bin of [0, 1, 13, 32]) {
        let [re, im] = [0, 0];
        frame.forEach((value, at) => {
          re += value * Math.cos((2 * Math.PI * bin * at) / size);
          im -= value * Math.sin((2 * Math.PI * bin * at) / size);
        });
        expect(power[bin]).toBeCloseTo(re * re + im * im, 6);
      }
    }
  });
});

describe('log-mel features', () => {
  it('are on the scale of the HTK Book: 1,000 Hz is 1,000 mel', () => {
    expect(melOf(0)).toBe(0);
    expect(melOf(1_000)).toBeCloseTo(999.99, 2);
    expect(melOf(7_600)).toBeCloseTo(2_786.98, 2);
  });

  // From 92.69 mel the centres of 32 bands are 81.65 mel apart: 1,000 mel is nearest to the eleventh.
  it.each([
    [100, 0],
    [440, 5],
    [1_000, 10],
    [4_000, 24],
    [7_400, 31],
  ])('of a pure tone of %i Hz are loudest in band %i', (hertz, band) => {
    expect(loudestBand(tone(hertz))).toBe(band);
  });

  it('of a tone half as high are 6.02 dB lower, and the same bytes', () => {
    const shape = { hopSamples: 320, bands: 32 };
    const [loud, soft] = [logMel(tone(1_000), shape), logMel(tone(1_000, 16_000, 1, 0.25), shape)];
    expect((loud[10] as number) - (soft[10] as number)).toBeCloseTo(6.0206, 3);
    const [loudBytes, softBytes] = [bytesOfLevels(loud), bytesOfLevels(soft)];
    expect(loudBytes.every((value, at) => Math.abs(value - (softBytes[at] as number)) <= 1)).toBe(true);
  });

  it('are 49 windows of a second, 20 ms apart, and none of less than one window', () => {
    expect([frameCount(16_000, 320), frameCount(512, 320), frameCount(511, 320)]).toEqual([49, 1, 0]);
    expect(logMel(tone(1_000), { hopSamples: 320, bands: 40 })).toHaveLength(49 * 40);
  });

  it('as bytes: 255 is the loudest, 60 dB below it nothing is left, and silence is not blown up', () => {
    expect([...bytesOfLevels(Float64Array.of(20, -10, -40, -120))]).toEqual([255, 128, 0, 0]);
    expect([...bytesOfLevels(Float64Array.of(-35, -80))]).toEqual([128, 0]);
  });
});

describe('another rate', () => {
  it.each([44_100, 22_050, 48_000, 8_000, 44_101])('of %i Hz keeps a tone where it is, and as loud', (rate) => {
    const made = resample({ rate, samples: tone(1_000, rate) }, 16_000);
    expect(Math.abs(made.length - 16_000)).toBeLessThanOrEqual(1);
    const wrong = made
      .slice(200, -200)
      .map((value, at) => value - 0.5 * Math.sin((2 * Math.PI * 1_000 * (at + 200)) / 16_000));
    expect(wrong.reduce((most, value) => Math.max(most, Math.abs(value)), 0)).toBeLessThan(0.003);
  });

  it('takes out what it cannot hold', () => {
    const made = resample({ rate: 48_000, samples: tone(11_000, 48_000) }, 16_000).slice(200, -200);
    expect(made.reduce((most, value) => Math.max(most, Math.abs(value)), 0)).toBeLessThan(0.003);
  });

  it('that is the same one changes nothing', () => {
    const samples = tone(1_000);
    expect(resample({ rate: 16_000, samples }, 16_000)).toBe(samples);
  });

  it.each([
    // 96 products for each of 160,000 samples.
    [48_000, 10, 15],
    // 90 weights for each of 16,000 places that a new sample can have between two old ones: 87 steps of their own.
    [44_101, 1, 87 + 2],
  ])('of %i Hz is made in steps of a million products or 16,384 weights', (rate, seconds, steps) => {
    expect([...resampleSteps({ rate, samples: tone(1_000, rate, seconds) }, 16_000)]).toHaveLength(steps);
  });
});
