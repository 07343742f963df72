import { expect, it } from 'vitest';
import { digits as task } from '../../shared/task/templates/digits.ts';
import { columnsOfImages, imageOfDrawing, labelInName } from './example-images.ts';

const digits = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'];

it.each([
  ['7.png', 7],
  ['digit 7 (x).jpg', 7],
  ['7-2.png', null],
  ['IMG_0042.JPG', null],
  ['photo.png', null],
  ['3', 3],
])('%s says %s', (name, label) => expect(labelInName(name, digits)).toBe(label));

it('finds names of labels whatever their case', () => {
  expect(labelInName('My Cat 12.jpeg', ['cat', 'dog'])).toBe(0);
});

it('packs images row by row', () => {
  const packed = columnsOfImages([
    { image: Uint8Array.of(1, 2), label: 3 },
    { image: Uint8Array.of(4, 5), label: 0 },
  ]);
  expect([...packed.features]).toEqual([1, 2, 4, 5]);
  expect([...packed.targets]).toEqual([3, 0]);
});

it('makes a digit of strokes and nothing of an empty pad', async () => {
  expect(await imageOfDrawing([], task.data)).toBeNull();
  const image = await imageOfDrawing(
    [
      [
        { x: 0.5, y: 0.1 },
        { x: 0.5, y: 0.9 },
      ],
    ],
    task.data,
  );
  expect(image).toHaveLength(784);
  expect(Math.max(...(image ?? []))).toBe(255);
});
