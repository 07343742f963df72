import { afterEach, beforeEach, expect, test } from 'vitest';
import { Receiver } from '../webhook/fixtures/receiver.ts';
import { type OpenHttp, openHttp } from './fixtures/open-http.ts';

let http: OpenHttp;
let receiver: Receiver;
beforeEach(async () => {
  http = await openHttp();
  receiver = await Receiver.start();
});
afterEach(async () => {
  await http.close();
  await receiver.close();
});

const put = (url: unknown) => http.admin('/api/webhook', { method: 'PUT', body: { url } });

test('an admin sets the address; a stopped round and a pause are told to it; the secret is told once', async () => {
  const url = `http://${receiver.host}/hook?key=private`;
  expect((await http.admin('/api/webhook')).json()).toEqual({ url: null });
  const set = await put(url);
  expect([set.statusCode, set.json()]).toEqual([200, { url, secret: expect.stringMatching(/^whsec_[\w+/]{43}=$/) }]);
  await http.admin('/api/tasks', { body: { template: 'digits', model: { zoo: 'softmax' } } });
  await http.admin('/api/tasks/digits/rounds', { body: { count: 1 } });
  await http.admin('/api/tasks/digits/pause', { method: 'POST' });
  await http.admin('/api/tasks/digits/stop', { method: 'POST' });
  const said = (await receiver.until(2)).map(({ body }) => JSON.parse(body) as { type: string; data: object });
  expect(said.toSorted((a, b) => a.type.localeCompare(b.type))).toMatchObject([
    { type: 'round.abandoned', data: { task: 'digits', round: 1, purpose: 'train', reason: 'stopped' } },
    { type: 'task.paused', data: { task: 'digits', reason: null } },
  ]);
  await expect
    .poll(async () => (await http.admin('/api/webhook')).json(), { timeout: 10_000 })
    .toEqual({ url, waiting: 0, failures: 0, problem: null, retryAt: null });
  expect((await http.app.inject('/metrics')).body).toContain('fedtab_webhook_deliveries_total{outcome="delivered"} 2');

  expect((await http.admin('/api/webhook', { method: 'DELETE' })).statusCode).toBe(204);
  expect((await http.admin('/api/webhook')).json()).toEqual({ url: null });
  const audit = (await http.admin('/api/audit')).json() as { action: string; details: object }[];
  expect(audit.filter(({ action }) => action.startsWith('webhook'))).toMatchObject([
    { action: 'webhook.set', details: { origin: `http://${receiver.host}` } },
    { action: 'webhook.clear' },
  ]);
  for (const text of [http.lines.join(), JSON.stringify(audit)]) {
    expect(text).not.toContain('private');
    expect(text).not.toContain(set.json().secret);
  }
});

test.each([
  'http://hooks.example/',
  'https://hooks.example/',
  'https://169.254.169.254/latest/meta-data/',
  'https://[::ffff:10.0.0.1]/',
  'https://me:secret@hooks.example/',
  'file:///etc/passwd',
  '',
  7,
  'x'.repeat(2_000),
])('threat C16: 422 for %s, and nothing is set', async (url) => {
  const response = await put(url);
  expect([response.statusCode, response.json().error.problems]).toMatchObject([422, [{ path: 'url' }]]);
  expect((await http.admin('/api/webhook')).json()).toEqual({ url: null });
});

test('503 with words where another process has it and does not answer', async () => {
  const isAway = async () => 'away' as const;
  const away = { view: isAway, set: isAway, clear: isAway };
  const other = await openHttp({ webhook: away });
  try {
    for (const [method, body] of [['GET'], ['PUT', { url: 'https://hooks.example/' }], ['DELETE']] as const) {
      const response = await other.admin('/api/webhook', { method, ...(body && { body }) });
      expect([response.statusCode, response.json().error]).toMatchObject([
        503,
        { code: 'no-answer', message: expect.stringContaining('does not answer') },
      ]);
    }
  } finally {
    await other.close();
  }
});
