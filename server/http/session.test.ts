import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type OpenHttp, openHttp, TOKEN } from './fixtures/open-http.ts';

let http: OpenHttp;
beforeEach(async () => {
  http = await openHttp();
});
afterEach(() => http.close());

const logIn = (token = TOKEN, headers: Record<string, string> = {}) =>
  http.app.inject({ method: 'POST', url: '/api/session', payload: { token }, headers });
const cookieOf = (response: { cookies: { name: string; value: string }[] }, name = 'fedtab'): string => {
  const cookie = response.cookies.find((one) => one.name === name);
  if (cookie === undefined) throw new Error(`no cookie ${name}`);
  return cookie.value;
};

/** Each route with its method: what an admin alone may call, and what everybody may. */
const ADMIN_ROUTES = [
  ['GET', '/api/session'],
  ['DELETE', '/api/session'],
  ['POST', '/api/session/ticket'],
  ['GET', '/api/sessions'],
  ['DELETE', '/api/sessions'],
  ['DELETE', '/api/sessions/session-00000000'],
  ['POST', '/api/tasks'],
  ['DELETE', '/api/tasks/digits'],
  ['POST', '/api/tasks/digits/duplicate'],
  ['POST', '/api/tasks/digits/archive'],
  ['POST', '/api/tasks/digits/rounds'],
  ['POST', '/api/tasks/digits/pause'],
  ['POST', '/api/tasks/digits/resume'],
  ['POST', '/api/tasks/digits/stop'],
  ['POST', '/api/tasks/digits/rollback'],
  ['GET', '/api/tasks/digits/contributors'],
  ['GET', '/api/audit'],
  ['GET', '/api/webhook'],
  ['PUT', '/api/webhook'],
  ['DELETE', '/api/webhook'],
] as const;
const OPEN_ROUTES = [
  '/healthz',
  '/readyz',
  '/metrics',
  '/api/templates',
  '/api/tasks',
  '/api/tasks/digits',
  '/api/tasks/digits/rounds',
  '/api/tasks/digits/checkpoints',
  '/api/tasks/digits/model/model.json',
  '/api/tasks/digits/samples?count=1',
] as const;

describe('who may call what', () => {
  test.each(ADMIN_ROUTES)(
    '%s %s: 401 without, with a wrong, a malformed and a foreign credential',
    async (method, url) => {
      for (const headers of [
        {},
        { authorization: 'Bearer wrong' },
        { authorization: 'Bearer ' },
        { authorization: `Basic ${TOKEN}` },
        { authorization: TOKEN },
        { cookie: 'fedtab=wrong' },
        { cookie: `fedtab=${TOKEN}` },
        { cookie: 'fedtab=' },
      ] as Record<string, string>[]) {
        const response = await http.app.inject({ method, url, headers });
        expect([response.statusCode, response.json().error.code]).toEqual([401, 'unauthorized']);
        expect(response.headers['www-authenticate']).toBe('Bearer');
      }
      expect(http.coordinator.tasks()).toEqual([]);
    },
  );

  test.each(ADMIN_ROUTES)('%s %s: let in by token and by session', async (method, url) => {
    await http.admin('/api/tasks', { body: { template: 'digits', model: { zoo: 'softmax' } } });
    const cookie = `fedtab=${cookieOf(await logIn())}`;
    for (const headers of [
      { cookie },
      { authorization: `Bearer ${TOKEN}` },
      { authorization: `bearer ${TOKEN}` },
    ] as Record<string, string>[])
      expect((await http.app.inject({ method, url, headers })).statusCode).not.toBe(401);
  });

  test.each(OPEN_ROUTES)('GET %s: everybody, also with a session that is over', async (url) => {
    await http.admin('/api/tasks', { body: { template: 'digits', model: { zoo: 'softmax' } } });
    expect((await http.app.inject(url)).statusCode).toBe(200);
    expect((await http.app.inject({ url, headers: { cookie: 'fedtab=over' } })).statusCode).toBe(200);
  });
});

describe('sessions', () => {
  test('threat A2: the token opens one: the cookie is HttpOnly, SameSite=Strict, and not Secure on plain http', async () => {
    const response = await logIn();
    expect(response.statusCode).toBe(200);
    expect(Date.parse(response.json().expiresAt)).toBeGreaterThan(Date.now() + 11 * 3_600_000);
    expect(response.cookies).toEqual([
      {
        name: 'fedtab',
        value: expect.stringMatching(/^[\w-]{43}$/),
        maxAge: 43_200,
        path: '/',
        httpOnly: true,
        sameSite: 'Strict',
      },
    ]);
    expect(response.body).not.toContain(cookieOf(response));
  });

  test('threats N1 A2: over https the cookie is bound to the host', async () => {
    const secure = await openHttp({ server: { isSecure: true, publicUrl: 'https://learn.example' } });
    const response = await secure.app.inject({ method: 'POST', url: '/api/session', payload: { token: TOKEN } });
    expect(response.cookies[0]).toMatchObject({ name: '__Host-fedtab', secure: true, path: '/', sameSite: 'Strict' });
    expect(response.headers['strict-transport-security']).toBe('max-age=15552000');
    const headers = { cookie: `__Host-fedtab=${cookieOf(response, '__Host-fedtab')}` };
    expect((await secure.app.inject({ url: '/api/session', headers })).statusCode).toBe(200);
    await secure.close();
  });

  test('a one-time link opens one, once', async () => {
    const { createAdmins } = await import('../auth/admins.ts');
    const { secureRng } = await import('../../shared/rng.ts');
    const store = http.storage.admin;
    const code = await createAdmins({
      store,
      adminToken: null,
      clock: { now: Date.now },
      random: secureRng,
    }).makeLink();
    expect((await logIn(code)).statusCode).toBe(200);
    expect((await logIn(code)).statusCode).toBe(401);
  });

  test('who one is, and logging out', async () => {
    const headers = { cookie: `fedtab=${cookieOf(await logIn())}` };
    const who = (await http.app.inject({ url: '/api/session', headers })).json();
    expect(who.actor).toMatch(/^session-[0-9a-f]{8}$/);
    const out = await http.app.inject({ method: 'DELETE', url: '/api/session', headers });
    expect(out.statusCode).toBe(204);
    expect(out.cookies[0]).toMatchObject({ name: 'fedtab', value: '' });
    expect((await http.app.inject({ url: '/api/session', headers })).statusCode).toBe(401);
  });

  test('threat A1: the logins there are; one is ended by its name, and all but the own', async () => {
    const cookies = [];
    for (let i = 0; i < 4; i++) cookies.push(`fedtab=${cookieOf(await logIn())}`);
    const call = (cookie: string | undefined, url: string, method: 'GET' | 'DELETE' = 'GET') =>
      http.app.inject({ method, url, headers: { cookie: cookie ?? '' } });
    const logins = (await call(cookies[0], '/api/sessions')).json() as { actor: string; isOwn: boolean }[];
    const own = (await call(cookies[0], '/api/session')).json().actor;
    expect(logins.map(({ actor, isOwn }) => [isOwn, actor === own])).toHaveLength(4);
    expect(logins.filter(({ isOwn }) => isOwn)).toEqual([
      {
        ...{ actor: own, isOwn: true },
        ...{ beganAt: expect.stringMatching(/Z$/), usedAt: expect.stringMatching(/Z$/) },
        expiresAt: expect.stringMatching(/Z$/),
      },
    ]);
    const other = (await call(cookies[1], '/api/session')).json().actor;
    expect((await call(cookies[0], `/api/sessions/${other}`, 'DELETE')).statusCode).toBe(204);
    expect((await call(cookies[0], `/api/sessions/${other}`, 'DELETE')).statusCode).toBe(404);
    expect((await call(cookies[1], '/api/session')).statusCode).toBe(401);
    expect((await call(cookies[2], '/api/session')).statusCode).toBe(200);
    expect((await call(cookies[0], '/api/sessions', 'DELETE')).statusCode).toBe(204);
    const states = await Promise.all(cookies.map(async (cookie) => (await call(cookie, '/api/session')).statusCode));
    expect(states).toEqual([200, 401, 401, 401]);
    const rows = (await http.admin('/api/audit')).json() as { action: string; actor: string; details: object }[];
    const ends = rows.filter(({ action }) => action === 'session.end');
    expect(ends).toHaveLength(3);
    expect(ends[0]).toMatchObject({ actor: own, details: { session: other } });
  });

  test('a ticket for the socket', async () => {
    const headers = { cookie: `fedtab=${cookieOf(await logIn())}` };
    const response = await http.app.inject({ method: 'POST', url: '/api/session/ticket', headers });
    expect(response.json()).toEqual({
      ticket: expect.stringMatching(/^[\w-]{43}$/),
      expiresAt: expect.stringMatching(/Z$/),
    });
    expect(response.headers['cache-control']).toBe('no-store');
  });

  test('logins, refusals and logouts are in the audit', async () => {
    const headers = { cookie: `fedtab=${cookieOf(await logIn())}` };
    await logIn('wrong');
    await http.app.inject({ method: 'DELETE', url: '/api/session', headers });
    const rows = (await http.admin('/api/audit')).json() as { action: string; actor: string }[];
    expect(rows.map(({ action }) => action)).toEqual(['session.start', 'session.refused', 'session.end']);
    expect(rows[0]?.actor).toBe(rows[2]?.actor);
  });

  test('threat C8: of all who are refused a minute adds 60 rows to the audit, and the rest is counted by the log', async () => {
    const refused = (at: number) =>
      http.app.inject({
        ...{ method: 'POST', url: '/api/session', payload: { token: 'wrong' } },
        remoteAddress: `192.0.2.${at % 9}`,
      });
    for (let at = 0; at < 80; at++) expect((await refused(at)).statusCode).toBe(401);
    await logIn();
    const rows = (await http.admin('/api/audit')).json() as { action: string }[];
    expect(rows.filter(({ action }) => action === 'session.refused')).toHaveLength(60);
    expect(rows.at(-1)?.action).toBe('session.start');
  });
});

test('what was refused has a line in the log, without what was sent and from where; to look who one is attempts nothing', async () => {
  await http.app.inject({ url: '/api/session' });
  await logIn('a-wrong-token');
  const headers = { authorization: 'Bearer another-wrong-token' };
  await http.app.inject({ url: '/api/tasks/digits/rounds?limit=1', headers });
  const refused = http.lines.map((line) => JSON.parse(line)).filter(({ msg }) => msg === 'refused');
  expect(refused.map(({ place, reason, method, route, network }) => [place, reason, method, route, network])).toEqual([
    ['http', 401, 'POST', '/api/session', 'a network'],
    ['http', 401, 'GET', '/api/tasks/:id/rounds', 'a network'],
  ]);
  expect(http.lines.join()).not.toContain('wrong-token');
});

describe('threat A1: guessing', () => {
  test('20 wrong credentials in a minute lock the address out, also for the right one', async () => {
    for (let i = 0; i < 10; i++) {
      expect((await logIn(`wrong-${i}`)).statusCode).toBe(401);
      const headers = { authorization: `Bearer wrong-${i}` };
      expect((await http.app.inject({ url: '/api/audit', headers })).statusCode).toBe(401);
    }
    for (const response of [await logIn(), await http.admin('/api/audit')]) {
      expect([response.statusCode, response.json().error.code]).toEqual([429, 'rate']);
      expect(Number(response.headers['retry-after'])).toBeGreaterThan(0);
    }
    expect((await http.app.inject('/api/tasks')).statusCode).toBe(200);
  });

  test('right ones are not counted', async () => {
    for (let i = 0; i < 30; i++) expect((await logIn()).statusCode).toBe(200);
  });
});

describe('threat A2: calls that another site sends', () => {
  const host = 'localhost:8080';
  test.each([
    [{ 'sec-fetch-site': 'cross-site' }, false],
    [{ 'sec-fetch-site': 'same-site' }, false],
    [{ 'sec-fetch-site': 'none' }, false],
    [{ 'sec-fetch-site': 'same-origin' }, true],
    [{ origin: 'http://evil.example' }, false],
    [{ origin: 'http://localhost:9999' }, false],
    [{ origin: 'null' }, false],
    [{ origin: `http://${host}` }, true],
    [{}, true],
  ] as [Record<string, string>, boolean][])('%j: let in %s', async (headers, isLetIn) => {
    const cookie = `fedtab=${cookieOf(await logIn())}`;
    const call = (method: 'POST' | 'DELETE', url: string, extra: object = {}) =>
      http.app.inject({ method, url, headers: { host, cookie, ...headers }, ...extra });
    const create = await call('POST', '/api/tasks', { payload: { template: 'digits', model: { zoo: 'softmax' } } });
    expect(create.statusCode).toBe(isLetIn ? 201 : 403);
    if (!isLetIn) expect(create.json().error.code).toBe('other-site');
    expect((await call('POST', '/api/session', { payload: { token: TOKEN } })).statusCode).toBe(isLetIn ? 200 : 403);
    expect((await call('DELETE', '/api/session')).statusCode).toBe(isLetIn ? 204 : 403);
  });

  test('a Bearer token is no cookie: no page can send it by accident', async () => {
    const headers = { host, 'sec-fetch-site': 'cross-site', authorization: `Bearer ${TOKEN}` };
    const response = await http.app.inject({
      method: 'POST',
      url: '/api/tasks',
      headers,
      payload: { template: 'digits' },
    });
    expect(response.statusCode).toBe(201);
  });
});
