import { expect, test } from 'vitest';
import { retryWindow } from './pace.ts';

test('a few come back within five seconds', () => {
  expect(retryWindow(7, 3)).toEqual({ round: 7, afterMs: 1_000, beforeMs: 5_000 });
});

test('many come back over as long as fifty a second take', () => {
  expect(retryWindow(1, 10_000)).toEqual({ round: 1, afterMs: 1_000, beforeMs: 201_000 });
});
