import { describe, expect, it } from 'vitest';
import type { TaskId } from '../../shared/ids.ts';
import { type AdminApi, createApi } from './api.ts';

const digits = 'digits' as TaskId;

/** The calls over answers that are given; what was asked and how often the session was over. */
function answering(response: () => Response | Promise<Response>) {
  const asked: { path: string; method: string; body: unknown }[] = [];
  let loggedOut = 0;
  const api: AdminApi = createApi(
    () => {
      loggedOut += 1;
    },
    async (path, init) => {
      const { body } = init ?? {};
      asked.push({ path: String(path), method: init?.method ?? '', body: body ? JSON.parse(String(body)) : null });
      return response();
    },
  );
  return { api, asked, loggedOut: () => loggedOut };
}
const json = (status: number, body: unknown, headers: Record<string, string> = {}): Response =>
  new Response(JSON.stringify(body), { status, headers });

describe('what is asked', () => {
  it.each([
    [{ kind: 'rounds', count: 5 }, '/api/tasks/digits/rounds', { count: 5 }],
    [{ kind: 'rollback', version: 3 }, '/api/tasks/digits/rollback', { version: 3 }],
    [{ kind: 'duplicate', id: 'copy', title: 'Copy' }, '/api/tasks/digits/duplicate', { id: 'copy', title: 'Copy' }],
    [{ kind: 'pause' }, '/api/tasks/digits/pause', {}],
  ] as const)('an order %j goes to its own address', async (order, path, body) => {
    const { api, asked } = answering(() => json(202, {}));
    expect(await api.order(digits, order)).toMatchObject({ ok: true });
    expect(asked).toEqual([{ path, method: 'POST', body }]);
  });
  it('deleting confirms with the id', async () => {
    const { api, asked } = answering(() => json(200, {}));
    await api.remove(digits);
    expect(asked).toEqual([{ path: '/api/tasks/digits', method: 'DELETE', body: { confirm: 'digits' } }]);
  });
});

describe('what an answer means', () => {
  it('401: the session is over', async () => {
    const { api, loggedOut } = answering(() => json(401, { error: { code: 'unauthorized', message: 'log in' } }));
    expect(await api.tasks()).toEqual({ ok: false, failure: { reason: 'logged-out' } });
    expect(loggedOut()).toBe(1);
  });
  it('422: refused, with the problems', async () => {
    const problems = [{ path: 'rounds.goal', message: 'no' }];
    const { api } = answering(() => json(422, { error: { code: 'invalid', message: 'one field', problems } }));
    expect(await api.order(digits, { kind: 'pause' })).toEqual({
      ok: false,
      failure: { reason: 'refused', status: 422, code: 'invalid', message: 'one field', problems, retryAfterMs: null },
    });
  });
  it('429: refused, with the time to wait', async () => {
    const { api } = answering(() => json(429, { error: { code: 'rate', message: 'wait' } }, { 'retry-after': '30' }));
    expect(await api.logIn('x')).toMatchObject({ failure: { reason: 'refused', problems: [], retryAfterMs: 30_000 } });
  });
  it('a page of a proxy: the server is away', async () => {
    const { api } = answering(() => new Response('<h1>Bad gateway</h1>', { status: 502 }));
    expect(await api.tasks()).toEqual({ ok: false, failure: { reason: 'unreachable' } });
  });
  it('no answer at all: the server is away', async () => {
    const { api } = answering(() => Promise.reject(new TypeError('failed to fetch')));
    expect(await api.tasks()).toEqual({ ok: false, failure: { reason: 'unreachable' } });
  });
  it('something else than was asked for: not understood', async () => {
    const { api } = answering(() => json(200, [{ id: 'digits' }]));
    expect(await api.tasks()).toEqual({ ok: false, failure: { reason: 'broken' } });
  });
  it('204 is an answer', async () => {
    const { api } = answering(() => new Response(null, { status: 204 }));
    expect(await api.logOut()).toMatchObject({ ok: true });
  });
});
