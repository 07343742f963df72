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

it('a rest of no time lets in a message that waits', async () => {
  const turns: string[] = [];
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => turns.push('message');
  port2.postMessage(null);
  await rest(0);
  turns.push('rested');
  port1.close();
  expect(turns).toEqual(['message', 'rested']);
});
