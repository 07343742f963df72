import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeSamples, encodeSamples, SAMPLES_HEADER_BYTES, type SampleShard } from './samples.ts';

const two: SampleShard = {
  shape: [1, 2, 1],
  classCount: 10,
  labels: Uint16Array.of(7, 3),
  images: Uint8Array.of(0, 255, 16, 32),
  reusedCount: 1,
};
const expected = { shape: [1, 2, 1], classCount: 10 };

test('a shard of two examples, byte by byte', () => {
  const hex = Buffer.from(encodeSamples(two)).toString('hex');
  expect(hex).toBe(
    [
      '46545331',
      '02000000',
      '0100',
      '0200',
      '0100',
      '0a00',
      '01000000',
      '00000000',
      '0700',
      '0300',
      '00ff',
      '1020',
    ].join(''),
  );
});

const shards = fc
  .record({
    shape: fc.tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 3 })),
    classCount: fc.integer({ min: 2, max: 1000 }),
    count: fc.integer({ min: 1, max: 20 }),
    seed: fc.nat(),
  })
  .map(({ shape, classCount, count, seed }): SampleShard => {
    const area = shape[0] * shape[1] * shape[2];
    return {
      shape,
      classCount,
      labels: Uint16Array.from({ length: count }, (_, index) => (seed + index * 7) % classCount),
      images: Uint8Array.from({ length: count * area }, (_, index) => (seed + index * 31) % 256),
      reusedCount: seed % (count + 1),
    };
  });

test('what is encoded is decoded, at any alignment', () => {
  fc.assert(
    fc.property(shards, fc.integer({ min: 0, max: 7 }), (shard, shift) => {
      const encoded = encodeSamples(shard);
      const shifted = new Uint8Array(encoded.length + shift).subarray(shift);
      shifted.set(encoded);
      const decoded = decodeSamples(shifted, shard);
      expect(decoded).toEqual({ ok: true, shard: { ...shard, images: Uint8Array.from(shard.images) } });
    }),
  );
});

const damaged = (change: (view: DataView) => void): Uint8Array => {
  const bytes = encodeSamples(two);
  change(new DataView(bytes.buffer));
  return bytes;
};

test.each([
  ['shorter than the header', new Uint8Array(23)],
  ['another magic', damaged((view) => view.setUint8(0, 0))],
  ['reserved bytes', damaged((view) => view.setUint8(20, 1))],
  ['no example', damaged((view) => view.setUint32(4, 0, true))],
  ['more examples than a request gives', damaged((view) => view.setUint32(4, 0xffffffff, true))],
  ['another height', damaged((view) => view.setUint16(8, 3, true))],
  ['other classes', damaged((view) => view.setUint16(14, 11, true))],
  ['more reused than there are', damaged((view) => view.setUint32(16, 3, true))],
  ['a label beyond the classes', damaged((view) => view.setUint16(SAMPLES_HEADER_BYTES, 10, true))],
  ['one byte too many', Uint8Array.from([...encodeSamples(two), 0])],
  ['one byte too few', encodeSamples(two).subarray(0, -1)],
])('refuses %s', (_, bytes) => {
  expect(decodeSamples(bytes, expected)).toEqual({ ok: false, problem: expect.any(String) });
});

test('never throws on any bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const header = encodeSamples(two).subarray(0, 4);
      const near = Uint8Array.from([...header, ...bytes]);
      expect(decodeSamples(bytes, expected).ok).toBe(false);
      expect(typeof decodeSamples(near, expected).ok).toBe('boolean');
    }),
  );
});
