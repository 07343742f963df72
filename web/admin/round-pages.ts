import type { Round } from './answers.ts';
import type { Answer } from './api.ts';

/** Of one answer; a server lists no more. */
export const ROUNDS_PER_PAGE = 10_000;

type Ask = (limit: number, before?: number) => Promise<Answer<readonly Round[]>>;

/** Rounds count from 1 without a gap: is nothing older than these? */
export const reachesStart = ([oldest]: readonly Round[]): boolean => oldest === undefined || oldest.number <= 1;

/** Every round, oldest first, page by page from the newest; the first failure ends it. */
export async function allRounds(ask: Ask): Promise<Answer<readonly Round[]>> {
  let rounds: readonly Round[] = [];
  for (;;) {
    const before = rounds[0]?.number;
    const page = before === undefined ? await ask(ROUNDS_PER_PAGE) : await ask(ROUNDS_PER_PAGE, before);
    if (!page.ok) return page;
    rounds = [...page.value, ...rounds];
    // An empty page where more should be: a server that does not know `before`, or a history with holes.
    if (page.value.length === 0 || reachesStart(page.value)) return { ok: true, value: rounds };
  }
}
