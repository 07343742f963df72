import { expect, test } from 'vitest';
import { ManualClock } from '../../shared/fixtures/manual-clock.ts';
import { createLedWebhook, type LedWebhook } from './led.ts';
import type { Webhook } from './webhook.ts';

/** Processes that know which of them is the first; the others ask it. */
function processes(count: number) {
  const clock = new ManualClock();
  const state = {
    first: 0,
    url: null as string | null,
    started: [] as number[],
    open: new Set<number>(),
    waited: [] as number[],
  };
  const all: LedWebhook[] = Array.from({ length: count }, (_, place) => {
    const make = (): Webhook => ({
      async start() {
        state.started.push(place);
        state.open.add(place);
      },
      view: async () =>
        state.url === null ? null : { url: state.url, waiting: 0, failures: 0, problem: null, retryAt: null },
      async set(url) {
        state.url = url;
        return { ok: true, value: { url, secret: `of ${place}` } };
      },
      async clear() {
        state.url = null;
        return 'cleared';
      },
      async close() {
        state.open.delete(place);
      },
    });
    const lead = {
      isFirst: () => state.first === place,
      askFirst: async (name: string, args: readonly unknown[], withinMs: number) => {
        state.waited.push(withinMs);
        const answer = all[state.first]?.answer(name, args);
        if (answer === undefined) throw new Error('nobody answers');
        return answer;
      },
    };
    return createLedWebhook({ make, lead, clock, log: { warn: () => {}, error: () => {} } });
  });
  return { all, clock, state };
}

test('one process has the webhook, and the others ask it', async () => {
  const { all, state } = processes(3);
  await Promise.all(all.map((webhook) => webhook.start()));
  expect(state.started).toEqual([0]);
  expect(await all[2]?.set('https://a.example')).toEqual({
    ok: true,
    value: { url: 'https://a.example', secret: 'of 0' },
  });
  for (const webhook of all) expect(await webhook.view()).toMatchObject({ url: 'https://a.example' });
  await all[1]?.clear();
  expect(await all[0]?.view()).toBe(null);
});

test('it passes to whoever is the first then, and ends with the last', async () => {
  const { all, clock, state } = processes(2);
  await Promise.all(all.map((webhook) => webhook.start()));
  state.first = 1;
  clock.advance(1_000);
  await expect.poll(() => [...state.open]).toEqual([1]);
  expect(state.started).toEqual([0, 1]);
  await Promise.all(all.map((webhook) => webhook.close()));
  expect(state.open.size).toBe(0);
  clock.advance(10_000);
  expect(state.started).toEqual([0, 1]);
});

test('while nobody has it the others say so, and do not wait long for a view', async () => {
  const { all, state } = processes(3);
  await Promise.all(all.map((webhook) => webhook.start()));
  await all[1]?.set('https://a.example');
  state.first = 2; // it has not seen that yet
  state.waited.length = 0;
  expect(await all[1]?.view()).toBe('away');
  expect(await all[1]?.set('https://b.example')).toBe('away');
  expect(await all[1]?.clear()).toBe('away');
  expect(state.waited).toEqual([2_000, 8_000, 8_000]);
  expect(await all[0]?.view()).toMatchObject({ url: 'https://a.example' });
});
