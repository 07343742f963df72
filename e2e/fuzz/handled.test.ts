import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type Handled, handledIn, longestMs, tooLong, tooLongAgain } from './handled.ts';

const of = (kind: Handled['kind'], messages: number, ms: number): Handled => ({ kind, what: 'a', messages, ms });

test('a long handler is too long, and a long stretch of one message; one with several may be many short ones', () => {
  const long = [of('handler', 1, 51), of('stretch', 1, 51), of('stretch', 0, 51)];
  const nobodys = { ...of('stretch', 0, 80), what: null };
  expect(tooLong([...long, of('handler', 1, 50), of('stretch', 2, 400), nobodys])).toEqual(long);
});

test('what is too long again is of the same kind and name', () => {
  const before = [of('handler', 1, 60), of('stretch', 1, 70)];
  expect(tooLongAgain(before, [of('stretch', 1, 55), { ...of('handler', 1, 90), what: 'b' }])).toEqual([before[1]]);
});

test('lines of the log are read, and the longest of each kind found', () => {
  const log = `{"level":"error"}\nhandled ${JSON.stringify(of('handler', 1, 21))}\nhandled ${JSON.stringify(of('stretch', 3, 99))}\n`;
  const handled = handledIn(log);
  expect(handled).toEqual([of('handler', 1, 21), of('stretch', 3, 99)]);
  expect([longestMs(handled, 'handler'), longestMs(handled, 'stretch'), longestMs([], 'handler')]).toEqual([21, 99, 0]);
});

/** A server that answers itself: `/work` keeps the main thread at it, `/later` after a pause, `/wait` does nothing for as long. */
const slowServer = `
import { createServer } from 'node:http';
const until = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const worked = () => process.cpuUsage().user / 1_000;
const work = (ms) => { const from = worked(); while (worked() - from < ms); };
const server = createServer(async ({ url }, response) => {
  if (url === '/work') work(100);
  if (url === '/body') await new Promise((resolve) => response.req.on('end', () => { work(100); resolve(); }).resume());
  if (url === '/later') { await until(10); work(100); }
  if (url === '/wait') await until(200);
  if (url === '/held') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
  if (url === '/collected') for (const end = worked() + 200; worked() < end; ) gc();
  response.end();
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));`;

/** What is said of a server that is asked for these one after the other, once it has started. */
async function said(
  ...orders: readonly (readonly [path: string, options?: RequestInit])[]
): Promise<readonly Handled[]> {
  const watching = join(import.meta.dirname, 'watching.mjs');
  const args = ['--expose-gc', '--import', watching, '--input-type=module', '--eval', slowServer];
  const server = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let log = '';
  server.stderr.setEncoding('utf8').on('data', (text: string) => {
    log += text;
  });
  const [port] = (await once(server.stdout.setEncoding('utf8'), 'data')) as [string];
  const ask = async (path: string, options?: RequestInit) =>
    (await fetch(`http://127.0.0.1:${port.trim()}${path}`, options)).text();
  await ask('/wait');
  const from = log.length;
  for (const [path, options] of orders) await ask(path, options);
  // What is said of the last comes turns later.
  await ask('/wait');
  const closed = once(server, 'close');
  server.kill();
  await closed;
  return tooLong(handledIn(log.slice(from)));
}

test('a handler that works for long is found by its name, at once, with its body, and after a pause', async () => {
  const slow = await said(['/work'], ['/body', { method: 'POST', body: 'x' }], ['/later']);
  expect(slow.map(({ kind, what }) => `${kind} ${what}`)).toEqual(
    expect.arrayContaining(['handler request GET /work', 'handler body of POST /body']),
  );
  expect(slow.filter(({ kind }) => kind === 'stretch')).toHaveLength(3);
  expect(slow.at(-1)).toMatchObject({ kind: 'stretch', what: expect.stringContaining('GET /later') });
});

test('neither waiting, nor standing still, nor a collection of garbage is a handler that works', async () => {
  expect(await said(['/wait'], ['/held'], ['/collected'])).toEqual([]);
});
