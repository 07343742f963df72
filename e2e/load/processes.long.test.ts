import { expect, it } from 'vitest';
import { processes } from './processes.ts';

it('one, two and three processes commit a round', async () => {
  const figures = await processes({ contributors: 1, reporters: 12, idleSeconds: 1, minutes: 0 }, () => {});
  const committed = figures.filter(({ what }) => what.includes('committed a second'));
  expect(committed.map(({ value }) => value > 0)).toEqual([true, true, true, true]);
}, 300_000);
