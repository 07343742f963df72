import { expect, test } from 'vitest';
import { kept } from './kept.ts';

test('a value is made once, also for calls at the same time', async () => {
  let made = 0;
  const next = kept(async () => ++made);
  expect(await Promise.all([next(), next()])).toEqual([1, 1]);
  expect(await next()).toBe(1);
});

test('a failure goes to all who wait for it, and the next call tries again', async () => {
  let calls = 0;
  const next = kept(async () => {
    calls += 1;
    if (calls === 1) throw new Error('not yet');
    return calls;
  });
  expect(await Promise.allSettled([next(), next()])).toMatchObject([{ status: 'rejected' }, { status: 'rejected' }]);
  expect([await next(), await next()]).toEqual([2, 2]);
});
