import { beforeEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../shared/fixtures/manual-clock.ts';
import { steadyClock } from './clock.ts';
import { WakeTimer } from './rounds/wake-timer.ts';

const HOUR_MS = 3_600_000;

/** A machine whose wall clock can be set while time goes on. */
class SetClock extends ManualClock {
  #setByMs = 0;

  override now(): number {
    return super.now() + this.#setByMs;
  }

  setBy(ms: number): void {
    this.#setByMs += ms;
  }
}

let machine: SetClock;
beforeEach(() => {
  machine = new SetClock();
});

/**
 * Sets a deadline, then the wall clock, and says after how long the deadline is over: by its timer, or as a round sees it, which
 * looks at the clock with everything that comes in, here every second.
 */
function deadlineAfter(deadlineMs: number, setByMs: number): number {
  const clock = steadyClock(machine);
  const startedMs = machine.elapsed();
  const endsAt = clock.now() + deadlineMs;
  let endedMs: number | undefined;
  const look = (): void => {
    if (clock.now() < endsAt) timer.set(endsAt);
    else endedMs ??= machine.elapsed() - startedMs;
  };
  const timer = new WakeTimer(clock, look);
  timer.set(endsAt);
  machine.setBy(setByMs);
  while (endedMs === undefined && machine.elapsed() < 2 * HOUR_MS) {
    machine.advance(1_000);
    look();
  }
  return endedMs ?? Number.POSITIVE_INFINITY;
}

describe('a clock for deadlines', () => {
  it('is the wall clock where nobody sets it', () => {
    const clock = steadyClock(machine);
    for (const ms of [0, 1, 250, 60_000, 10 * HOUR_MS]) {
      machine.advance(ms);
      expect(clock.now()).toBe(machine.now());
    }
  });

  it('I7: a wall clock that is set back by an hour makes a deadline of a minute no longer than by a tenth', () => {
    expect(deadlineAfter(60_000, -HOUR_MS)).toBeLessThanOrEqual(67_000);
  });

  it('I7: … nor one that is set forward by an hour shorter', () => {
    const endedMs = deadlineAfter(60_000, HOUR_MS);
    expect(endedMs).toBeGreaterThanOrEqual(54_000);
    expect(endedMs).toBeLessThan(60_000);
    machine = new SetClock();
    expect(deadlineAfter(60_000, 0)).toBe(60_000);
  });

  it('never goes back, and is the wall clock again after ten times the step', () => {
    const clock = steadyClock(machine);
    clock.now();
    machine.setBy(-60_000);
    let before = clock.now();
    for (let second = 0; second < 600; second++) {
      machine.advance(1_000);
      const now = clock.now();
      expect(now).toBeGreaterThan(before);
      before = now;
    }
    expect(Math.abs(clock.now() - machine.now())).toBeLessThanOrEqual(1);
  });

  it('follows a drift, however seldom it is asked', () => {
    const clock = steadyClock(machine);
    for (let day = 0; day < 30; day++) {
      machine.advance(24 * HOUR_MS);
      machine.setBy(8_640); // a hundred millionths of the day
      expect(Math.abs(clock.now() - machine.now())).toBeLessThanOrEqual(1);
    }
  });
});
