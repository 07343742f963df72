import { expect, it, vi } from 'vitest';
import { gapInTabs, inWasm } from './in-tabs.ts';

// Half a minute each where nothing else runs.
vi.setConfig({ testTimeout: 300_000 });

// Which tab gets which examples, and the order in which the server adds their reports up, differ from run to run: what
// depends on them is held to bounds, with what one run had beside them.

it('digits: three tabs with 300 digits each close most of the gap from the commonest to training in one place', async () => {
  const { before, after, trivial, central, closed, ...how } = await gapInTabs('digits', {
    tabs: 3,
    rounds: 4,
    examples: 300,
  });
  expect(how).toEqual(inWasm({ tabs: 3, rounds: 4 }));
  expect([before, trivial]).toEqual([0.1246, 0.0958]);
  // 0.868 and 0.849.
  expect(central).toBeGreaterThan(0.82);
  expect(after).toBeGreaterThan(0.78);
  expect(closed).toBeGreaterThan(0.85);
});

it('movies: six tabs of one person each close the gap from the mean of each film to training in one place', async () => {
  const { before, after, trivial, central, closed, ...how } = await gapInTabs('movies', {
    tabs: 6,
    rounds: 15,
    examples: 40,
  });
  expect(how).toEqual(inWasm({ tabs: 6, rounds: 15 }));
  // Mean absolute errors on a scale from 0.5 to 5. Of so few people neither a film's mean nor its factors say much.
  expect(before).toBeCloseTo(0.9843, 3);
  expect(trivial).toBeCloseTo(0.9548, 4);
  // 0.857 both.
  expect(central).toBeLessThan(0.88);
  expect(after).toBeLessThan(0.88);
  expect(closed).toBeGreaterThan(0.75);
});

it('table: three tabs with 300 rows each predict minutes as well as all of them in one place', async () => {
  const { before, after, trivial, central, closed, ...how } = await gapInTabs('table', {
    tabs: 3,
    rounds: 5,
    examples: 300,
  });
  expect(how).toEqual(inWasm({ tabs: 3, rounds: 5 }));
  // Mean absolute errors in minutes; the trivial answer is the median of all trips.
  expect(before).toBeCloseTo(12.548, 2);
  expect(trivial).toBeCloseTo(10.6075, 3);
  // 3.77; in one place, where nothing is averaged, 5.35 in that run.
  expect(after).toBeLessThan(4.6);
  expect(central).toBeLessThan(7);
  expect(closed).toBeGreaterThan(0.85);
});

it('table-classes: three tabs with 300 rows each tell late trips as well as all of them in one place', async () => {
  const { before, after, trivial, central, closed, ...how } = await gapInTabs('table-classes', {
    tabs: 3,
    rounds: 5,
    examples: 300,
  });
  expect(how).toEqual(inWasm({ tabs: 3, rounds: 5 }));
  expect([before, trivial]).toEqual([0.498, 0.6205]);
  // 0.792 to 0.798, and 0.787.
  expect(central).toBeGreaterThan(0.76);
  expect(after).toBeGreaterThan(0.75);
  expect(closed).toBeGreaterThan(0.7);
});

it('text: three tabs with 400 definitions each tell what others are about', async () => {
  const { before, after, trivial, central, closed, ...how } = await gapInTabs('text', {
    tabs: 3,
    rounds: 6,
    examples: 400,
  });
  expect(how).toEqual(inWasm({ tabs: 3, rounds: 6 }));
  expect(before).toBe(0.165);
  // Six subjects, as many definitions of each.
  expect(trivial).toBeCloseTo(1 / 6, 6);
  // 0.75 and 0.72.
  expect(central).toBeGreaterThan(0.7);
  expect(after).toBeGreaterThan(0.62);
  expect(closed).toBeGreaterThan(0.75);
});

it('next-character: three tabs with 600 places each tell what comes next as well as all in one place', async () => {
  const { before, after, trivial, central, closed, ...how } = await gapInTabs('next-character', {
    tabs: 3,
    rounds: 6,
    examples: 600,
  });
  expect(how).toEqual(inWasm({ tabs: 3, rounds: 6 }));
  // Trivial is always a space.
  expect([before, trivial]).toEqual([0.0385, 0.152]);
  // 0.241 both.
  expect(central).toBeGreaterThan(0.21);
  expect(after).toBeGreaterThan(0.21);
  expect(closed).toBeGreaterThan(0.6);
});

it('custom: three tabs with 400 digits each train a convolution nearly as well as in one place', async () => {
  const { before, after, trivial, central, closed, ...how } = await gapInTabs('custom', {
    tabs: 3,
    rounds: 6,
    examples: 400,
  });
  expect(how).toEqual(inWasm({ tabs: 3, rounds: 6 }));
  expect([before, trivial]).toEqual([0.1076, 0.1135]);
  // 0.929 and 0.913.
  expect(central).toBeGreaterThan(0.88);
  expect(after).toBeGreaterThan(0.85);
  expect(closed).toBeGreaterThan(0.85);
});
