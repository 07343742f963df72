import { expect, it } from 'vitest';
import { digits } from '../templates/digits.ts';
import { image } from './image.ts';
import { kindContract } from './kind.contract.ts';

kindContract(digits.data, [
  ['data.shape', { shape: [28, 28] }],
  ['data.shape.0', { shape: [0, 28, 1] }],
  ['data.shape.1', { shape: [28, 1e12, 1] }],
  ['data.labels', { labels: ['one'] }],
  ['data.labels', { labels: ['a', 'a'] }],
  ['data.sample', { sample: 'imagenet' }],
]);

it('keeps a byte for each pixel, and the index of a label', () => {
  expect(image.form(digits.data)).toEqual({
    shape: [28, 28, 1],
    features: { type: 'uint8' },
    target: { type: 'class', count: 10 },
  });
});
