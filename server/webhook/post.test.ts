import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ManualClock } from '../../shared/fixtures/manual-clock.ts';
import { LIMITS } from '../../shared/limits.ts';
import { systemClock } from '../clock.ts';
import { selfSignedPair } from '../http/tls.ts';
import { Receiver } from './fixtures/receiver.ts';
import { createPost, type PostOptions } from './post.ts';

let receiver: Receiver;
beforeEach(async () => {
  receiver = await Receiver.start();
});
afterEach(() => receiver.close());

const never = new AbortController().signal;
const postTo = (url: string, options: Partial<PostOptions> = {}, signal = never) =>
  createPost({ allowed: [receiver.host], clock: systemClock, ...options })(
    url,
    { 'webhook-id': 'a' },
    '{"ä":1}',
    signal,
  );
const noLookup = () => Promise.reject(new Error('looked up'));

test('a body arrives whole, with its headers', async () => {
  expect(await postTo(`http://${receiver.host}/a/b?c=d`)).toEqual({ ok: true, status: 204 });
  expect(receiver.received).toEqual([
    {
      method: 'POST',
      path: '/a/b?c=d',
      body: '{"ä":1}',
      headers: expect.objectContaining({
        host: receiver.host,
        'content-type': 'application/json',
        'content-length': '8',
        'webhook-id': 'a',
        connection: 'close',
      }),
    },
  ]);
});

test('threat C16: a redirect is not followed, wherever it leads', async () => {
  const inside = await Receiver.start();
  receiver.answer = (response) => void response.writeHead(307, { location: `http://${inside.host}/` }).end();
  expect(await postTo(`http://${receiver.host}/`, { allowed: [receiver.host, inside.host] })).toMatchObject({
    ok: false,
    status: 307,
    problem: expect.stringContaining('redirects'),
  });
  expect([receiver.received.length, inside.received.length]).toEqual([1, 0]);
  await inside.close();
});

test.each([400, 404, 410, 429, 500])('%i is no success', async (status) => {
  receiver.answer = (response) => void response.writeHead(status).end('no');
  expect(await postTo(`http://${receiver.host}/`)).toEqual({ ok: false, status, problem: `it answered ${status}` });
});

describe('threat C16: nothing is sent', () => {
  test.each([
    ['by http to whom nobody allowed', (host: string) => `http://${host}/`, []],
    ['to this machine', (host: string) => `https://${host}/`, []],
    ['to this machine by a mapped address', (host: string) => `https://[::ffff:${host.replace(':', ']:')}/`, []],
    ['to another port than is allowed', (host: string) => `http://${host}/`, ['127.0.0.1:1']],
  ])('%s', async (_, url, allowed) => {
    expect(await postTo(url(receiver.host), { allowed, resolve: noLookup })).toMatchObject({ ok: false, status: null });
    expect(receiver.received).toEqual([]);
  });

  test('to a name that led outside when it was set, and leads inside now', async () => {
    const answers = [['93.184.216.34'], ['127.0.0.1']];
    const resolve = async () => answers.shift() ?? [];
    await resolve();
    expect(await postTo(`https://hooks.example:${receiver.port}/`, { resolve })).toMatchObject({
      ok: false,
      status: null,
      problem: expect.stringContaining('no public one'),
    });
    expect(receiver.received).toEqual([]);
  });
});

test('threat C16: the connection goes to the address that was looked up, once; certificate and Host are those of the name', async () => {
  const pair = await selfSignedPair(mkdtempSync(join(tmpdir(), 'fedtab-tls-')), 'hooks.example', systemClock);
  const secure = await Receiver.start(pair);
  let lookups = 0;
  const resolve = async () => {
    lookups += 1;
    return ['127.0.0.1'];
  };
  const options = { allowed: ['hooks.example', 'other.example'], resolve, ca: pair.cert };
  expect(await postTo(`https://hooks.example:${secure.port}/`, options)).toEqual({ ok: true, status: 204 });
  expect([lookups, secure.received[0]?.headers.host]).toEqual([1, `hooks.example:${secure.port}`]);
  // The same machine under a name that its certificate has not.
  expect(await postTo(`https://other.example:${secure.port}/`, options)).toMatchObject({
    ok: false,
    problem: expect.stringContaining('ERR_TLS_CERT_ALTNAME_INVALID'),
  });
  expect(await postTo(`https://hooks.example:${secure.port}/`, { ...options, ca: undefined as never })).toMatchObject({
    ok: false,
    status: null,
  });
  await secure.close();
});

test('threat C16: of an endless answer a few kilobytes are read', async () => {
  let written = 0;
  const ended = new Promise<void>((resolve) => {
    receiver.answer = (response) => {
      response.writeHead(200).on('close', resolve);
      const more = (): void => {
        while (!response.destroyed) {
          written += 1_000;
          if (!response.write('x'.repeat(1_000))) return void response.once('drain', more);
        }
      };
      more();
    };
  });
  expect(await postTo(`http://${receiver.host}/`)).toEqual({ ok: true, status: 200 });
  await ended;
  expect(written).toBeLessThan(64 * 1024 * 1024);
});

describe('threat C16: whoever does not answer', () => {
  test('costs ten seconds', async () => {
    const clock = new ManualClock();
    const came = new Promise<void>((resolve) => {
      receiver.answer = () => resolve();
    });
    const answer = postTo(`http://${receiver.host}/`, { clock });
    await came;
    clock.advance(LIMITS.webhookAnswerMs);
    expect(await answer).toEqual({ ok: false, status: null, problem: 'it took too long' });
    expect(clock.waiting).toBe(0);
  });

  test('by name, neither', async () => {
    const clock = new ManualClock();
    const answer = postTo('https://hooks.example/', { clock, resolve: () => new Promise(() => {}) });
    clock.advance(LIMITS.webhookAnswerMs);
    expect(await answer).toEqual({ ok: false, status: null, problem: 'it took too long' });
  });

  test('holds up no end of the server', async () => {
    const over = new AbortController();
    const came = new Promise<void>((resolve) => {
      receiver.answer = () => resolve();
    });
    const answer = postTo(`http://${receiver.host}/`, {}, over.signal);
    await came;
    over.abort();
    expect(await answer).toMatchObject({ ok: false, status: null });
  });
});

test('whoever is not there, hangs up or speaks something else: no answer, and no more than that', async () => {
  const strange = createServer(
    (socket) => void socket.on('error', () => {}).once('data', () => socket.end('NONSENSE\r\n\r\n')),
  );
  await once(strange.listen(0, '127.0.0.1'), 'listening');
  const { port } = strange.address() as { port: number };
  const allowed = ['127.0.0.1'];
  expect(await postTo(`http://127.0.0.1:${port}/`, { allowed })).toMatchObject({ ok: false, status: null });
  receiver.answer = (response) =>
    void response.writeHead(200, { 'content-length': '10' }).write('cut', () => response.destroy());
  expect(await postTo(`http://${receiver.host}/`)).toMatchObject({ ok: false, status: null });
  await new Promise((resolve) => strange.close(resolve));
  expect(await postTo(`http://127.0.0.1:${port}/`, { allowed })).toEqual({
    ok: false,
    status: null,
    problem: 'it could not be reached (ECONNREFUSED)',
  });
});
