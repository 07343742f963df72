import { expect, test } from 'vitest';
import { layoutOf } from '../weights/layout.ts';
import { gather, localEntries, reportLayout, scatter, sharedEntries } from './report-layout.ts';

const layout = layoutOf([
  { name: 'base/kernel', shape: [2] },
  { name: 'norm/kernel', shape: [1] },
  { name: 'head/kernel', shape: [3] },
  { name: 'head/bias', shape: [1] },
]);
const namesOf = (entries: readonly { readonly name: string }[]): string[] => entries.map(({ name }) => name);

test('is the layout of the model itself where nothing is left out or added', () => {
  expect(reportLayout(layout, { work: 'sgd' })).toBe(layout);
  expect(reportLayout(layout, { work: 'prox', local: [] })).toBe(layout);
});

test('has no tensor of a local layer, and a hash of its own', () => {
  const reduced = reportLayout(layout, { work: 'sgd', local: ['norm', 'head'] });
  expect(namesOf(reduced.entries)).toEqual(['base/kernel']);
  expect([reduced.size, reduced.sha256 === layout.sha256]).toEqual([2, false]);
  expect(namesOf(localEntries(layout, { work: 'sgd', local: ['head'] }))).toEqual(['head/kernel', 'head/bias']);
});

test('of scaffold has every tensor twice, the control variate after the delta', () => {
  const twice = reportLayout(layout, { work: 'scaffold' });
  expect(twice.size).toBe(14);
  expect(namesOf(twice.entries).slice(3, 6)).toEqual(['head/bias', 'control/base/kernel', 'control/norm/kernel']);
});

test('gathers what is not local of seven values, and puts what is back to its place', () => {
  const flat = Float32Array.of(10, 11, 12, 13, 14, 15, 16);
  const plan = { work: 'sgd', local: ['norm'] } as const;
  const plain = { ...plan, local: [...plan.local] };
  expect([...gather(flat, sharedEntries(layout, plain))]).toEqual([10, 11, 13, 14, 15, 16]);
  expect([...scatter(new Float64Array(7), localEntries(layout, plain), Float64Array.of(5))]).toEqual([
    0, 0, 5, 0, 0, 0, 0,
  ]);
});
