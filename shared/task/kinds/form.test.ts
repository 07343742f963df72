import { describe, expect, it } from 'vitest';
import { bytesForm, columnsProblem, type ExampleForm, featureBytes, rowsOf, targetBytes } from './form.ts';

const numbers: ExampleForm = {
  shape: [2],
  features: { type: 'float32' },
  target: { type: 'number', offset: 0, scale: 1 },
};
const tokens: ExampleForm = {
  shape: [3],
  features: { type: 'int32', below: 5 },
  target: { type: 'class', count: 2 },
};

describe('a form', () => {
  it('says what an example takes', () => {
    expect([featureBytes(bytesForm([28, 28, 1], 10)), targetBytes(bytesForm([1], 2))]).toEqual([784, 2]);
    expect([featureBytes(numbers), targetBytes(numbers)]).toEqual([8, 4]);
    expect([featureBytes(tokens), targetBytes(tokens)]).toEqual([12, 2]);
  });

  it('takes rows out of columns, in the order asked for', () => {
    const columns = { features: Float32Array.of(1, 2, 3, 4, 5, 6), targets: Float32Array.of(7, 8, 9) };
    expect(rowsOf(columns, numbers, Uint32Array.of(2, 0))).toEqual({
      features: Float32Array.of(5, 6, 1, 2),
      targets: Float32Array.of(9, 7),
    });
  });

  it.each([
    ['a token too high', tokens, { features: Int32Array.of(0, 1, 5), targets: Uint16Array.of(0) }, /below 5/],
    ['a token below zero', tokens, { features: Int32Array.of(0, -1, 4), targets: Uint16Array.of(0) }, /below 5/],
    ['a label too high', tokens, { features: Int32Array.of(0, 1, 4), targets: Uint16Array.of(2) }, /label/],
    ['no number', numbers, { features: Float32Array.of(0, Number.NaN), targets: Float32Array.of(2) }, /finite/],
    ['features of another type', numbers, { features: Uint8Array.of(0, 1), targets: Float32Array.of(2) }, /float32/],
    ['targets of another type', numbers, { features: Float32Array.of(0, 1), targets: Uint16Array.of(2) }, /number/],
  ])('refuses %s', (_, form, columns, words) => {
    expect(columnsProblem(columns, form)).toMatch(words);
  });
});
