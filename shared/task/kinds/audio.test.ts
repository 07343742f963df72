import { expect, it } from 'vitest';
import { keywords } from '../templates/keywords.ts';
import { audio } from './audio.ts';
import { kindContract } from './kind.contract.ts';

kindContract(keywords.data, [
  ['data.clipMs', { clipMs: 100 }],
  ['data.clipMs', { clipMs: 1e9 }],
  ['data.hopMs', { hopMs: 0 }],
  ['data.hopMs', { hopMs: 10.5 }],
  ['data.bands', { bands: 1_000 }],
  ['data.labels', { labels: ['yes'] }],
  ['data.labels', { labels: ['yes', 'yes'] }],
  ['data.sample', { sample: 'speech' }],
  ['data.sample', { labels: ['open', 'shut'] }],
]);

it('keeps a byte for each band of each window', () => {
  expect(audio.form(keywords.data)).toEqual({
    shape: [49, 32, 1],
    features: { type: 'uint8' },
    target: { type: 'class', count: 8 },
  });
  expect(audio.form({ ...keywords.data, clipMs: 2_000, hopMs: 10, bands: 40 }).shape).toEqual([197, 40, 1]);
});
