import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bytesForm, type ExampleForm, emptyColumns } from '../task/kinds/form.ts';
import { decodeSamples, encodeSamples, SAMPLES_HEADER_BYTES, type SampleShard } from './samples.ts';

const two: SampleShard = {
  targets: Uint16Array.of(7, 3),
  features: Uint8Array.of(0, 255, 16, 32),
  reusedCount: 1,
};
const expected = bytesForm([1, 2, 1], 10);

test('a shard of two examples, byte by byte', () => {
  const hex = Buffer.from(encodeSamples(two, expected)).toString('hex');
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

test('numbers: three columns and a target in the unit of the task, byte by byte', () => {
  const form: ExampleForm = {
    shape: [3],
    features: { type: 'float32' },
    target: { type: 'number', offset: 0, scale: 1 },
  };
  const shard = { features: Float32Array.of(1, -2, 0.5), targets: Float32Array.of(3), reusedCount: 0 };
  const hex = Buffer.from(encodeSamples(shard, form)).toString('hex');
  expect(hex).toBe(
    [
      ...['46545331', '01000000', '0300', '0100', '0100', '0000', '00000000', '01000000'],
      ...['00004040', '0000803f', '000000c0', '0000003f'],
    ].join(''),
  );
  expect(decodeSamples(encodeSamples(shard, form), form)).toEqual({ ok: true, shard });
  expect(decodeSamples(encodeSamples(shard, form), expected)).toMatchObject({ ok: false });
  const bytes = encodeSamples(shard, form);
  bytes.set(new Uint8Array(Float32Array.of(Number.NaN).buffer), 28);
  expect(decodeSamples(bytes, form)).toEqual({ ok: false, problem: 'A value is not a finite number.' });
});

const shards = fc
  .record({
    sides: fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 3 }),
    classCount: fc.integer({ min: 2, max: 1000 }),
    features: fc.constantFrom('uint8' as const, 'float32' as const, 'int32' as const),
    isNumber: fc.boolean(),
    count: fc.integer({ min: 1, max: 20 }),
    seed: fc.nat({ max: 10_000 }),
  })
  .map(({ sides, classCount, features, isNumber, count, seed }): { form: ExampleForm; shard: SampleShard } => {
    const form: ExampleForm = {
      shape: sides,
      features: features === 'int32' ? { type: features, below: 256 } : { type: features },
      target: isNumber ? { type: 'number', offset: 1, scale: 2 } : { type: 'class', count: classCount },
    };
    const columns = emptyColumns(form, count);
    for (const index of columns.features.keys()) columns.features[index] = (seed + index * 31) % 256;
    for (const index of columns.targets.keys()) columns.targets[index] = (seed + index * 7) % classCount;
    return { form, shard: { ...columns, reusedCount: seed % (count + 1) } };
  });

test('what is encoded is decoded, of every form and at any alignment', () => {
  fc.assert(
    fc.property(shards, fc.integer({ min: 0, max: 7 }), ({ form, shard }, shift) => {
      const encoded = encodeSamples(shard, form);
      const shifted = new Uint8Array(encoded.length + shift).subarray(shift);
      shifted.set(encoded);
      expect(decodeSamples(shifted, form)).toEqual({ ok: true, shard });
    }),
  );
});

const damaged = (change: (view: DataView) => void): Uint8Array => {
  const bytes = encodeSamples(two, expected);
  change(new DataView(bytes.buffer));
  return bytes;
};

test.each([
  ['shorter than the header', new Uint8Array(23)],
  ['another magic', damaged((view) => view.setUint8(0, 0))],
  ['features of another type', damaged((view) => view.setUint8(20, 1))],
  ['no example', damaged((view) => view.setUint32(4, 0, true))],
  ['more examples than a request gives', damaged((view) => view.setUint32(4, 0xffffffff, true))],
  ['another height', damaged((view) => view.setUint16(8, 3, true))],
  ['other classes', damaged((view) => view.setUint16(14, 11, true))],
  ['more reused than there are', damaged((view) => view.setUint32(16, 3, true))],
  ['a label beyond the classes', damaged((view) => view.setUint16(SAMPLES_HEADER_BYTES, 10, true))],
  ['one byte too many', Uint8Array.from([...encodeSamples(two, expected), 0])],
  ['one byte too few', encodeSamples(two, expected).subarray(0, -1)],
])('refuses %s', (_, bytes) => {
  expect(decodeSamples(bytes, expected)).toEqual({ ok: false, problem: expect.any(String) });
});

test('never throws on any bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const header = encodeSamples(two, expected).subarray(0, 4);
      const near = Uint8Array.from([...header, ...bytes]);
      expect(decodeSamples(bytes, expected).ok).toBe(false);
      expect(typeof decodeSamples(near, expected).ok).toBe('boolean');
    }),
  );
});
