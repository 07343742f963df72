import { expect, it } from 'vitest';
import type { Round } from './answers.ts';
import { allRounds, ROUNDS_PER_PAGE, reachesStart } from './round-pages.ts';

const round = (number: number) => ({ number }) as Round;
/** A server with this many rounds. */
const server = (count: number, asked: (number | undefined)[]) => async (limit: number, before?: number) => {
  asked.push(before);
  const last = Math.min(count, (before ?? Number.POSITIVE_INFINITY) - 1);
  const first = Math.max(1, last - limit + 1);
  return { ok: true, value: Array.from({ length: last - first + 1 }, (_, at) => round(first + at)) } as const;
};

it.each([
  [0, [undefined]],
  [7, [undefined]],
  [10_000, [undefined]],
  [10_001, [undefined, 2]],
  [25_000, [undefined, 15_001, 5_001]],
])('%i rounds come in as many pages as they take', async (count, pages) => {
  const asked: (number | undefined)[] = [];
  const all = await allRounds(server(count, asked));
  expect(asked).toEqual(pages);
  expect(all.ok && all.value.length).toBe(count);
  expect(all.ok && all.value.every(({ number }, index) => number === index + 1)).toBe(true);
});

it('a list of ten thousand is whole only where it begins with the first', () => {
  expect(reachesStart([])).toBe(true);
  expect(reachesStart([round(1), round(2)])).toBe(true);
  expect(reachesStart(Array.from({ length: ROUNDS_PER_PAGE }, (_, at) => round(at + 2)))).toBe(false);
});

it('a page that fails ends it', async () => {
  const failure = { ok: false, failure: { reason: 'unreachable' } } as const;
  const whole = server(25_000, []);
  expect(
    await allRounds((limit, before) => (before === 5_001 ? Promise.resolve(failure) : whole(limit, before))),
  ).toEqual(failure);
});
