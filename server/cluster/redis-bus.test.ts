import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Bus } from './bus.ts';
import { busContract } from './bus-contract.ts';
import { RedisServer } from './fixtures/redis.ts';
import { redisBus } from './redis-bus.ts';

let redis: RedisServer;
let cluster = 0;
const buses: Bus[] = [];
const log = { warn: () => {} };
/** On a busy machine; nothing is promised by it. */
const WITHIN_MS = 10_000;

beforeAll(async () => {
  redis = await RedisServer.open();
});
afterAll(() => redis.dispose());
beforeEach(() => {
  cluster += 1;
});
afterEach(async () => {
  await Promise.all(buses.splice(0).map((bus) => bus.close()));
});

async function join(self: string, url = redis.url): Promise<Bus> {
  const bus = await redisBus({ url, self, cluster: String(cluster), log });
  buses.push(bus);
  return bus;
}

describe('over Redis', () =>
  busContract(
    (names) => Promise.all(names.map((name) => join(name))),
    async (busy) => {
      // What is no stream takes no word.
      const failed = async () =>
        /cmdstat_xadd:.*failed_calls=(\d+)/.exec(String(await redis.command('INFO', 'all')))?.[1];
      const before = await failed();
      await redis.command('SET', `fedtab:${cluster}:bus`, 'no stream');
      busy();
      await vi.waitFor(async () => expect(await failed()).not.toBe(before), WITHIN_MS);
      await redis.command('DEL', `fedtab:${cluster}:bus`);
    },
  ));

it('goes on after Redis was emptied, killed and started again', async () => {
  const [a, b] = [await join('a'), await join('b')];
  const words: unknown[] = [];
  b.listen({ message: (_, word) => void words.push(word), lost: () => {} });
  const goesThrough = (word: string) =>
    vi.waitFor(
      () => {
        a.send(word);
        expect(words).toContain(word);
      },
      { timeout: WITHIN_MS, interval: 100 },
    );
  await goesThrough('before');
  await redis.command('FLUSHALL');
  await goesThrough('after FLUSHALL');
  await redis.kill();
  a.send('while it is away');
  await redis.start();
  await goesThrough('after a restart');
});

it('words wait while Redis is silent, and come in order', async () => {
  const [a, b] = [await join('a'), await join('b')];
  const words: unknown[] = [];
  b.listen({ message: (_, word) => void words.push(word), lost: (from) => void words.push(`lost of ${from}`) });
  a.send(0);
  await vi.waitFor(() => expect(words).toEqual([0]), WITHIN_MS);
  await vi.waitFor(() => expect(a.isSilent()).toBe(false), WITHIN_MS);
  redis.signal('SIGSTOP');
  for (let word = 1; word <= 20; word++) a.send(word);
  await vi.waitFor(() => expect(a.isSilent()).toBe(true), WITHIN_MS);
  redis.signal('SIGCONT');
  await vi.waitFor(() => expect(words).toHaveLength(21), WITHIN_MS);
  await vi.waitFor(() => expect(a.isSilent()).toBe(false), WITHIN_MS);
  expect(words).toEqual(Array.from({ length: 21 }, (_, word) => word));
});

it('the stream is kept short by its bytes, however long words are, and none of them is lost to who reads', async () => {
  const [a, b] = [await join('a'), await join('b')];
  const heard: unknown[] = [];
  b.listen({ message: (_, word) => void heard.push((word as unknown[])[0]), lost: () => void heard.push('lost') });
  const long = 'x'.repeat(1_000_000);
  for (let word = 0; word < 24; word++) {
    a.send([word, long]);
    await vi.waitFor(() => expect(heard).toHaveLength(word + 1), WITHIN_MS);
  }
  expect(heard).toEqual(Array.from({ length: 24 }, (_, word) => word));
  const bytes = Number(await redis.command('MEMORY', 'USAGE', `fedtab:${cluster}:bus`, 'SAMPLES', '0'));
  expect(bytes).toBeGreaterThan(10 * 2 ** 20);
  expect(bytes).toBeLessThan(20 * 2 ** 20);
}, 60_000);

it('who joins takes nothing from those who are behind: what was said before stays until it is too much', async () => {
  const a = await join('a');
  for (let word = 0; word < 1_000; word++) a.send(word);
  const length = async () => Number(await redis.command('XLEN', `fedtab:${cluster}:bus`));
  await vi.waitFor(async () => expect(await length()).toBe(1_000));
  const b = await join('b');
  const words: unknown[] = [];
  b.listen({ message: (_, word) => void words.push(word), lost: () => {} });
  a.send('one');
  await vi.waitFor(() => expect(words).toEqual(['one']));
  b.send('two');
  a.send('three');
  await vi.waitFor(() => expect(words).toContain('three'));
  expect(await length()).toBe(1_003);
});

it('goes on where the clock of Redis was set back while the stream began anew', async () => {
  const [a, b] = [await join('a'), await join('b')];
  const words: unknown[] = [];
  b.listen({ message: (_, word) => void words.push(word), lost: () => {} });
  a.send('before');
  await vi.waitFor(() => expect(words).toEqual(['before']), WITHIN_MS);
  // As if it had been an hour later.
  const [seconds] = (await redis.command('TIME')) as [string];
  await redis.command('XADD', `fedtab:${cluster}:bus`, `${Number(seconds) + 3_600}000-0`, 'word', '{}');
  a.send('at that time');
  await vi.waitFor(() => expect(words).toContain('at that time'), WITHIN_MS);
  await redis.command('FLUSHALL');
  await vi.waitFor(
    () => {
      a.send('after');
      b.send('after');
      expect(words).toContain('after');
    },
    { timeout: 15_000, interval: 200 },
  );
});

it('where Redis has no memory left it forgets the stream, and words go on', async () => {
  const [a, b] = [await join('a'), await join('b')];
  let heard = 0;
  b.listen({ message: () => void heard++, lost: () => {} });
  await redis.command('FLUSHALL');
  const [, used] = /used_memory:(\d+)/.exec(String(await redis.command('INFO', 'memory'))) ?? [];
  await redis.command('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru');
  await redis.command('CONFIG', 'SET', 'maxmemory', String(Number(used) + 3_000_000));
  const isHeard = async (): Promise<void> => {
    const before = heard;
    a.send('x'.repeat(100_000));
    await vi.waitFor(() => expect(heard).toBeGreaterThan(before), { timeout: 2_000, interval: 5 });
  };
  try {
    for (let word = 0; word < 60; word++) await isHeard().catch(isHeard);
    expect(String(await redis.command('INFO', 'stats'))).toMatch(/evicted_keys:[1-9]/);
  } finally {
    await redis.command('CONFIG', 'SET', 'maxmemory', '0');
  }
});

it('ends in a moment also while Redis is away', async () => {
  const said: string[] = [];
  const here = { url: redis.url, self: 'a', cluster: String(cluster) };
  const a = await redisBus({ ...here, log: { warn: (_, message) => void said.push(message) } });
  const isAsking = async () => String(await redis.command('CLIENT', 'LIST')).includes('cmd=xread');
  await vi.waitFor(async () => expect(await isAsking()).toBe(true), WITHIN_MS);
  await redis.kill();
  try {
    await vi.waitFor(() => expect(said).toContain('Redis is away: words between processes wait'), WITHIN_MS);
    a.send('nobody takes this');
    await a.close();
  } finally {
    await redis.start();
  }
});

it('says where Redis cannot be reached', async () => {
  await expect(join('a', 'redis://127.0.0.1:1')).rejects.toThrow('Redis cannot be reached');
});
