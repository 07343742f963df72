import { Redis } from 'ioredis';
import type { Bus, BusListener, ProcessId } from './bus.ts';
import { readEnvelope, receiving } from './envelope.ts';

export interface RedisBusOptions {
  readonly url: string;
  readonly self: ProcessId;
  /** What the processes of one database have in common: two of them may use one Redis. */
  readonly cluster: string;
  readonly log: { warn(fields: Readonly<Record<string, unknown>>, message: string): void };
}

/** Words that a process may be behind before it misses some; each is a few hundred bytes. */
const KEPT_WORDS = 10_000;
/** How long one question for new words waits. */
const BLOCK_MS = 2_000;
/** A question that has no answer after this long goes to a connection that is dead. */
const SILENT_MS = 3 * BLOCK_MS;
/** Words on their way to Redis; more are lost, and those who listen are told. */
const WAITING_WORDS = 5_000;
const RETRY_MS = 250;

/**
 * A bus on one Redis stream. The stream holds a few thousand words and nothing else: emptied, or Redis started anew, only
 * the words under way are lost. While Redis is away words wait, up to a number.
 */
export async function redisBus({ url, self, cluster, log }: RedisBusOptions): Promise<Bus> {
  const stream = `fedtab:${cluster}:bus`;
  const options = {
    ...{ lazyConnect: true, connectTimeout: 5_000, socketTimeout: SILENT_MS },
    ...{ retryStrategy: () => RETRY_MS, maxRetriesPerRequest: null },
  };
  const writer = new Redis(url, { ...options, enableAutoPipelining: true });
  const reader = new Redis(url, options);
  let isAway = false;
  let isClosed = false;
  for (const connection of [writer, reader]) {
    connection.on('error', (error: Error) => {
      if (isAway || isClosed) return;
      isAway = true;
      log.warn({ err: error }, 'Redis is away: words between processes wait');
    });
    connection.on('ready', () => {
      isAway = false;
    });
  }
  let listener: BusListener | null = null;
  let number = 0;
  let waiting = 0;
  const receive = receiving(self, () => listener);

  try {
    await Promise.all([writer.connect(), reader.connect()]);
  } catch (error) {
    writer.disconnect();
    reader.disconnect();
    throw new Error(`Redis cannot be reached: ${error instanceof Error ? error.message : String(error)}`);
  }
  const [last] = await writer.xrevrange(stream, '+', '-', 'COUNT', 1);
  const reading = read(last?.[0] ?? '0-0');

  async function read(from: string): Promise<void> {
    let offset = from;
    while (!isClosed) {
      let found: Awaited<ReturnType<typeof reader.xread>>;
      try {
        found = await reader.xread('COUNT', 1_000, 'BLOCK', BLOCK_MS, 'STREAMS', stream, offset);
      } catch {
        // The connection is made anew; what was added meanwhile is read then.
        if (!isClosed) await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
        continue;
      }
      for (const [id, fields] of found?.[0]?.[1] ?? []) {
        offset = id;
        const envelope = readEnvelope(fields[1] ?? '');
        if (envelope !== null) tell(envelope);
      }
    }
  }

  function tell(envelope: Parameters<typeof receive>[0]): void {
    try {
      receive(envelope);
    } catch (error) {
      log.warn({ err: error, from: envelope.from }, 'a word of another process could not be dealt with');
    }
  }

  return {
    self,
    send(message, to) {
      // It has a number also if it does not get out: so it is missed.
      number += 1;
      if (isClosed || waiting >= WAITING_WORDS) return;
      waiting += 1;
      const text = JSON.stringify({ from: self, ...(to === undefined ? {} : { to }), number, message });
      writer
        .xadd(stream, 'MAXLEN', '~', KEPT_WORDS, '*', 'word', text)
        .catch(() => {})
        .finally(() => {
          waiting -= 1;
        });
    },
    listen(next) {
      listener = next;
    },
    async close() {
      isClosed = true;
      listener = null;
      // What was said last still goes out, if Redis takes it at once.
      const end = writer.status === 'ready' ? writer.quit().catch(() => {}) : undefined;
      await Promise.race([end, new Promise((resolve) => setTimeout(resolve, 1_000).unref())]);
      writer.disconnect();
      reader.disconnect();
      await reading;
    },
  };
}
