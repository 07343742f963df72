import { beforeAll, expect, it, vi } from 'vitest';
import { ensureEspeak } from '../fixtures/espeak.ts';
import { gapInTabs, inWasm } from './in-tabs.ts';

// Half a minute each where nothing else runs.
vi.setConfig({ testTimeout: 300_000 });

beforeAll(() => expect(ensureEspeak()).toBeNull());

it('keywords: three tabs of one voice each close most of the gap to training in one place', async () => {
  const { before, after, trivial, central, closed, ...how } = await gapInTabs('keywords', {
    tabs: 3,
    rounds: 5,
    examples: 40,
  });
  expect(how).toEqual(inWasm({ tabs: 3, rounds: 5 }));
  // Voices that nobody has trained on; another version of espeak-ng speaks a little differently.
  expect(before).toBeCloseTo(0.0906, 1);
  expect(trivial).toBe(0.125);
  // 0.9 and 0.891 in the run that this was written by.
  expect(central).toBeGreaterThan(0.8);
  expect(after).toBeGreaterThan(0.7);
  expect(closed).toBeGreaterThan(0.75);
});
