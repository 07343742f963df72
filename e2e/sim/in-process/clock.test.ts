import fc from 'fast-check';
import { expect, it } from 'vitest';
import { SimulatedClock } from './clock.ts';

it('lets timers off by their moment, then by whose they are, then by their age, whatever order they were set in', () => {
  const timer = fc.record({
    atMs: fc.integer({ min: 0, max: 5 }),
    rank: fc.integer({ min: 0, max: 3 }),
    off: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(timer, { maxLength: 60 }), (timers) => {
      const clock = new SimulatedClock();
      const fired: number[] = [];
      const atMs: number[] = [];
      for (const [index, { atMs: delayMs, rank, off }] of timers.entries()) {
        const cancel = clock.of(rank).after(delayMs, () => {
          fired.push(index);
          atMs.push(clock.elapsedMs);
        });
        if (off) cancel();
      }
      while (clock.next());
      const expected = timers
        .map((one, index) => ({ ...one, index }))
        .filter(({ off }) => !off)
        .sort((a, b) => a.atMs - b.atMs || a.rank - b.rank || a.index - b.index);
      expect(fired).toEqual(expected.map(({ index }) => index));
      expect(atMs).toEqual(expected.map((one) => one.atMs));
    }),
  );
});

it('stands still until it is moved on, and what a timer sets counts from its moment', () => {
  const clock = new SimulatedClock();
  const own = clock.of(1);
  const beganAt = own.now();
  const heard: number[] = [];
  own.after(100, () => {
    heard.push(own.elapsed());
    own.after(50, () => heard.push(own.elapsed()));
  });
  expect([own.elapsed(), own.now() - beganAt]).toEqual([0, 0]);
  expect([clock.next(), clock.next(), clock.next()]).toEqual([true, true, false]);
  expect(heard).toEqual([100, 150]);
  expect(own.now() - beganAt).toBe(150);
});
