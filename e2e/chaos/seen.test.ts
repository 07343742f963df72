import { expect, test } from 'vitest';
import type { UpdateId } from '../../shared/ids.ts';
import { type CommittedRound, History, Violation } from '../crash/history.ts';
import { Seen } from './seen.ts';

const CELL = 18;
const REPORT = 'a'.repeat(32) as UpdateId;

/** Rounds 3 and 7 have committed, the first with the report; the contributor trained in both and heard of `told`. */
function heard(told: number) {
  const history = new History();
  for (const [number, cells] of [
    [3, [CELL]],
    [7, []],
  ] as const)
    history.committed.set(number, { number, version: number, cells: new Set(cells) } satisfies CommittedRound);
  const seen = new Seen();
  for (const round of [3, 7]) seen.trained(round, CELL);
  // A view tells of it with each of its notes.
  const hear = (): void => seen.acknowledged({ round: told, updateId: REPORT, status: 'accepted', order: 1 }, CELL);
  hear();
  return { history, seen, hear };
}

test.each([7, 2])(
  'a receipt in which 3 became %i is of the round that the server knows the report by',
  async (told) => {
    const { history, seen, hear } = heard(told);
    for (let time = 0; time < 2; time++) {
      hear();
      await seen.check(history, async () => 3);
    }
    expect([seen.misheard, seen.count([3]), seen.count([7])]).toEqual([1, 1, 0]);
  },
);

test('I1: a report that is acknowledged in a round and not counted in it is lost', async () => {
  const { history, seen } = heard(7);
  await expect(seen.check(history, async () => 7)).rejects.toThrow(Violation);
});

test.each([
  [50, null],
  [59, null],
  [18, null],
  [57, 'nobody made the report of 18, which trained in 57'],
  [580, 'nobody made'],
])('a report of round 58 by a contributor that trained as of round %i', async (told, problem) => {
  const history = new History();
  history.committed.set(58, { number: 58, version: 58, cells: new Set([CELL]) });
  const seen = new Seen();
  seen.trained(told, CELL);
  const checked = seen.check(history, async () => 58);
  if (problem !== null) await expect(checked).rejects.toThrow(problem);
  else expect([await checked, seen.misheard]).toEqual([undefined, 1]);
});
