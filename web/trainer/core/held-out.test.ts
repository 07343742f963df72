import { expect, test } from 'vitest';
import { seededRng } from '../../../shared/rng.ts';
import { type Examples, examplesOf } from './examples.ts';
import { noise } from './fixtures/tiny.ts';
import { splitOf } from './held-out.ts';

const rowsOf = ({ parts, form }: Examples): string[] =>
  parts.flatMap(({ features, targets }) =>
    Array.from(targets, (target, row) => {
      const size = form.shape.reduce((product, side) => product * side, 1);
      return [...features.subarray(row * size, (row + 1) * size), target].join();
    }),
  );

test('about a fifth is set aside, each example is on one side, and the parts do not matter', () => {
  const thousand = noise([5], 3, 1_000);
  const { fitted, heldOut } = splitOf(thousand);
  expect([fitted.count, heldOut.count]).toEqual([799, 201]);
  expect([...rowsOf(fitted), ...rowsOf(heldOut)].toSorted()).toEqual(rowsOf(thousand).toSorted());
  const inParts = splitOf(noise([5], 3, 1_000, 300));
  expect(rowsOf(inParts.heldOut)).toEqual(rowsOf(heldOut));
});

test('an example stays on its side when others come and go, and so does its copy', () => {
  const all = noise([4], 3, 100);
  const asides = new Set(rowsOf(splitOf(all).heldOut));
  const [part] = all.parts;
  if (part === undefined) throw new Error('one part');
  const later = { features: part.features.slice(4 * 37), targets: part.targets.slice(37) };
  const { fitted, heldOut } = splitOf(examplesOf(all.form, [later, later]));
  expect(heldOut.count % 2).toBe(0);
  expect(rowsOf(heldOut).every((row) => asides.has(row))).toBe(true);
  expect(rowsOf(fitted).some((row) => asides.has(row))).toBe(false);
});

test.each([
  ['numbers', { type: 'float32' }],
  ['tokens', { type: 'int32', below: 50 }],
] as const)('%s are set aside as bytes are', (_, features) => {
  const rng = seededRng(1);
  const values = Array.from({ length: 1_000 }, () => rng.below(50));
  const examples = examplesOf({ shape: [2], features, target: { type: 'number', offset: 0, scale: 1 } }, [
    {
      features: features.type === 'float32' ? Float32Array.from(values) : Int32Array.from(values),
      targets: Float32Array.from({ length: 500 }, (_, row) => row),
    },
  ]);
  const { fitted, heldOut } = splitOf(examples);
  expect(fitted.count + heldOut.count).toBe(500);
  expect(heldOut.count).toBeGreaterThan(60);
  expect(heldOut.count).toBeLessThan(140);
});
