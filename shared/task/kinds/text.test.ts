import { expect, it } from 'vitest';
import { incompatibilities } from '../compatibility.ts';
import { text as template } from '../templates/text.ts';
import { kindContract } from './kind.contract.ts';
import { text } from './text.ts';

kindContract(template.data, [
  ['data.length', { length: 0 }],
  ['data.length', { length: 1e9 }],
  ['data.buckets', { buckets: 2.5 }],
  ['data.buckets', { buckets: 1e12 }],
  ['data.labels', { labels: ['one'] }],
  ['data.labels', { labels: ['a', 'a'] }],
  ['data.sample', { sample: 'mnist' }],
]);

it('an example is as many numbers as the model sees words, each below the buckets', () => {
  expect(text.form({ ...template.data, length: 3, buckets: 50 })).toEqual({
    shape: [3],
    features: { type: 'int32', below: 50 },
    target: { type: 'class', count: 6 },
  });
});

it('needs an Embedding with a row for each bucket', () => {
  const data = { ...template.data, buckets: 2047 };
  expect(incompatibilities({ ...template, data }).map(({ path }) => path)).toEqual(['model']);
});
