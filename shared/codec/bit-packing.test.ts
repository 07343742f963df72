import fc from 'fast-check';
import { expect, it } from 'vitest';
import { pack, packedBytes, unpack } from './bit-packing.ts';

it('P41: numbers of three bits lie with the lowest bit first', () => {
  const bytes = new Uint8Array(packedBytes(5, 3));
  pack(Uint16Array.of(1, 2, 7, 4, 5), 5, 3, bytes, 0);
  // 101 100 111 010 001, from the right
  expect([...bytes]).toEqual([0b11010001, 0b1011001]);
});

it.each(Array.from({ length: 16 }, (_, index) => index + 1))(
  'numbers of %i bits come back, in parts as well',
  (bits) => {
    const numbers = fc.array(fc.nat({ max: 2 ** bits - 1 }), { maxLength: 70 }).map((list) => Uint16Array.from(list));
    fc.assert(
      fc.property(numbers, fc.nat({ max: 70 }), (all, split) => {
        const at = Math.min(split, all.length);
        const bytes = new Uint8Array(packedBytes(all.length, bits));
        pack(all, at, bits, bytes, 0);
        pack(all.subarray(at), all.length - at, bits, bytes, at);
        const read = new Uint16Array(all.length);
        unpack(bytes, 0, at, bits, read);
        unpack(bytes, at, all.length - at, bits, read.subarray(at));
        expect(read).toEqual(all);
      }),
    );
  },
);
