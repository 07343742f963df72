import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LIMITS } from '../limits.ts';
import { readWav, wavSteps } from './wav.ts';

interface Written {
  readonly format?: number;
  readonly channels?: number;
  readonly rate?: number;
  readonly bits?: number;
  readonly data?: readonly number[];
  /** What the header says of the data's length. */
  readonly stated?: number;
  /** Chunks between the format and the data. */
  readonly between?: readonly number[];
  readonly frameBytes?: number;
  readonly extension?: readonly number[];
}

const u16 = (value: number): number[] => [value & 255, (value >> 8) & 255];
const u32 = (value: number): number[] => [...u16(value & 0xffff), ...u16(value >>> 16)];
const ascii = (text: string): number[] => [...text].map((character) => character.charCodeAt(0));

function wav(written: Written = {}): Uint8Array {
  const {
    format = 1,
    channels = 1,
    rate = 16_000,
    bits = 16,
    data = [0, 0, 0, 64],
    between = [],
    extension = [],
  } = written;
  const { stated = data.length, frameBytes = (channels * bits) / 8 } = written;
  const head = [
    ...u16(format),
    ...u16(channels),
    ...u32(rate),
    ...u32(rate * frameBytes),
    ...u16(frameBytes),
    ...u16(bits),
  ];
  const chunks = [...ascii('fmt '), ...u32(head.length + extension.length), ...head, ...extension];
  const all = [...ascii('WAVE'), ...chunks, ...between, ...ascii('data'), ...u32(stated), ...data];
  return Uint8Array.from([...ascii('RIFF'), ...u32(all.length), ...all]);
}

const samplesOf = (bytes: Uint8Array): readonly number[] | string => {
  const read = readWav(bytes);
  return read.ok ? [...read.sound.samples] : read.problem;
};

describe('a WAV file', () => {
  it.each<[string, Written, readonly number[]]>([
    ['16 bits', { data: [0, 0, 0, 64, 0, 128] }, [0, 0.5, -1]],
    ['8 bits, which have no sign', { bits: 8, data: [128, 192, 0] }, [0, 0.5, -1]],
    ['24 bits', { bits: 24, data: [0, 0, 64, 0, 0, 128] }, [0.5, -1]],
    ['32 bits', { bits: 32, data: [0, 0, 0, 64] }, [0.5]],
    ['floats', { format: 3, bits: 32, data: [0, 0, 0, 63] }, [0.5]],
    ['floats of 64 bits', { format: 3, bits: 64, data: [0, 0, 0, 0, 0, 0, 224, 191] }, [-0.5]],
    ['floats beyond 1, which are cut off', { format: 3, bits: 32, data: [0, 0, 0, 64] }, [1]],
    ['two channels, which are mixed', { channels: 2, data: [0, 64, 0, 0] }, [0.25]],
    ['a length that a pipe could not know', { stated: 0x7ffff000 }, [0, 0.5]],
    ['half a sample at its end, which is left out', { data: [0, 64, 9] }, [0.5]],
    ['other chunks before the data', { between: [...ascii('LIST'), ...u32(3), 1, 2, 3, 0] }, [0, 0.5]],
    ['no data', { data: [] }, []],
  ])('with %s', (_, written, samples) => {
    expect(samplesOf(wav(written))).toEqual(samples);
  });

  it('with the long name of its format', () => {
    const extension = [...u16(22), ...u16(16), ...u32(4), ...u16(1), ...new Array(14).fill(7)];
    expect(samplesOf(wav({ format: 0xfffe, extension }))).toEqual([0, 0.5]);
  });

  it('tells its rate', () => {
    expect(readWav(wav({ rate: 44_100 }))).toMatchObject({ ok: true, sound: { rate: 44_100 } });
  });

  it.each<[string, Uint8Array, string]>([
    ['nothing', new Uint8Array(0), 'not-wav'],
    ['text', Uint8Array.from(ascii('RIFFed text that is no sound')), 'not-wav'],
    ['no data chunk', wav().subarray(0, 36), 'damaged'],
    ['a format that is cut off', wav().subarray(0, 30), 'damaged'],
    ['frames of another size than its channels make', wav({ frameBytes: 3 }), 'damaged'],
    ['a float that is no number', wav({ format: 3, bits: 32, data: [0, 0, 192, 127] }), 'damaged'],
    ['MP3 inside', wav({ format: 0x55 }), 'unsupported'],
    ['no channel', wav({ channels: 0, frameBytes: 0 }), 'unsupported'],
    ['300 channels', wav({ channels: 300 }), 'unsupported'],
    ['no rate', wav({ rate: 0 }), 'unsupported'],
    ['a rate of a billion', wav({ rate: 1e9 }), 'unsupported'],
  ])('is refused with %s', (_, bytes, problem) => {
    expect(samplesOf(bytes)).toBe(problem);
  });

  it('is refused when it is longer than a minute', () => {
    const head = wav({ rate: 8_000, bits: 8, data: [], stated: 0x7fffffff });
    const lasting = (count: number): Uint8Array => {
      const bytes = new Uint8Array(head.length + count).fill(128);
      bytes.set(head);
      return bytes;
    };
    expect(samplesOf(lasting(8_000 * LIMITS.soundSeconds))).toHaveLength(480_000);
    expect(samplesOf(lasting(8_000 * LIMITS.soundSeconds + 1))).toBe('too-long');
  });

  it('of any bytes is a sound or a problem, and never takes more memory than they are long', () => {
    const head = fc.constantFrom([...wav()], [...ascii('RIFF'), ...u32(0), ...ascii('WAVE'), ...ascii('fmt ')]);
    fc.assert(
      fc.property(head, fc.uint8Array({ maxLength: 64 }), fc.nat(44), fc.nat(255), (start, rest, at, value) => {
        const bytes = Uint8Array.from([...start, ...rest]);
        bytes[at] = value;
        const read = readWav(bytes);
        expect(read.ok ? read.sound.samples.length <= bytes.length : read.problem.length > 0).toBe(true);
      }),
    );
  });
});

it('is read in steps of 65,536 values at most, whatever its channels', () => {
  const data = new Array<number>(300_000).fill(200);
  expect([...wavSteps(wav({ bits: 8, data }))]).toHaveLength(5);
  expect([...wavSteps(wav({ bits: 8, channels: 2, data }))]).toHaveLength(5);
});
