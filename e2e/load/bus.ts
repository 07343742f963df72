import { once } from 'node:events';
import { RedisServer } from '../../server/cluster/fixtures/redis.ts';
import { redisBus } from '../../server/cluster/redis-bus.ts';
import { seconds, whole } from '../bench/table.ts';
import { type Figure, figure } from './figure.ts';
import type { LoadOptions } from './stage.ts';

const WORDS = 50_000;
const LISTENERS = 3;
/** Words that are under way at a time: a bus that is full loses them. */
const AT_A_TIME = 500;

/** Words between processes, as many as Redis and one sender take: a check-in of a client elsewhere is two of them. */
export async function bus(_options: LoadOptions, say: (line: string) => void): Promise<readonly Figure[]> {
  const redis = await RedisServer.open();
  const log = { warn: (_: unknown, message: string) => say(message) };
  const open = (self: string) => redisBus({ url: redis.url, self, cluster: 'load', log });
  const [sender, ...listeners] = await Promise.all(
    ['sender', ...Array.from({ length: LISTENERS }, (_, at) => `listener ${at}`)].map(open),
  );
  try {
    if (sender === undefined) throw new Error('no bus');
    const progress = new EventTarget();
    const heard = listeners.map(() => 0);
    listeners.forEach((listener, at) => {
      listener.listen({
        message: () => {
          heard[at] = (heard[at] ?? 0) + 1;
          if ((heard[at] ?? 0) % AT_A_TIME === 0) progress.dispatchEvent(new Event('heard'));
        },
        lost: () => say('words were lost'),
      });
    });
    const word = { kind: 'call', id: 'abcdef0123456789/1', name: 'checkIn', args: ['0'.repeat(32), 'x'.repeat(220)] };
    const cpu = process.cpuUsage();
    const startedMs = performance.now();
    for (let sent = 0; sent < WORDS; sent += AT_A_TIME) {
      for (let one = 0; one < AT_A_TIME; one++) sender.send(word);
      while (heard.some((count) => count < sent + AT_A_TIME)) await once(progress, 'heard');
    }
    const tookMs = performance.now() - startedMs;
    const { user, system } = process.cpuUsage(cpu);
    return [
      figure('words of 350 bytes', WORDS, whole),
      figure('… heard by each of three', Math.min(...heard), whole),
      figure('words a second', (1_000 * WORDS) / tookMs, whole),
      figure('processor time of the sender and three listeners', (user + system) / 1_000, seconds),
    ];
  } finally {
    await Promise.all([sender, ...listeners].map((one) => one?.close()));
    await redis.dispose();
  }
}
