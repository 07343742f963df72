import { expect, it } from 'vitest';
import type { Steps } from '../../shared/steps.ts';
import { inTurns, nextTurn, turnsOf } from './turns.ts';

it('long work gives way every eight milliseconds, and what it makes is the same', async () => {
  let nowMs = 0;
  const events: string[] = [];
  const turns = turnsOf(
    () => nowMs,
    async () => {
      events.push('page');
      nowMs += 100;
    },
  );
  function* work(): Steps<number> {
    for (let step = 1; step <= 7; step++) {
      nowMs += 3;
      events.push(`step ${step}`);
      yield;
    }
    return 42;
  }
  expect(await inTurns(work(), turns)).toBe(42);
  expect(events.join(', ')).toBe('step 1, step 2, step 3, page, step 4, step 5, step 6, page, step 7');
});

it('what waits in the page comes before the next turn', async () => {
  const events: string[] = [];
  setTimeout(() => events.push('page'));
  await nextTurn();
  events.push('work');
  expect(events).toEqual(['page', 'work']);
});
