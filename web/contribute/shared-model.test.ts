import { expect, it } from 'vitest';
import { mergeVersions } from './shared-model.ts';

const at = (version: number, accuracy: number | null = null) => ({
  version,
  sha256: 'ab',
  score: accuracy === null ? null : { accuracy },
});

it('keeps versions in order, each once', () => {
  expect(mergeVersions([at(3), at(5)], [at(4), at(3)]).map(({ version }) => version)).toEqual([3, 4, 5]);
});

it('takes a score that comes later and loses none that is known', () => {
  expect(mergeVersions([at(3)], [at(3, 0.5)])).toEqual([at(3, 0.5)]);
  expect(mergeVersions([at(3, 0.5)], [at(3)])).toEqual([at(3, 0.5)]);
});

it('keeps the newest 500', () => {
  const many = Array.from({ length: 600 }, (_, version) => at(version));
  const kept = mergeVersions([], many);
  expect(kept).toHaveLength(500);
  expect(kept[0]?.version).toBe(100);
});
