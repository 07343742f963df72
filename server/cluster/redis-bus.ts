import { Redis } from 'ioredis';
import type { Bus, BusListener, ProcessId } from './bus.ts';
import { Echo } from './echo.ts';
import { ENVELOPE_CHARACTERS, readEnvelope, receiving } from './envelope.ts';
import { KeptWords } from './kept-words.ts';

export interface RedisBusOptions {
  readonly url: string;
  readonly self: ProcessId;
  /** What the processes of one database have in common: two of them may use one Redis. */
  readonly cluster: string;
  readonly log: { warn(fields: Readonly<Record<string, unknown>>, message: string): void };
}

/**
 * Words that a process may be behind before it misses some; most are a few hundred bytes. By both numbers the stream takes some
 * 20 MB of Redis, whatever is said.
 */
const KEPT = { words: 10_000, characters: 16 * 2 ** 20 };
/** How long one question for new words waits. */
const BLOCK_MS = 2_000;
/** A question that has no answer after this long goes to a connection that is dead. */
const SILENT_MS = 3 * BLOCK_MS;
/** Words on their way to Redis; more are lost, and those who listen are told. */
const WAITING_WORDS = 5_000;
const RETRY_MS = 250;

/**
 * A bus on one Redis stream. The stream holds a few thousand words and nothing else: emptied, or Redis started anew, only
 * the words under way are lost. While Redis is away words wait, up to a number. From Redis 6.2 on.
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
  const echo = new Echo(() => performance.now());
  const kept = new KeptWords(KEPT);

  try {
    await Promise.all([writer.connect(), reader.connect()]);
  } catch (error) {
    writer.disconnect();
    reader.disconnect();
    throw new Error(`Redis cannot be reached: ${error instanceof Error ? error.message : String(error)}`);
  }
  const [last] = await writer.xrevrange(stream, '+', '-', 'COUNT', 1);
  // How long those are that are there is not known here; whoever heard them knows.
  await writer.xtrim(stream, 'MAXLEN', '~', KEPT.words);
  void read(last?.[0] ?? '0-0');

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
        const [, text = ''] = fields;
        kept.add(id, text.length);
        const envelope = readEnvelope(text);
        if (envelope?.from === self) echo.back(envelope.number);
        if (envelope !== null) tell(envelope);
      }
      if (found === null && echo.isMissing() && (await isPast(offset))) {
        offset = '0-0';
        kept.clear();
      }
    }
  }

  /** Ids are times: a stream that begins anew while the clock of Redis is set back has lower ones than it had, which nobody would read. */
  async function isPast(offset: string): Promise<boolean> {
    const [newest] = await reader.xrevrange(stream, '+', '-', 'COUNT', 1).catch(() => []);
    return newest !== undefined && timeOf(newest[0]) < timeOf(offset);
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
      echo.said(number);
      if (isClosed || waiting >= WAITING_WORDS) return;
      const text = JSON.stringify({ from: self, ...(to === undefined ? {} : { to }), number, message });
      if (text.length > ENVELOPE_CHARACTERS) {
        log.warn(
          { characters: text.length },
          'a word to other processes is too long, and lost: clients will be asked to come back',
        );
        return;
      }
      waiting += 1;
      writer
        .xadd(stream, 'MINID', '~', kept.oldest(), '*', 'word', text)
        .catch(() => {})
        .finally(() => {
          waiting -= 1;
        });
    },
    listen(next) {
      listener = next;
    },
    isSilent: () => echo.isMissing(),
    async close() {
      isClosed = true;
      listener = null;
      // What was said last still goes out, if Redis takes it at once.
      const end = writer.status === 'ready' ? writer.quit().catch(() => {}) : undefined;
      await Promise.race([end, new Promise((resolve) => setTimeout(resolve, 1_000).unref())]);
      writer.disconnect();
      // Nor is its question waited for: of one that was under way when Redis went, ioredis says nothing any more.
      reader.disconnect();
    },
  };
}

const timeOf = (id: string): number => Number(id.split('-')[0]);
