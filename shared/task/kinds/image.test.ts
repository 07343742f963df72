import { expect, it } from 'vitest';
import { digits } from '../templates/digits.ts';
import { image, pictureStyle } from './image.ts';
import { kindContract } from './kind.contract.ts';

kindContract(digits.data, [
  ['data.shape', { shape: [28, 28] }],
  ['data.shape.0', { shape: [0, 28, 1] }],
  ['data.shape.1', { shape: [28, 1e12, 1] }],
  ['data.labels', { labels: ['one'] }],
  ['data.labels', { labels: ['a', 'a'] }],
  ['data.sample', { sample: 'imagenet' }],
  ['data.picture', { picture: 'digit', shape: [32, 32, 1] }],
  ['data.picture', { picture: 'object', shape: [28, 28, 3] }],
]);

it('cuts out digits at 28 × 28 × 1, and takes other pictures as they are', () => {
  expect(pictureStyle(digits.data)).toBe('digit');
  expect(pictureStyle({ shape: [28, 28, 3] })).toBe('photo');
  expect(pictureStyle({ shape: [28, 28, 1], picture: 'object' })).toBe('object');
});

it('keeps a byte for each pixel, and the index of a label', () => {
  expect(image.form(digits.data)).toEqual({
    shape: [28, 28, 1],
    features: { type: 'uint8' },
    target: { type: 'class', count: 10 },
  });
});
