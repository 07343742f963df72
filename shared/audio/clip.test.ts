import { describe, expect, it } from 'vitest';
import { clipOf } from './clip.ts';
import { exampleOfSound } from './example.ts';

/** A beep of 0.3 s that begins at `start` seconds, in so many seconds of a hiss of this height. */
function beep(seconds: number, start: number, hiss = 0): Float32Array {
  return Float32Array.from({ length: Math.round(16_000 * seconds) }, (_, at) => {
    const time = at / 16_000 - start;
    const noise = hiss * (((at * 7_919) % 101) / 50 - 1);
    return noise + (time >= 0 && time < 0.3 ? 0.3 * Math.sin(2 * Math.PI * 700 * time) : 0);
  });
}

/** Where the first sample of more than 0.1 stands, in seconds. */
const startOf = (samples: Float32Array): number => samples.findIndex((value) => Math.abs(value) > 0.1) / 16_000;

describe('a clip', () => {
  it.each([
    ['a long recording', beep(5, 3.1)],
    ['the end of one', beep(2, 1.7)],
    ['the beginning of one', beep(2, 0)],
    ['a recording that is shorter than the clip', beep(0.5, 0.1)],
    ['a noisy room', beep(3, 1, 0.02)],
  ])('has the sound in its middle, out of %s', (_, samples) => {
    const cut = clipOf(samples, 16_000);
    expect(cut.ok && cut.clip.length).toBe(16_000);
    expect(cut.ok && Math.abs(startOf(cut.clip) - 0.35)).toBeLessThan(0.03);
  });

  it('takes the louder of two sounds', () => {
    const late = beep(4, 3);
    const two = beep(4, 0.5).map((value, at) => value / 3 + (late[at] as number));
    const cut = clipOf(two, 16_000);
    expect(cut.ok && cut.clip.reduce((most, value) => Math.max(most, value), 0)).toBeGreaterThan(0.29);
  });

  it.each([
    ['nothing', new Float32Array(0), 'too-short'],
    ['99 ms', beep(0.099, 0), 'too-short'],
    ['silence', new Float32Array(16_000), 'silent'],
    ['a hum that is hardly heard', beep(1, 0.2).map((value) => value / 150), 'silent'],
    ['a constant, as some microphones have', new Float32Array(16_000).fill(0.4), 'silent'],
  ])('cannot be cut out of %s', (_, samples, problem) => {
    expect(clipOf(samples, 16_000)).toEqual({ ok: false, problem });
  });
});

describe('an example', () => {
  const data = { clipMs: 1_000, hopMs: 20, bands: 32 };

  it('is a byte for each band of each window, about the same wherever the sound was and however loud', () => {
    const here = exampleOfSound({ rate: 16_000, samples: beep(2, 0.2) }, data);
    const there = exampleOfSound({ rate: 16_000, samples: beep(3, 2.5).map((value) => value / 4) }, data);
    if (!here.ok || !there.ok) throw new Error('no example');
    expect(here.features).toHaveLength(49 * 32);
    // 700 Hz is 781 mel: the band whose centre is at 745 mel.
    expect(here.features[24 * 32 + 7]).toBe(255);
    const difference = here.features.reduce(
      (sum, value, at) => sum + Math.abs(value - (there.features[at] as number)),
      0,
    );
    expect(difference / here.features.length).toBeLessThan(8);
  });

  it('is none of silence, and says why', () => {
    expect(exampleOfSound({ rate: 48_000, samples: new Float32Array(48_000) }, data)).toEqual({
      ok: false,
      problem: 'silent',
    });
  });
});
