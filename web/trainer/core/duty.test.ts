import { expect, it } from 'vitest';
import { rest, restMsOf } from './duty.ts';

it.each([
  [1, 100, 0],
  [0.5, 100, 100],
  [0.25, 100, 300],
  [0.05, 40, 760],
])('at a share of %s it rests after %s ms of work for %s ms', (share, workMs, restMs) => {
  expect(restMsOf(share, workMs)).toBeCloseTo(restMs);
});

it('a stop ends a rest at once, one that came before it too', async () => {
  const stop = new AbortController();
  const resting = rest(600_000, stop.signal);
  stop.abort();
  await resting;
  await rest(600_000, stop.signal);
});
