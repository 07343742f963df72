import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { json } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { LIMITS } from '../../shared/limits.ts';
import { type OpenHttp, openHttp, TOKEN } from './fixtures/open-http.ts';

let http: OpenHttp;
beforeEach(async () => {
  http = await openHttp();
});
afterEach(() => http.close());

const JSON_TYPE = { 'content-type': 'application/json' };

describe('threat C11: every error has one shape', () => {
  const bearer = { authorization: `Bearer ${TOKEN}` };
  test.each([
    ['an unknown route', { url: '/nothing/here' }, 404, 'not-found'],
    ['an unknown API route', { url: '/api/nothing' }, 404, 'not-found'],
    ['an unknown file', { url: '/assets/none-12345678.js' }, 404, 'not-found'],
    ['another method', { method: 'PUT', url: '/api/tasks', headers: bearer, payload: {} }, 404, 'not-found'],
    ['an address that does not decode', { url: '/weights/%zz' }, 400, 'syntax'],
    ['bad JSON', { method: 'POST', url: '/api/session', headers: JSON_TYPE, payload: '{"token":' }, 400, 'syntax'],
    [
      'a prototype in JSON',
      { method: 'POST', url: '/api/session', headers: JSON_TYPE, payload: '{"__proto__":{"a":1},"token":"x"}' },
      400,
      'syntax',
    ],
    [
      'no JSON',
      { method: 'POST', url: '/api/session', headers: { 'content-type': 'text/plain' }, payload: 'token' },
      415,
      'unsupported-media-type',
    ],
    [
      'a form',
      {
        method: 'POST',
        url: '/api/session',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        payload: 'token=x',
      },
      415,
      'unsupported-media-type',
    ],
    [
      'a large body',
      {
        method: 'POST',
        url: '/api/session',
        headers: JSON_TYPE,
        payload: JSON.stringify({ token: 'x'.repeat(1_100_000) }),
      },
      413,
      'too-large',
    ],
    ['no credential', { method: 'POST', url: '/api/tasks', payload: {} }, 401, 'unauthorized'],
    ['a wrong field', { method: 'POST', url: '/api/session', payload: { token: 5 } }, 422, 'invalid'],
  ] as const)('%s', async (_, request, status, code) => {
    const response = await http.app.inject(request as never);
    expect(response.statusCode).toBe(status);
    expect(response.headers['content-type']).toMatch(/^application\/json/);
    const { error, ...rest } = response.json();
    expect(rest).toEqual({});
    expect(error).toEqual({
      code,
      message: expect.any(String),
      ...(status === 422 ? { problems: [{ path: 'token', message: expect.any(String) }] } : {}),
    });
  });

  test.each([
    ['POST', '/api/session', 413],
    ['POST', '/nothing', 413],
    ['PUT', '/api/templates', 413],
    ['PUT', '/api/webhook', 401],
    ['POST', '/api/tasks/digits/rounds', 401],
    ['POST', '/api/tasks', 401],
  ] as const)('threat C8: %s %s reads no long body of who has no credential', async (method, url, status) => {
    const payload = { token: 'x'.repeat(8 * 1024) };
    expect((await http.app.inject({ method, url, payload })).statusCode).toBe(status);
    const asAdmin = await http.app.inject({ method, url, payload, headers: bearer });
    expect(asAdmin.statusCode).toBe(url === '/api/tasks' ? 422 : 413);
  });

  test.each([
    ['levels', `{"model":${'['.repeat(200_000)}`],
    ['fields', `{"template":"digits"${',"a":0'.repeat(30_000)}}`],
    ['values', `{"template":"digits","labels":[0${',0'.repeat(400_000)}]}`],
  ])('threat C8: a task of hundreds of thousands of %s is refused before it is parsed', async (_, payload) => {
    const headers = { ...bearer, 'content-type': 'application/json' };
    const response = await http.app.inject({ method: 'POST', url: '/api/tasks', headers, payload });
    expect([response.statusCode, response.json().error.code]).toEqual([413, 'too-large']);
  });

  test('our own fault: 500 with an id, the cause in the log only', async () => {
    const broken = await openHttp({
      storage: { rounds: { receipt: () => Promise.reject(new Error('the disk is on fire')) } } as never,
    });
    const response = await broken.app.inject(`/api/receipts/${'0'.repeat(32)}`);
    expect([response.statusCode, response.json().error.code]).toEqual([500, 'internal']);
    expect(response.body).not.toContain('fire');
    expect(broken.lines.join()).toContain('the disk is on fire');
    await broken.close();
  });

  test('bytes that are not HTTP', async () => {
    await http.app.listen({ port: 0, host: '127.0.0.1' });
    const socket = connect((http.app.server.address() as AddressInfo).port, '127.0.0.1');
    socket.write('NONSENSE\r\n\r\n');
    let answer = '';
    socket.setEncoding('utf8').on('data', (text: string) => {
      answer += text;
    });
    await once(socket, 'close');
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(JSON.parse(answer.split('\r\n\r\n')[1] ?? '').error.code).toBe('syntax');
  });

  test('threat C7: a packed body is not unpacked', async () => {
    const payload = gzipSync(JSON.stringify({ token: 'x'.repeat(1_000_000) }));
    expect(payload.length).toBeLessThan(2_000);
    const headers = { ...JSON_TYPE, 'content-encoding': 'gzip' };
    const response = await http.app.inject({ method: 'POST', url: '/api/session', headers, payload });
    expect([response.statusCode, response.json().error.code]).toEqual([400, 'syntax']);
  });

  test('threat C6: headers and bodies that do not come are waited for in seconds, and no more than so many at once', () => {
    const { headersTimeout, requestTimeout, keepAliveTimeout, maxHeadersCount, maxConnections } = http.app.server;
    expect({ headersTimeout, requestTimeout, keepAliveTimeout, maxHeadersCount, maxConnections }).toEqual({
      headersTimeout: 10_000,
      requestTimeout: 30_000,
      keepAliveTimeout: 75_000,
      maxHeadersCount: 64,
      maxConnections: LIMITS.connectionsCount,
    });
  });

  test('headers that are too long', async () => {
    await http.app.listen({ port: 0, host: '127.0.0.1' });
    const { port } = http.app.server.address() as AddressInfo;
    const response = await fetch(`http://127.0.0.1:${port}/healthz`, { headers: { 'x-long': 'x'.repeat(10_000) } });
    const { error } = (await response.json()) as { error: { code: string } };
    expect([response.status, error.code]).toEqual([431, 'too-large']);
  });
});

describe('health', () => {
  test('/healthz, /readyz and /metrics', async () => {
    expect((await http.app.inject('/healthz')).json()).toEqual({ status: 'ok' });
    expect((await http.app.inject('/readyz')).json()).toEqual({ status: 'ready' });
    const metrics = await http.app.inject('/metrics');
    expect(metrics.headers['content-type']).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(metrics.body).toContain('fedtab_http_requests_total{status="2xx"} 2');
  });

  test('while it drains: 503 with Retry-After for all but liveness and figures', async () => {
    http.setReadiness('draining');
    for (const url of ['/readyz', '/api/tasks', '/', '/nothing']) {
      const response = await http.app.inject(url);
      expect([response.statusCode, response.json().error.code]).toEqual([503, 'draining']);
    }
    expect((await http.app.inject('/api/tasks')).headers['retry-after']).toBe('5');
    expect((await http.app.inject('/healthz')).statusCode).toBe(200);
    expect((await http.app.inject('/metrics')).statusCode).toBe(200);
  });
});

describe('pages', () => {
  test.each([
    ['/', 'contribute', []],
    ['/contribute/digits', 'contribute', []],
    ['/admin', 'admin', ["require-trusted-types-for 'script'", "trusted-types 'none'"]],
  ])('threats C13 A2: %s is the %s page, under a strict policy', async (url, title, more) => {
    const response = await http.app.inject({ url, headers: { host: 'localhost:8080' } });
    expect(response.statusCode).toBe(200);
    expect(response.body).toContain(`<title>${title}</title>`);
    expect(response.headers['cache-control']).toBe('no-cache');
    const policy = String(response.headers['content-security-policy']);
    expect(policy.split(';').sort()).toEqual(
      [
        "default-src 'none'",
        "script-src 'self' 'wasm-unsafe-eval'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "font-src 'self'",
        "media-src 'self' blob:",
        "connect-src 'self' ws://localhost:8080 wss://localhost:8080",
        "worker-src 'self' blob:",
        "manifest-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "object-src 'none'",
        "frame-ancestors 'none'",
        ...more,
      ].sort(),
    );
    expect(response.headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
      'cross-origin-opener-policy': 'same-origin',
    });
    expect(response.headers['strict-transport-security']).toBe(undefined);
  });

  test('threat C13: a Host header cannot write into the policy', async () => {
    const response = await http.app.inject({ url: '/', headers: { host: "x; script-src 'unsafe-inline'" } });
    expect(response.headers['content-security-policy']).not.toContain('unsafe-inline');
  });

  test('on plain http of another machine no header that browsers refuse there', async () => {
    const response = await http.app.inject({ url: '/', headers: { host: '192.168.1.5:8080' } });
    expect(response.headers['cross-origin-opener-policy']).toBe(undefined);
  });

  test('scripts for other sites: any origin, hashed ones for ever', async () => {
    const embed = await http.app.inject({ url: '/embed.js', headers: { origin: 'https://site.example' } });
    expect(embed.body).toBe('"embed";');
    expect(embed.headers).toMatchObject({
      'access-control-allow-origin': '*',
      'cross-origin-resource-policy': 'cross-origin',
      'cache-control': 'no-cache',
      etag: expect.any(String),
    });
    expect(embed.headers['access-control-allow-credentials']).toBe(undefined);
    const asset = await http.app.inject('/assets/app-a1b2c3d4.js');
    expect(asset.headers['cache-control']).toBe('public, max-age=31536000, immutable');
    expect(asset.headers['content-type']).toMatch(/javascript/);
  });

  test.each([
    '/../secret.txt',
    '/..%2fsecret.txt',
    '/%2e%2e/secret.txt',
    '/assets/../../secret.txt',
    '/assets/..%5c..%5csecret.txt',
    '/assets/%2e%2e%2f%2e%2e%2fsecret.txt',
    '/.hidden',
    '/assets',
    '/assets/',
    '/contribute/..%2f..%2fsecret.txt',
    '/%00',
  ])('threat C15: %s leads nowhere', async (path) => {
    await http.app.listen({ port: 0, host: '127.0.0.1' });
    const { port } = http.app.server.address() as AddressInfo;
    // Not `fetch`, which would tidy the path up before it is sent.
    const sent = request({ port, host: '127.0.0.1', path }).end();
    const [answer] = (await once(sent, 'response')) as [IncomingMessage];
    expect([400, 403, 404]).toContain(answer.statusCode);
    expect(await json(answer)).toEqual({ error: { code: expect.any(String), message: expect.any(String) } });
  });

  test('not built: it says what to do', async () => {
    const bare = await openHttp({ webFolder: new URL('file:///nowhere/') });
    expect((await bare.app.inject('/admin')).json().error).toMatchObject({ code: 'not-built' });
    await bare.close();
  });
});

describe('CORS', () => {
  test('OPTIONS that no browser sends are answered as all others, and not in a shape that no error has', async () => {
    const response = await http.app.inject({ method: 'OPTIONS', url: '/healthz' });
    expect([response.statusCode, response.body]).toEqual([204, '']);
  });

  test('a preflight for a range or a join token passes, one for a POST does not', async () => {
    const preflight = (url: string, method: string, headers: string) =>
      http.app.inject({
        method: 'OPTIONS',
        url,
        headers: {
          origin: 'https://site.example',
          'access-control-request-method': method,
          'access-control-request-headers': headers,
        },
      });
    const good = await preflight(`/weights/${'0'.repeat(64)}`, 'GET', 'range, fedtab-join-token');
    expect(good.statusCode).toBe(204);
    expect(good.headers['access-control-allow-methods']).toBe('GET, HEAD');
    expect(good.headers['access-control-allow-headers']).toContain('fedtab-join-token');
    const bad = await preflight('/api/tasks', 'POST', 'authorization');
    expect(bad.headers['access-control-allow-methods'] ?? '').not.toContain('POST');
    expect(bad.headers['access-control-allow-headers'] ?? '').not.toContain('authorization');
  });

  test('what only our own pages ask is shared with nobody', async () => {
    for (const url of ['/api/session', '/api/audit', '/metrics', '/healthz']) {
      const response = await http.admin(url);
      expect(response.headers['access-control-allow-origin']).toBe(undefined);
      expect(response.headers['cross-origin-resource-policy']).toBe('same-origin');
    }
  });
});

test('threat A1: the log has no query, no credential and no cookie', async () => {
  await http.app.inject(`/api/tasks/none?joinToken=a-secret-of-the-query`);
  await http.admin('/api/audit');
  await http.app.inject({ method: 'POST', url: '/api/session', payload: { token: 'a-wrong-secret' } });
  const log = http.lines.join('');
  expect(log).toContain('/api/tasks/none');
  for (const secret of ['a-secret-of-the-query', 'a-wrong-secret', TOKEN]) expect(log).not.toContain(secret);
});

test('threat C10: 429 with Retry-After for an address that asks too much', async () => {
  const small = await openHttp({ server: { maxPerAddress: 1 } });
  for (let i = 0; i < 24; i++) expect((await small.app.inject('/api/templates')).statusCode).toBe(200);
  const response = await small.app.inject('/api/templates');
  expect([response.statusCode, response.json().error.code]).toEqual([429, 'rate']);
  expect(Number(response.headers['retry-after'])).toBeGreaterThan(0);
  await small.close();
});

test('threat C10: a connection that there is no room for is closed unheard, and has a line in the log', async () => {
  await http.app.listen({ port: 0, host: '127.0.0.1' });
  const { server } = http.app;
  server.maxConnections = 1;
  const { port } = server.address() as AddressInfo;
  const [first, second] = [connect(port, '127.0.0.1'), connect(port, '127.0.0.1')];
  await once(second.resume(), 'close');
  const refused = http.lines.map((line) => JSON.parse(line)).filter(({ msg }) => msg === 'refused');
  expect(refused).toEqual([expect.objectContaining({ place: 'connection', reason: 'rate' })]);
  first.destroy();
});
