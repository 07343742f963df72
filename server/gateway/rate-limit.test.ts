import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../shared/fixtures/manual-clock.ts';
import { JoinLimits, TokenBucket } from './rate-limit.ts';

describe('TokenBucket', () => {
  it('lets the burst through at once and then so many a second', () => {
    const clock = new ManualClock();
    const bucket = new TokenBucket(clock, 4);
    expect([1, 2, 3, 4, 5].map(() => bucket.take())).toEqual([0, 0, 0, 0, 250]);
    clock.advance(249);
    expect(bucket.take()).toBe(1);
    clock.advance(1);
    expect(bucket.take()).toBe(0);
    expect(bucket.take()).toBe(250);
    clock.advance(3_600_000);
    expect([1, 2, 3, 4, 5].map(() => bucket.take() === 0)).toEqual([true, true, true, true, false]);
  });

  it('has a token at the latest when it said so, and never lets more than the rate through', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 300 }),
        fc.array(fc.nat({ max: 500 }), { maxLength: 60 }),
        (perSecond, pauses) => {
          const clock = new ManualClock();
          const bucket = new TokenBucket(clock, perSecond);
          let taken = 0;
          for (const pauseMs of pauses) {
            clock.advance(pauseMs);
            const waitMs = bucket.take();
            if (waitMs === 0) taken += 1;
            else {
              clock.advance(waitMs);
              expect(bucket.take()).toBe(0);
              taken += 1;
            }
          }
          expect(taken).toBeLessThanOrEqual(perSecond + (clock.elapsed() * perSecond) / 1000 + 1e-6);
        },
      ),
    );
  });
});

describe('JoinLimits', () => {
  it('threat C10: P3: holds each address to its sockets, and frees them as they close', () => {
    const limits = new JoinLimits(new ManualClock(), { sockets: 2, joinsPerSecond: 100 });
    expect(limits.join('a')).toBe(0);
    const close = limits.opened('a');
    limits.opened('a');
    expect(limits.join('a')).toBeGreaterThan(0);
    expect(limits.join('b')).toBe(0);
    close();
    close();
    expect(limits.join('a')).toBe(0);
    limits.opened('a');
    expect(limits.join('a')).toBeGreaterThan(0);
  });

  it('P3: holds each address to its joins in a second', () => {
    const clock = new ManualClock();
    const limits = new JoinLimits(clock, { sockets: 1_000, joinsPerSecond: 3 });
    expect([1, 2, 3].map(() => limits.join('a'))).toEqual([0, 0, 0]);
    expect(limits.join('a')).toBe(334);
    expect(limits.join('b')).toBe(0);
    clock.advance(334);
    expect(limits.join('a')).toBe(0);
  });

  it('threat C10: forgets addresses at rest, so that a stream of new ones does not fill memory', () => {
    const clock = new ManualClock();
    const limits = new JoinLimits(clock, { sockets: 2, joinsPerSecond: 50 });
    limits.opened('kept');
    for (let at = 0; at < 100_000; at++) {
      limits.join(`address ${at}`);
      clock.advance(1);
    }
    expect(limits.size).toBeLessThan(3_000);
    limits.opened('kept');
    expect(limits.join('kept')).toBeGreaterThan(0);
  });
});
