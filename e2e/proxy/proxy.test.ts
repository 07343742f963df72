import { readFileSync } from 'node:fs';
import { request as plainRequest } from 'node:http';
import { request as secureRequest } from 'node:https';
import { type ConnectionOptions, connect as connectSecure } from 'node:tls';
import { io } from 'socket.io-client';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type RunningServer, startServer } from '../fixtures/server.ts';
import { type RunningProxy, startProxy } from './haproxy.ts';

let server: RunningServer;
let proxy: RunningProxy;
let ca: string;

beforeAll(async () => {
  server = await startServer({
    env: { FEDTAB_TRUSTED_PROXIES: '1', FEDTAB_PUBLIC_URL: 'https://localhost', FEDTAB_MAX_PER_ADDRESS: '20' },
  });
  proxy = await startProxy([server.port]);
  ca = readFileSync(proxy.caFile, 'utf8');
}, 120_000);
afterAll(async () => {
  proxy?.dispose();
  await server?.dispose();
});

/** Status and headers of an answer; the status is 0 where nobody listens. */
async function ask(url: string, headers: Readonly<Record<string, string>> = {}) {
  const send = url.startsWith('https:') ? secureRequest : plainRequest;
  return new Promise<{ status: number; headers: NodeJS.Dict<string | string[]> }>((resolve) => {
    send(url, { ca, headers, agent: false }, (answer) => {
      answer.resume();
      resolve({ status: answer.statusCode ?? 0, headers: answer.headers });
    })
      .once('error', () => resolve({ status: 0, headers: {} }))
      .end();
  });
}
const statusOf = async (url: string): Promise<number> => (await ask(url)).status;

it('serves over TLS with HSTS, sends pages that were asked for by plain http there and refuses calls, and keeps the figures to itself', async () => {
  const page = await ask(`${proxy.secureUrl}/`);
  expect(page.status).toBe(200);
  expect(page.headers['strict-transport-security']).toMatch(/max-age=\d{7,}/);
  expect(await statusOf(`${proxy.secureUrl}/metrics`)).toBe(404);
  const plain = await ask(`${proxy.plainUrl}/contribute/digits`);
  expect(plain.status).toBe(308);
  expect(plain.headers['location']).toMatch(/^https:.*\/contribute\/digits$/);
  expect(await statusOf(`${proxy.plainUrl}/api/tasks`)).toBe(403);
});

/** The protocol and cipher that both agree on, or null. */
const agreed = (options: ConnectionOptions): Promise<string | null> =>
  new Promise((resolve) => {
    const socket = connectSecure({
      host: 'localhost',
      port: proxy.securePort,
      ca,
      servername: 'localhost',
      ...options,
    });
    socket.once('secureConnect', () => {
      resolve(`${socket.getProtocol()} ${socket.getCipher().name}`);
      socket.destroy();
    });
    socket.once('error', () => resolve(null));
  });

it('speaks TLS 1.3 and 1.2 with forward secrecy, and nothing older or weaker', async () => {
  expect(await agreed({})).toMatch(/^TLSv1\.3 /);
  expect(await agreed({ maxVersion: 'TLSv1.2' })).toMatch(/^TLSv1\.2 ECDHE-ECDSA-(AES\d+-GCM|CHACHA20)/);
  const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
  expect(await agreed(old)).toBeNull();
  expect(await agreed({ maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-SHA256' })).toBeNull();
});

it('threat C10: sockets pass the proxy, and each is counted for the address it comes from, whatever it says of itself', async () => {
  await server.adminJson('/api/tasks', { body: { template: 'digits', id: 'behind', title: 'Behind a proxy' } });
  const socketOf = (forwarded: string) =>
    io(proxy.secureUrl, {
      ...{ transports: ['websocket'], query: { task: 'behind' }, reconnection: false, forceNew: true },
      ...{ ca, extraHeaders: { 'X-Forwarded-For': forwarded, Origin: 'https://localhost' } },
    });
  const sockets = Array.from({ length: 40 }, (_, number) => socketOf(`203.0.113.${number}`));
  try {
    const outcomes = await Promise.all(
      sockets.map(
        (socket) =>
          new Promise<string>((resolve) => {
            socket.io.engine.once('open', () => resolve('open'));
            socket.io.engine.once('close', (reason: string) => resolve(reason));
          }),
      ),
    );
    const opened = outcomes.filter((outcome) => outcome === 'open').length;
    expect(opened).toBeGreaterThan(0);
    // So many one address may have. By what they say of themselves all of them would be in.
    expect(opened).toBeLessThanOrEqual(20);
  } finally {
    for (const socket of sockets) socket.disconnect();
  }
});

it('a server that ends gets nothing new: the proxy says that nobody is there', async () => {
  expect(await server.stop()).toBe(0);
  await expect.poll(() => statusOf(proxy.healthUrl), { timeout: 20_000 }).toBe(503);
  expect(await statusOf(`${proxy.secureUrl}/`)).toBe(503);
});
