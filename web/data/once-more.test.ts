import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { orOnceMore, UNANSWERED_AFTER_MS } from './once-more.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const never = new Promise<number>(() => {});

test('what is answered in time is read once, and a failure is told as it is', async () => {
  const renew = vi.fn();
  expect(await orOnceMore((answered) => answered(Promise.resolve(7)), renew)).toBe(7);
  await expect(orOnceMore((answered) => answered(Promise.reject(new Error('gone'))), renew)).rejects.toThrow('gone');
  expect(renew).not.toHaveBeenCalled();
  expect(vi.getTimerCount()).toBe(0);
});

test('a read that is never answered is made once more on a new connection', async () => {
  let isNew = false;
  const reading = orOnceMore(
    (answered) => answered(isNew ? Promise.resolve(7) : never),
    () => {
      isNew = true;
    },
  );
  await vi.advanceTimersByTimeAsync(UNANSWERED_AFTER_MS);
  expect(await reading).toBe(7);
});

test('never answered twice, it is a typed failure', async () => {
  const reading = expect(
    orOnceMore(
      (answered) => answered(never),
      () => {},
    ),
  ).rejects.toMatchObject({
    failure: { ok: false, reason: 'failed', message: 'timeout' },
  });
  await vi.advanceTimersByTimeAsync(2 * UNANSWERED_AFTER_MS);
  await reading;
});
