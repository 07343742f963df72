import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CODEC_NAMES, CODECS, type CodecName } from '../codec/index.ts';
import { roundSeedOf } from '../codec/round-seed.ts';
import { encodeUpdate } from '../codec/update.ts';
import { bytesToHex } from '../hash.ts';
import type { Sha256 } from '../ids.ts';
import { layoutOf } from '../weights/layout.ts';
import {
  decodeBody,
  type ExpectedFrame,
  encodeFrame,
  FRAME_HEADER_BYTES,
  frameBytesAllowed,
  frameSha256,
  readFrameHeader,
} from './frame.ts';

const layout = layoutOf([
  { name: 'kernel', shape: [1, 2] },
  { name: 'bias', shape: [1] },
]);
/** SHA-256 of twelve zero bytes: three float32 zeros. */
const zeros = '15ec7bf0b50732b49f8228e07d24365338f9e3ab994b00af08e5a3bffe55fd8b' as Sha256;
const expected: ExpectedFrame = { codec: 'float32', values: 3, layoutSha256: layout.sha256, baseSha256: zeros };
const delta = Float32Array.of(1, -2, 0.5);

const frameOf = (vector = delta, examples = 2, steps = 1): Uint8Array =>
  encodeFrame({ ...expected, examples, steps }, CODECS.float32.encode(vector));
const changed = (at: number, ...bytes: number[]): Uint8Array => {
  const frame = frameOf();
  frame.set(bytes, at);
  return frame;
};
const read = (frame: Uint8Array) => readFrameHeader(frame.subarray(0, FRAME_HEADER_BYTES), frame.byteLength, expected);

it('P34: the layout’s hash is that of its names and sides', () => {
  const tensors = [
    { name: 'output/kernel', shape: [2, 1] },
    { name: 'output/bias', shape: [1] },
  ];
  expect(layoutOf(tensors).sha256).toBe('a8090012a4fe32dbfbe982e71637be7a3e456c06d0eaff332a22050f639b56a5');
});

describe('the frame (P21)', () => {
  it('lies byte by byte as the table says', () => {
    expect(bytesToHex(frameOf())).toBe(
      [
        '46545231', // FTR1
        '00', // float32
        '000000',
        '03000000', // values
        '02000000', // examples
        '01000000', // steps
        '0c000000', // body bytes
        '7ca1c6d7574cedc3907ef4fe60178c0febc8f64010cd14f37c20903e6f5a7bbe',
        '15ec7bf0b50732b49f8228e07d24365338f9e3ab994b00af08e5a3bffe55fd8b',
        '0000000000000000',
        '0000803f', // 1
        '000000c0', // −2
        '0000003f', // 0.5
      ].join(''),
    );
    expect(frameSha256(frameOf())).toBe('a067db9522b158543195210ce32cf436bd6cea50460a6fe89c298507aa605d1b');
  });

  it('comes back as it went', () => {
    const frame = frameOf();
    const answer = read(frame);
    expect(answer).toEqual({
      ok: true,
      header: { ...expected, examples: 2, steps: 1, bodyBytes: 12, seed: 0 },
    });
    if (answer.ok) expect(decodeBody(frame, answer.header, expected)).toEqual(delta);
  });

  it('comes back whatever the figures are', () => {
    fc.assert(
      fc.property(
        fc.float32Array({ minLength: 3, maxLength: 3 }),
        fc.integer({ min: 1, max: 1_000_000 }),
        fc.integer({ min: 1, max: 10_000_000 }),
        (vector, examples, steps) => {
          const frame = frameOf(vector, examples, steps);
          const answer = read(frame);
          expect(answer).toMatchObject({ ok: true, header: { examples, steps } });
          if (answer.ok) expect(decodeBody(frame, answer.header, expected)).toEqual(vector);
        },
      ),
    );
  });

  it('is read the same way from the middle of a buffer', () => {
    const frame = frameOf();
    const shifted = new Uint8Array(frame.length + 8);
    shifted.set(frame, 5);
    expect(read(shifted.subarray(5, 5 + frame.length))).toEqual(read(frame));
  });

  it('has one possible length for float32 (P22)', () => {
    expect(frameBytesAllowed(expected)).toEqual({ minimum: 108, maximum: 108 });
  });
});

describe('the seed of a frame (P21, P40)', () => {
  const vector = Float32Array.of(0.25, -0.5, 0.125);
  const coded = (codec: CodecName, seed?: number) => {
    const expecting: ExpectedFrame = { ...expected, codec, range: 1, fraction: 0.5 };
    const made = encodeUpdate(vector, { codec: { up: codec, range: 1, fraction: 0.5 }, baseSha256: zeros, seed: 3 });
    const frame = encodeFrame({ ...expecting, examples: 2, steps: 1, seed: seed ?? made.seed }, made.body);
    const answer = readFrameHeader(frame, frame.byteLength, expecting);
    return { answer, decoded: answer.ok ? decodeBody(frame, answer.header, expecting) : undefined };
  };

  it.each(CODEC_NAMES)('of %s is read with it, and what comes back has three finite values', (codec) => {
    const { answer, decoded } = coded(codec);
    expect(answer).toMatchObject({ ok: true, header: { codec } });
    expect(decoded).toHaveLength(3);
    expect(decoded?.every(Number.isFinite)).toBe(true);
  });

  it('of a rotated codec is that of the checkpoint, its first four bytes, and no other', () => {
    expect(roundSeedOf(zeros)).toBe(0xf07bec15);
    expect(coded('uniform-8-rotated').answer).toMatchObject({ ok: true, header: { seed: 0xf07bec15 } });
    expect(coded('uniform-8-rotated', 1).answer).toMatchObject({ ok: false, reason: 'schema' });
    expect(coded('random-k', 0).answer).toMatchObject({ ok: false, reason: 'schema' });
  });

  it('of EDEN is the report’s own: any will do', () => {
    expect(coded('eden-2', 12345).answer).toMatchObject({ ok: true, header: { seed: 12345 } });
  });

  it('of a codec that draws nothing is zero', () => {
    for (const codec of ['float16', 'top-k', 'uniform-8'] as const)
      expect([coded(codec).answer.ok, coded(codec, 1).answer]).toMatchObject([true, { ok: false, reason: 'schema' }]);
  });
});

describe('threat C4: a frame that is not what was assigned is refused (P26)', () => {
  const refusedFrames: readonly [what: string, frame: Uint8Array, reason: string][] = [
    ['shorter than its header', frameOf().subarray(0, 95), 'size'],
    ['empty', new Uint8Array(0), 'size'],
    ['cut off', frameOf().subarray(0, 107), 'size'],
    ['longer than it says', Uint8Array.of(...frameOf(), 0), 'size'],
    ['with another body length', changed(20, 13), 'size'],
    ['one value short, and consistent', frameOf(Float32Array.of(1, 2)), 'size'],
    ['with another number of values', changed(8, 4), 'count'],
    ['with no examples', changed(12, 0), 'count'],
    ['with 1,000,001 examples', changed(12, 0x41, 0x42, 0x0f, 0), 'count'],
    ['with 4,294,967,295 examples', changed(12, 255, 255, 255, 255), 'count'],
    ['with no steps', changed(16, 0), 'count'],
    ['with 10,000,001 steps', changed(16, 0x81, 0x96, 0x98, 0), 'count'],
    ['with another magic', changed(0, 0x47), 'schema'],
    ['with an unknown codec', changed(4, 200), 'schema'],
    ...[5, 6, 7, 88, 91, 95]
      .map((at) => [`with a reserved byte set at ${at}`, changed(at, 1), 'schema'] as const)
      .map(([what, frame, reason]): [string, Uint8Array, string] => [what, frame, reason]),
    ['relative to another version', changed(56, 0), 'wrong-round'],
    ['of another layout', changed(24, 0), 'layout'],
  ];
  it.each(refusedFrames)('%s', (_, frame, reason) => {
    expect(read(frame)).toMatchObject({ ok: false, reason });
  });

  it('tells the first thing that is wrong, in the order size, count, schema, version, layout', () => {
    const frame = frameOf();
    const order: string[] = [];
    const note = (): void => {
      const answer = read(frame);
      order.push(answer.ok ? 'ok' : answer.reason);
    };
    frame[24] = (frame[24] ?? 0) ^ 1;
    note();
    frame[56] = (frame[56] ?? 0) ^ 1;
    note();
    frame[88] = 1;
    note();
    frame[8] = 9;
    note();
    frame[20] = 9;
    note();
    expect(order).toEqual(['layout', 'wrong-round', 'schema', 'count', 'size']);
  });

  it('whatever bytes come, and without a throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat({ max: 300 }), (bytes, totalBytes) => {
        expect(readFrameHeader(bytes, totalBytes, expected).ok).toBe(false);
      }),
    );
  });

  it('whichever single byte of the header changed, but the counts', () => {
    fc.assert(
      fc.property(fc.nat({ max: FRAME_HEADER_BYTES - 1 }), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const frame = frameOf();
        frame[at] = (frame[at] ?? 0) ^ flip;
        const isCount = at >= 12 && at < 20;
        if (!isCount) expect(read(frame).ok).toBe(false);
      }),
    );
  });
});
