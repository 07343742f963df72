import { readFile, writeFile } from 'node:fs/promises';
import { memoryOf } from '../bench/server-figures.ts';
import { tableOf } from '../bench/table.ts';
import { join } from '../conformance/minimal-client.ts';
import { heldBytes } from '../fixtures/held-memory.ts';
import type { RunningServer } from '../fixtures/server.ts';

/** For each kind of message: sent so often on so many sockets, below what a socket may send in a second; and alone so often. */
const MESSAGES = 200;
const SOCKETS = 5;
const ALONE = 10;
const SIZE = 1_000;
/** What any message of at most `SIZE` bytes may cost. */
const MOST_MS = 5;
const MOST_BYTES = 1_000_000;

const token = 'a1'.repeat(16);
const metrics = { lossBefore: null, lossAfter: null, accuracyBefore: null, accuracyAfter: null, trainingMs: 0 };
const filled = (make: (count: number) => string): unknown => {
  let count = 1;
  while (make(count + 1).length <= SIZE) count += 1;
  return JSON.parse(make(count));
};
const objectOf = (key: (at: number) => string) => (count: number) =>
  `{${Array.from({ length: count }, (_, at) => `"${key(at)}":0`).join(',')}}`;

/** Messages of a kilobyte that ask the most of who reads them. */
const KINDS: Readonly<Record<string, readonly [event: string, ...args: unknown[]]>> = {
  'check-in': ['check-in', { examples: 1, backend: 'cpu', held: null }],
  'check-out': ['check-out', {}],
  resume: ['resume', { token }],
  'report-begin': ['report-begin', { token, bytes: 1_000, sha256: '0'.repeat(64), metrics }],
  'report-chunk': ['report-chunk', { token, index: 0, crc32: 0 }, Buffer.alloc(SIZE - 200)],
  'report-end': ['report-end', { token }],
  forget: ['forget', {}],
  'no such event': ['x'.repeat(SIZE - 50), {}],
  'deep arrays': ['check-in', filled((count) => `${'['.repeat(count)}${']'.repeat(count)}`)],
  'deep objects': ['check-in', filled((count) => `${'{"a":'.repeat(count)}1${'}'.repeat(count)}`)],
  'many keys': ['check-in', filled(objectOf((at) => `k${at}`))],
  'numbers for keys': ['check-in', filled(objectOf((at) => `${2 ** 31 - at}`))],
  'many numbers': ['check-in', filled((count) => `[${Array(count).fill('1e9').join(',')}]`)],
  'a long token': ['resume', { token: 'a'.repeat(SIZE - 50) }],
};

/**
 * What each kind costs the server's main thread, and its memory: the mean of many, and the most that one alone took; and the
 * kinds that cost more than they may.
 */
export async function costs(server: RunningServer, task: string) {
  const rows: string[][] = [];
  const tooMuch: string[] = [];
  for (const [name, [event, ...args]] of Object.entries(KINDS)) {
    const ask = async (count: number, isAtOnce: boolean): Promise<void> => {
      const { socket } = await join(server.url, task);
      const answers: Promise<unknown>[] = [];
      for (let at = 0; at < count; at++) {
        const answer = socket.timeout(20_000).emitWithAck(event, ...args);
        answers.push(answer);
        if (!isAtOnce) await answer;
      }
      await Promise.all(answers);
      socket.disconnect();
    };
    await ask(MESSAGES, true);
    const before = await workedMs(server.pid);
    for (let socket = 0; socket < SOCKETS; socket++) await ask(MESSAGES, true);
    const eachMs = ((await workedMs(server.pid)) - before) / (MESSAGES * SOCKETS);
    let mostBytes = 0;
    for (let time = 0; time < ALONE; time++) {
      await heldBytes(server);
      await writeFile(`/proc/${server.pid}/clear_refs`, '5');
      const { nowBytes } = await memoryOf(server.pid);
      await ask(1, false);
      mostBytes = Math.max(mostBytes, (await memoryOf(server.pid)).peakBytes - nowBytes);
    }
    if (eachMs > MOST_MS || mostBytes > MOST_BYTES) tooMuch.push(name);
    rows.push([name, `${eachMs.toFixed(3)} ms`, `${(mostBytes / 1e6).toFixed(2)} MB`]);
  }
  return { table: tableOf(['message', 'main thread, each', 'resident memory, one with its socket'], rows), tooMuch };
}

/** How long the main thread of a process was on a processor. Linux only. */
async function workedMs(pid: number): Promise<number> {
  return Number((await readFile(`/proc/${pid}/schedstat`, 'utf8')).split(' ')[0]) / 1e6;
}
