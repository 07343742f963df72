import { setTimeout as sleep } from 'node:timers/promises';
import { Contributor, type ContributorFigures } from './contributor.ts';
import { deltaOf, examplesOf, VARIANTS, variantOf } from './deltas.ts';

/** What the process of the contributors is told, and what it says. */
export interface Orders {
  readonly url: string;
  readonly task: string;
  readonly count: number;
  readonly rounds: number;
  readonly values: number;
}
export type Said =
  | { readonly kind: 'joined' }
  | { readonly kind: 'done'; readonly figures: readonly ContributorFigures[] }
  | { readonly kind: 'failed'; readonly message: string };

/** A server takes 50 joins of one address in a second. */
const JOIN_EVERY_MS = 25;

// The entry of a process of its own: what is measured of the server must not hold 200 clients.
async function takePart({ url, task, count, rounds, values }: Orders): Promise<readonly ContributorFigures[]> {
  const bodies = Array.from({ length: VARIANTS }, (_, index) => Buffer.from(deltaOf(index, values).buffer));
  const contributors: Contributor[] = [];
  for (let index = 0; index < count; index++) {
    const body = bodies[variantOf(index)] as Buffer;
    contributors.push(await Contributor.join(url, task, body, examplesOf(index)));
    await sleep(JOIN_EVERY_MS);
  }
  const taking = contributors.map((contributor) => contributor.takePart(rounds));
  say({ kind: 'joined' });
  await Promise.all(taking);
  return contributors.map((contributor) => contributor.leave());
}

const say = (said: Said): void => {
  process.send?.(said);
};

process.once('message', (orders: Orders) => {
  takePart(orders).then(
    (figures) => say({ kind: 'done', figures }),
    (error: unknown) =>
      say({ kind: 'failed', message: error instanceof Error ? (error.stack ?? error.message) : JSON.stringify(error) }),
  );
});
process.once('disconnect', () => process.exit());
