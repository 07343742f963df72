import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../shared/fixtures/manual-clock.ts';
import type { TaskId } from '../../shared/ids.ts';
import { StatusTicker, statusIntervalMs } from './status-ticker.ts';

const digits = 'digits' as TaskId;
const other = 'other' as TaskId;

function started(online = 3) {
  const clock = new ManualClock();
  const published: [TaskId, number][] = [];
  const ticker = new StatusTicker(
    clock,
    () => online,
    (task) => published.push([task, clock.elapsed()]),
  );
  return { clock, published, ticker };
}

describe('P19: the status of a task', () => {
  it('comes at most four times a second, less often to a crowd', () => {
    expect([0, 3, 25, 26, 1_000].map(statusIntervalMs)).toEqual([250, 250, 250, 260, 10_000]);
  });

  it('comes at once after a rest, never in the caller’s own turn', () => {
    const { clock, published, ticker } = started();
    ticker.touch(digits);
    expect(published).toEqual([]);
    clock.advance(0);
    expect(published).toEqual([[digits, 0]]);
  });

  it('comes once an interval while it changes, and once after the last change', () => {
    const { clock, published, ticker } = started();
    for (let ms = 0; ms < 600; ms += 10) {
      ticker.touch(digits);
      clock.advance(10);
    }
    clock.advance(10_000);
    expect(published.map(([, atMs]) => atMs)).toEqual([0, 250, 500, 750]);
  });

  it('of one task does not hold up another', () => {
    const { clock, published, ticker } = started();
    ticker.touch(digits);
    ticker.touch(other);
    clock.advance(0);
    expect(published).toEqual([
      [digits, 0],
      [other, 0],
    ]);
  });

  it('does not come for a task that is gone, nor after closing', () => {
    const { clock, published, ticker } = started();
    ticker.touch(digits);
    ticker.forget(digits);
    ticker.touch(other);
    ticker.close();
    ticker.touch(other);
    clock.advance(60_000);
    expect(published).toEqual([]);
    expect(clock.waiting).toBe(0);
  });
});
