import { expect, it } from 'vitest';
import { rest, restMsOf } from './duty.ts';

it.each([
  [1, 100, 1, 0],
  [0.5, 100, 1, 100],
  [0.25, 100, 1, 300],
  [0.05, 40, 1, 760],
])('at a share of %s it rests after %s ms of work, %s times as slow as at best, for %s ms', (share, work, slow, ms) => {
  expect(restMsOf(share, work, slow)).toBeCloseTo(ms);
});

it('rests as if the share were half when a step takes more than twice what it took at best', () => {
  expect(restMsOf(0.5, 100, 2)).toBe(100);
  expect(restMsOf(0.5, 100, 2.1)).toBe(restMsOf(0.25, 100, 1));
  expect(restMsOf(1, 100, 50)).toBe(0);
});

it('a stop ends a rest at once, one that came before it too', async () => {
  const stop = new AbortController();
  const resting = rest(600_000, stop.signal);
  stop.abort();
  await resting;
  await rest(600_000, stop.signal);
});
