import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Bus } from './bus.ts';
import { busContract } from './bus-contract.ts';
import { RedisServer } from './fixtures/redis.ts';
import { redisBus } from './redis-bus.ts';

let redis: RedisServer;
let cluster = 0;
const buses: Bus[] = [];
const log = { warn: () => {} };

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
      await vi.waitFor(async () => expect(await failed()).not.toBe(before));
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
      { timeout: 10_000, interval: 100 },
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
  await vi.waitFor(() => expect(words).toEqual([0]));
  redis.signal('SIGSTOP');
  for (let word = 1; word <= 20; word++) a.send(word);
  redis.signal('SIGCONT');
  await vi.waitFor(() => expect(words).toHaveLength(21), 10_000);
  expect(words).toEqual(Array.from({ length: 21 }, (_, word) => word));
});

it('says where Redis cannot be reached', async () => {
  await expect(join('a', 'redis://127.0.0.1:1')).rejects.toThrow('Redis cannot be reached');
});
