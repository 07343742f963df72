import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { TaskId } from '../../shared/ids.ts';
import { bytesForm } from '../../shared/task/kinds/form.ts';
import { TEMPLATES } from '../../shared/task/templates/index.ts';
import { decodeSamples } from '../../shared/wire/samples.ts';
import { type OpenHttp, openHttp } from './fixtures/open-http.ts';

let http: OpenHttp;
beforeEach(async () => {
  http = await openHttp();
});
afterEach(() => http.close());

const create = (overrides: object = {}) =>
  http.admin('/api/tasks', { body: { template: 'digits', model: { zoo: 'softmax' }, ...overrides } });
const problemsOf = (response: { json(): { error: { problems: { path: string }[] } } }) =>
  response.json().error.problems.map(({ path }) => path);

describe('POST /api/tasks', () => {
  test('a template with overrides merged deep into it', async () => {
    const response = await create({ id: 'my-digits', rounds: { goal: 5 } });
    expect(response.statusCode).toBe(201);
    expect(response.json()).toEqual({ id: 'my-digits' });
    const { spec } = (await http.admin('/api/tasks/my-digits')).json();
    expect(spec).toEqual({
      ...TEMPLATES.digits,
      id: 'my-digits',
      model: { zoo: 'softmax', seed: 1 },
      rounds: { ...TEMPLATES.digits.rounds, goal: 5 },
    });
  });

  test('the id is the name of the template by default; a second one is taken', async () => {
    expect((await create()).json()).toEqual({ id: 'digits' });
    const second = await create();
    expect(second.statusCode).toBe(409);
    expect(second.json().error.code).toBe('taken');
  });

  test('a whole spec', async () => {
    const spec = { ...TEMPLATES['seed-dense'], id: 'whole' };
    expect((await http.admin('/api/tasks', { body: spec })).statusCode).toBe(201);
  });

  test.each([
    ['an unknown template', { template: 'digitz' }, ['template']],
    ['a template that is a word of JavaScript', { template: 'constructor' }, ['template']],
    ['an unknown key', { colour: 'red' }, ['colour']],
    ['an unknown key deep inside', { rounds: { gaol: 3 } }, ['rounds.gaol']],
    ['a bad id', { id: 'No Spaces' }, ['id']],
    ['two problems', { maxDeltaNorm: 0, client: { batchSize: 0 } }, ['client.batchSize', 'maxDeltaNorm']],
    ['a minimum above the goal', { rounds: { goal: 1, minimum: 2 } }, ['rounds.minimum']],
  ])('422 with the path of %s', async (_, overrides, paths) => {
    const response = await create(overrides);
    expect(response.statusCode).toBe(422);
    expect(problemsOf(response).sort()).toEqual(paths);
    expect(http.coordinator.tasks()).toEqual([]);
  });

  test.each([['[]'], ['"digits"'], ['null'], ['{}'], ['']])('422 for the body %j', async (payload) => {
    const headers = { authorization: `Bearer the-admin-token-of-the-tests`, 'content-type': 'application/json' };
    const response = await http.app.inject({ method: 'POST', url: '/api/tasks', headers, payload });
    expect(response.statusCode).toBe(422);
    expect(response.json().error.problems.length).toBeGreaterThan(0);
  });
});

describe('reading tasks', () => {
  test('GET /api/templates: every template with its spec', async () => {
    const templates = (await http.app.inject('/api/templates')).json();
    expect(templates).toEqual(Object.entries(TEMPLATES).map(([name, spec]) => ({ name, title: spec.title, spec })));
    expect(templates[0]).toMatchObject({ name: 'digits', title: 'Handwritten digits' });
  });

  test('GET /api/tasks and /api/tasks/:id: what everybody sees', async () => {
    await create();
    const sha256 = http.coordinator.task('digits' as TaskId)?.sha256;
    const view = {
      id: 'digits',
      title: 'Handwritten digits',
      state: 'idle',
      version: 0,
      sha256,
      parameters: 7_850,
      bytes: 31_400,
      reportBytes: 31_400,
      round: 0,
      roundsLeft: 0,
      online: 0,
      metrics: null,
      closed: false,
    };
    expect((await http.app.inject('/api/tasks')).json()).toEqual([view]);
    const one = (await http.app.inject('/api/tasks/digits')).json();
    expect(one).toEqual({ ...view, participation: http.coordinator.participation('digits' as TaskId) });
    expect((await http.app.inject('/api/tasks')).headers['cache-control']).toBe('no-store');
    expect(one.participation.layoutSha256).toMatch(/^[0-9a-f]{64}$/);
  });

  test('a page of a site that the task does not list is told so, for its upgrade is refused without a word', async () => {
    await create({ access: { allowedOrigins: ['https://shop.example'] } });
    const asked = async (origin?: string) =>
      (await http.app.inject({ url: '/api/tasks/digits', headers: origin === undefined ? {} : { origin } })).json();
    expect((await asked('https://evil.example')).allowsOrigin).toBe(false);
    expect((await asked('null')).allowsOrigin).toBe(false);
    expect(await asked('https://shop.example')).not.toHaveProperty('allowsOrigin');
    expect(await asked()).not.toHaveProperty('allowsOrigin');
  });

  test('an admin also gets the spec, with its join token; others never see that', async () => {
    await create({ access: { joinToken: 'let-me-in-please' } });
    expect((await http.admin('/api/tasks/digits')).json().spec.access.joinToken).toBe('let-me-in-please');
    expect((await http.admin('/api/tasks')).json()[0].spec.id).toBe('digits');
    const seen = await http.app.inject('/api/tasks/digits');
    expect(seen.json().closed).toBe(true);
    for (const response of [seen, await http.app.inject('/api/tasks')]) {
      expect(response.body).not.toContain('let-me-in-please');
      expect(response.body).not.toContain('createdAt');
    }
  });

  test.each([
    'nothing',
    'No%20Id',
    '..%2f..%2fsecret.txt',
    '%00',
    'a'.repeat(41),
    `x${'y'.repeat(200)}`,
    'constructor',
  ])('404 for the task %s', async (id) => {
    for (const path of ['', '/rounds', '/checkpoints', '/samples', '/model/model.json', '/model.npz']) {
      const response = await http.app.inject(`/api/tasks/${id}${path}`);
      expect(response.statusCode).toBe(404);
      expect(response.json().error.message).toEqual(expect.any(String));
    }
  });

  test.each([
    [{ codec: { up: 'uniform-8', range: 0.1 } }, 7_850],
    [{ codec: { up: 'top-k', fraction: 0.01 } }, 79 * 8],
    [{ strategy: { name: 'scaffold', weighting: 'uniform' }, client: { work: 'scaffold' } }, 2 * 31_400],
    [{ model: { zoo: 'mlp-2nn' }, client: { local: ['output'] } }, 4 * (199_210 - 2_010)],
  ])('what consent is asked for is what a report of the task weighs: %j', async (overrides, bytes) => {
    await create(overrides);
    expect((await http.app.inject('/api/tasks/digits')).json().reportBytes).toBe(bytes);
  });

  test('checkpoints from version 0, rounds from none', async () => {
    await create();
    const [first, ...more] = (await http.app.inject('/api/tasks/digits/checkpoints')).json();
    expect(more).toEqual([]);
    expect(first).toEqual({
      version: 0,
      sha256: http.coordinator.task('digits' as TaskId)?.sha256,
      bytes: 31_400,
      createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      metrics: null,
      origin: 'initial',
      kept: true,
    });
    expect((await http.app.inject('/api/tasks/digits/rounds')).json()).toEqual([]);
  });

  test('a closed task: history, model and samples for admins and holders of the join token', async () => {
    await create({ access: { joinToken: 'let-me-in-please' } });
    for (const path of ['rounds', 'checkpoints', 'model/model.json', 'model/weights.bin', 'model.npz']) {
      const url = `/api/tasks/digits/${path}`;
      const by = (headers: Record<string, string>) => http.app.inject({ url, headers });
      expect((await by({})).statusCode).toBe(401);
      expect((await by({})).json().error.code).toBe('join-token');
      expect((await by({ 'fedtab-join-token': 'let-me-in-pleasf' })).statusCode).toBe(401);
      expect((await by({ 'fedtab-join-token': 'let-me-in-please' })).statusCode).toBe(200);
      expect((await http.app.inject(`${url}?joinToken=let-me-in-please`)).statusCode).toBe(200);
      expect((await http.admin(url)).statusCode).toBe(200);
    }
    // Sample data is public, whoever the task is for.
    expect((await http.app.inject('/api/tasks/digits/samples?count=1')).statusCode).toBe(200);
  });
});

describe('controlling a task', () => {
  const post = (path: string, body?: object) =>
    http.admin(`/api/tasks/digits${path}`, { method: 'POST', ...(body === undefined ? {} : { body }) });

  test('start, add, pause, resume and stop rounds', async () => {
    await create();
    const started = await post('/rounds', { count: 3 });
    expect(started.statusCode).toBe(202);
    expect(started.json()).toMatchObject({ id: 'digits', state: 'running' });
    const left = started.json().roundsLeft;
    expect((await post('/rounds', { count: 2 })).json().roundsLeft).toBe(left + 2);
    const [round] = (await http.app.inject('/api/tasks/digits/rounds')).json();
    expect(round).toMatchObject({ number: 1, outcome: null, baseVersion: 0, endedAt: null, metrics: null });
    expect((await post('/stop')).statusCode).toBe(202);
    await expect
      .poll(async () => (await http.app.inject('/api/tasks/digits/rounds')).json())
      .toEqual([
        expect.objectContaining({
          ...{ number: 1, outcome: 'abandoned', reason: 'stopped', baseVersion: 0 },
          ...{ selected: 0, accepted: 0, rejected: {}, late: 0, surplus: 0, dropped: 0 },
          endedAt: expect.stringMatching(/Z$/),
        }),
      ]);
    expect((await http.app.inject('/api/tasks/digits')).json()).toMatchObject({
      state: 'idle',
      roundsLeft: 0,
      round: 1,
    });
  });

  test('rounds are listed from the newest back, and further back by ?before=', async () => {
    await create();
    for (let round = 1; round <= 3; round++) {
      await post('/rounds', { count: 1 });
      await expect
        .poll(async () => (await http.app.inject('/api/tasks/digits/rounds')).json(), { timeout: 5_000 })
        .toHaveLength(round);
      await post('/stop');
    }
    const numbers = async (query: string): Promise<number[]> =>
      (await http.app.inject(`/api/tasks/digits/rounds${query}`))
        .json()
        .map(({ number }: { number: number }) => number);
    expect(await numbers('')).toEqual([1, 2, 3]);
    expect(await numbers('?limit=2')).toEqual([2, 3]);
    expect(await numbers('?limit=2&before=2')).toEqual([1]);
    expect(await numbers('?before=1')).toEqual([]);
    for (const query of ['?before=0', '?before=x', '?limit=10001'])
      expect((await http.app.inject(`/api/tasks/digits/rounds${query}`)).statusCode).toBe(422);
  });

  test('an empty body with the JSON content type is no error for pause and the like', async () => {
    await create();
    await post('/rounds', { count: 1 });
    const headers = { authorization: 'Bearer the-admin-token-of-the-tests', 'content-type': 'application/json' };
    const response = await http.app.inject({ method: 'POST', url: '/api/tasks/digits/pause', headers });
    expect(response.statusCode).toBe(202);
  });

  test.each([
    ['/rounds', {}],
    ['/rounds', { count: 0 }],
    ['/rounds', { count: 1.5 }],
    ['/rounds', { count: '3' }],
    ['/rounds', { count: 1e9 }],
    ['/rounds', { count: 1, extra: true }],
    ['/rollback', {}],
    ['/rollback', { version: -1 }],
    ['/duplicate', { id: 'Not An Id' }],
    ['/duplicate', {}],
  ])('422 for %s %j', async (path, body) => {
    await create();
    const response = await post(path, body);
    expect(response.statusCode).toBe(422);
    expect(problemsOf(response).length).toBeGreaterThan(0);
  });

  test('roll back: a new version with the same weights; not while a round runs', async () => {
    await create();
    expect((await post('/rollback', { version: 0 })).statusCode).toBe(202);
    const checkpoints = (await http.app.inject('/api/tasks/digits/checkpoints')).json();
    expect(checkpoints.map(({ version }: { version: number }) => version)).toEqual([0, 1]);
    expect(checkpoints[1]).toMatchObject({ sha256: checkpoints[0].sha256, origin: 'rollback', copyOf: 0 });
    expect((await post('/rollback', { version: 9 })).statusCode).toBeGreaterThanOrEqual(404);
    await post('/rounds', { count: 1 });
    expect((await post('/rollback', { version: 0 })).statusCode).toBe(409);
  });

  test('evaluate: where a fifth is set aside, in the audit, once; else refused with what to do', async () => {
    await create();
    const refused = await post('/evaluate', {});
    expect(refused.statusCode).toBe(409);
    expect(refused.json().error).toMatchObject({ code: 'no-held-out', message: expect.stringContaining('heldOut') });
    await create({ id: 'scored', client: { heldOut: true } });
    const evaluate = () => http.admin('/api/tasks/scored/evaluate', { body: {} });
    expect((await evaluate()).statusCode).toBe(202);
    expect((await evaluate()).json()).toMatchObject({ state: 'running', roundsLeft: 0 });
    expect((await http.app.inject('/api/tasks/scored/rounds')).json()).toMatchObject([
      { number: 1, purpose: 'evaluate', outcome: null },
    ]);
    expect((await http.app.inject({ method: 'POST', url: '/api/tasks/scored/evaluate' })).statusCode).toBe(401);
    const audit = (await http.admin('/api/audit')).json();
    expect(audit.filter(({ action }: { action: string }) => action === 'task.evaluate')).toHaveLength(2);
  });

  test('duplicate: the same spec under another id', async () => {
    await create();
    const response = await post('/duplicate', { id: 'again' });
    expect([response.statusCode, response.json()]).toEqual([201, { id: 'again' }]);
    const [original, copy] = (await http.admin('/api/tasks')).json();
    expect(copy.spec).toEqual({ ...original.spec, id: 'again' });
    expect((await post('/duplicate', { id: 'again' })).statusCode).toBe(409);
  });

  test('archive: gone for everybody but admins', async () => {
    await create();
    expect((await post('/archive')).statusCode).toBe(202);
    expect((await http.app.inject('/api/tasks')).json()).toEqual([]);
    expect((await http.app.inject('/api/tasks/digits')).statusCode).toBe(404);
    expect((await http.admin('/api/tasks')).json()[0].archivedAt).toMatch(/Z$/);
    expect((await post('/rounds', { count: 1 })).statusCode).toBe(409);
  });

  test('delete takes the id as confirmation; the audit stays', async () => {
    await create();
    const remove = (body: object) => http.admin('/api/tasks/digits', { method: 'DELETE', body });
    expect((await remove({})).statusCode).toBe(422);
    expect(problemsOf(await remove({ confirm: 'digit' }))).toEqual(['confirm']);
    const response = await remove({ confirm: 'digits' });
    expect([response.statusCode, response.json()]).toEqual([200, { id: 'digits' }]);
    expect((await http.admin('/api/tasks/digits')).statusCode).toBe(404);
    const actions = (await http.admin('/api/audit'))
      .json()
      .map(({ action, task }: { action: string; task: string }) => [action, task]);
    expect(actions).toEqual([
      ['task.create', 'digits'],
      ['task.delete', 'digits'],
    ]);
  });

  test('the audit names who, what, when and with what', async () => {
    await create();
    await post('/rounds', { count: 7 });
    await post('/stop');
    const rows = (await http.admin('/api/audit')).json();
    expect(rows[1]).toEqual({
      at: expect.stringMatching(/Z$/),
      actor: 'token',
      action: 'task.rounds',
      task: 'digits',
      details: { count: 7 },
    });
    expect((await http.admin('/api/audit?limit=1')).json()).toEqual([rows[2]]);
    expect((await http.admin('/api/audit?limit=0')).statusCode).toBe(422);
  });

  test('contributors', async () => {
    await create();
    expect((await http.admin('/api/tasks/digits/contributors')).json()).toEqual([]);
    expect((await http.admin('/api/tasks/digits/contributors?limit=10000')).json()).toEqual([]);
    for (const limit of ['0', '10001', 'all'])
      expect((await http.admin(`/api/tasks/digits/contributors?limit=${limit}`)).statusCode).toBe(422);
  });
});

describe('GET /api/tasks/:id/samples', () => {
  const expected = bytesForm([28, 28, 1], 10);
  const take = async (query: string) => {
    const response = await http.app.inject(`/api/tasks/digits/samples${query}`);
    const decoded = decodeSamples(response.rawPayload, expected);
    if (!decoded.ok) throw new Error(decoded.problem);
    return { response, ...decoded };
  };

  test('600 by default, as many as asked, other ones each time', async () => {
    await create();
    const { shard, response } = await take('');
    expect(shard.targets.length).toBe(600);
    expect(shard.reusedCount).toBe(0);
    expect(response.headers).toMatchObject({
      'content-type': 'application/octet-stream',
      'cache-control': 'no-store',
      'fedtab-samples-reused': '0',
    });
    const [a, b] = [await take('?count=5'), await take('?count=5')];
    expect(a.shard.targets.length).toBe(5);
    expect(Buffer.from(a.shard.features).equals(Buffer.from(b.shard.features))).toBe(false);
    // Digits: every class is there, and most of a picture is background.
    expect(new Set(shard.targets).size).toBe(10);
    expect(shard.features.filter((pixel) => pixel === 0).length / shard.features.length).toBeGreaterThan(0.7);
  });

  test.each(['0', '-1', '6001', 'x', '1.5', '1e3'])('422 for count=%s', async (count) => {
    await create();
    const response = await http.app.inject(`/api/tasks/digits/samples?count=${count}`);
    expect(response.statusCode).toBe(422);
    expect(problemsOf(response)).toEqual(['count']);
  });

  test('404 where the task has none', async () => {
    await create({ data: { sample: null } });
    const response = await http.app.inject('/api/tasks/digits/samples');
    expect([response.statusCode, response.json().error.code]).toEqual([404, 'no-samples']);
  });
});

test('receipts: 404 for what was never accepted', async () => {
  for (const id of ['0'.repeat(32), 'x', '..%2f'])
    expect((await http.app.inject(`/api/receipts/${id}`)).statusCode).toBe(404);
});
