import { expect, test } from 'vitest';
import { type Ask, endedRound, scoredCheckpoint } from './waiting.ts';

/** A server that gives these answers by path, each list's last one for ever. */
function server(answers: Readonly<Record<string, readonly unknown[]>>): Ask {
  const asked = new Map<string, number>();
  return (async (path: string) => {
    const at = asked.get(path) ?? 0;
    asked.set(path, at + 1);
    return answers[path]?.[Math.min(at, (answers[path]?.length ?? 1) - 1)];
  }) as Ask;
}
const running = { state: 'running', roundsLeft: 1 };
const atOnce = { limitMs: 0 };

test('a round is waited for until it has ended', async () => {
  const open = { number: 1, outcome: null };
  const over = { number: 1, outcome: 'committed' };
  const ask = server({ '/t': [running], '/t/rounds': [[], [open], [over]] });
  expect(await endedRound(ask, '/t', 1, { limitMs: 60_000 })).toEqual(over);
});

test.each([
  { state: 'paused', roundsLeft: 3 },
  { state: 'idle', roundsLeft: 0 },
])('a round that will not begin is null: %j', async (task) =>
  expect(await endedRound(server({ '/t': [task], '/t/rounds': [[]] }), '/t', 1, atOnce)).toBeNull(),
);

test('a round or a score that does not come is given up with one sentence', async () => {
  const ask = server({
    '/t': [running],
    '/t/rounds': [[{ number: 1, outcome: null }]],
    '/t/checkpoints': [[{ version: 0, metrics: null }]],
  });
  await expect(endedRound(ask, '/t', 1, atOnce)).rejects.toThrow('Given up: round 1 has not ended after 0 s.');
  await expect(scoredCheckpoint(ask, '/t', 0, atOnce)).rejects.toThrow('Given up: version 0 has no score');
  await expect(scoredCheckpoint(ask, '/t', 7, atOnce)).rejects.toThrow('version 7');
});

test('a sign of life gives it more time', async () => {
  const over = { number: 1, outcome: 'committed' };
  const ask = server({ '/t': [running], '/t/rounds': [[], [], [over]] });
  // What was a moment ago is never longer ago than the limit.
  const patience = { limitMs: 50, lastSignMs: () => performance.now() };
  expect(await endedRound(ask, '/t', 1, patience)).toEqual(over);
});

test('a score is waited for', async () => {
  const scored = { version: 1, sha256: 'a', metrics: { accuracy: 0.5, loss: 1 } };
  const ask = server({ '/t/checkpoints': [[], [{ ...scored, metrics: null }], [scored]] });
  expect(await scoredCheckpoint(ask, '/t', 1)).toEqual(scored);
});
