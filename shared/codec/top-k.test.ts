import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytesToHex } from '../hash.ts';
import { codecContract } from './codec.contract.ts';
import { optionsOf } from './fixtures/options.ts';
import { passed } from './fixtures/quality.ts';
import { topK } from './top-k.ts';

codecContract(topK);

const vector = Float32Array.of(0.5, -3, 2, 0, -2, 1);

describe('top-k', () => {
  it('of a third of six values is the two greatest, with their places', () => {
    const body = topK.encode(vector, optionsOf(1, { fraction: 1 / 3 }));
    expect(bytesToHex(body)).toBe('01000000' + '02000000' + '000040c0' + '00000040');
    expect([...passed(topK, vector, 1, { fraction: 1 / 3 })]).toEqual([0, -3, 2, 0, 0, 0]);
  });

  it('takes the first of equal ones, one value at least, and all at 1', () => {
    expect([...passed(topK, Float32Array.of(1, -1, 1, -1), 1, { fraction: 0.5 })]).toEqual([1, -1, 0, 0]);
    expect([...passed(topK, vector, 1, { fraction: 1e-6 })]).toEqual([0, -3, 0, 0, 0, 0]);
    expect(passed(topK, vector, 1, { fraction: 1 })).toEqual(vector);
  });

  it('is what sorting by magnitude would take', () => {
    const vectors = fc.float32Array({ minLength: 1, maxLength: 60, noNaN: true, noDefaultInfinity: true });
    fc.assert(
      fc.property(vectors, fc.double({ min: 0.01, max: 1, noNaN: true }), (values, fraction) => {
        const count = Math.max(1, Math.round(fraction * values.length));
        const order = [...values.keys()].sort(
          (a, b) => Math.abs(values[b] as number) - Math.abs(values[a] as number) || a - b,
        );
        const kept = new Set(order.slice(0, count));
        expect(passed(topK, values, 1, { fraction })).toEqual(values.map((value, i) => (kept.has(i) ? value : 0)));
      }),
    );
  });

  it.each([
    ['twice the same place', [1, 1]],
    ['places that go back', [2, 1]],
    ['a place beyond the vector', [1, 6]],
  ])('refuses %s', (_, places) => {
    const body = topK.encode(vector, optionsOf(1, { fraction: 1 / 3 }));
    body.set(new Uint8Array(Uint32Array.from(places).buffer));
    expect(topK.decode(body, 6, { fraction: 1 / 3, seed: 0 })).toBe(undefined);
  });
});
