import { unzipSync } from 'fflate';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { sha256Hex } from '../../shared/hash.ts';
import type { TaskId } from '../../shared/ids.ts';
import { initialWeights } from '../../shared/model/initial-weights.ts';
import { modelOf } from '../../shared/task/model-of.ts';
import { toBytes } from '../../shared/weights/vector.ts';
import { type OpenHttp, openHttp } from './fixtures/open-http.ts';

const model = { zoo: 'softmax', seed: 3 } as const;
const bytes = Buffer.from(toBytes(initialWeights(modelOf({ model }), model.seed)));
const sha256 = sha256Hex(bytes);
const url = `/weights/${sha256}`;
const IMMUTABLE = 'max-age=31536000, immutable';

let http: OpenHttp;
beforeEach(async () => {
  http = await openHttp();
});
afterEach(() => http.close());
const create = (overrides: object = {}) =>
  http.admin('/api/tasks', { body: { template: 'digits', model, ...overrides } });
const get = (headers: Record<string, string> = {}, method: 'GET' | 'HEAD' = 'GET') =>
  http.app.inject({ url, method, headers });

describe('GET /weights/:sha256', () => {
  test('the flat vector, immutable, for every origin', async () => {
    await create();
    const response = await get({ origin: 'https://site.example' });
    expect(response.statusCode).toBe(200);
    expect(response.rawPayload.equals(bytes)).toBe(true);
    expect(response.headers).toMatchObject({
      'content-type': 'application/octet-stream',
      'content-length': String(bytes.length),
      'cache-control': `public, ${IMMUTABLE}`,
      etag: `"${sha256}"`,
      'accept-ranges': 'bytes',
      'access-control-allow-origin': '*',
      'cross-origin-resource-policy': 'cross-origin',
    });
  });

  test('HEAD: the same headers and no bytes', async () => {
    await create();
    const response = await get({}, 'HEAD');
    expect([response.statusCode, response.body]).toEqual([200, '']);
    expect(response.headers['content-length']).toBe(String(bytes.length));
    expect(response.headers.etag).toBe(`"${sha256}"`);
  });

  test('304 for who has them', async () => {
    await create();
    for (const given of [`"${sha256}"`, `"x", "${sha256}"`]) {
      const response = await get({ 'if-none-match': given });
      expect([response.statusCode, response.body]).toEqual([304, '']);
    }
  });

  test.each([
    ['bytes=0-3', 0, 3],
    ['bytes=100-', 100, bytes.length - 1],
    ['bytes=-7', bytes.length - 7, bytes.length - 1],
  ])('206 for %s', async (range, start, end) => {
    await create();
    const response = await get({ range });
    expect(response.statusCode).toBe(206);
    expect(response.headers['content-range']).toBe(`bytes ${start}-${end}/${bytes.length}`);
    expect(response.headers['content-length']).toBe(String(end - start + 1));
    expect(response.rawPayload.equals(bytes.subarray(start, end + 1))).toBe(true);
  });

  test('If-Range of other weights: the whole', async () => {
    await create();
    expect((await get({ range: 'bytes=0-3', 'if-range': '"other"' })).statusCode).toBe(200);
    expect((await get({ range: 'bytes=0-3', 'if-range': `"${sha256}"` })).statusCode).toBe(206);
  });

  test('416 beyond the end', async () => {
    await create();
    const response = await get({ range: `bytes=${bytes.length}-` });
    expect(response.statusCode).toBe(416);
    expect(response.headers['content-range']).toBe(`bytes */${bytes.length}`);
    expect(response.json().error.code).toBe('range');
  });

  test.each(['0'.repeat(64), sha256.toUpperCase(), sha256.slice(1), '..%2f..%2fsecret.txt', 'x'])(
    '404 for %s',
    async (name) => {
      await create();
      const response = await http.app.inject(`/weights/${name}`);
      expect(response.statusCode).toBe(404);
      expect(response.json().error.code).toMatch(/^(unknown-weights|not-found)$/);
    },
  );

  test('of a closed task only: an admin or its join token', async () => {
    await create({ access: { joinToken: 'let-me-in-please' } });
    expect((await get()).statusCode).toBe(401);
    const response = await get({ 'fedtab-join-token': 'let-me-in-please' });
    expect(response.statusCode).toBe(200);
    expect(response.headers['cache-control']).toBe(`private, ${IMMUTABLE}`);
    expect((await http.app.inject(`${url}?joinToken=let-me-in-please`)).statusCode).toBe(200);
    expect((await http.admin(url)).statusCode).toBe(200);
    // The same weights of an open task are no secret.
    await create({ id: 'open' });
    expect((await get()).statusCode).toBe(200);
  });

  test('what was sent counts as downlink of the task', async () => {
    await create();
    await http.admin('/api/tasks/digits/rounds', { body: { count: 1 } });
    await get();
    await get({ range: 'bytes=0-99' });
    await get({}, 'HEAD');
    await http.admin('/api/tasks/digits/stop', { method: 'POST' });
    await expect
      .poll(async () => (await http.app.inject('/api/tasks/digits/rounds')).json()[0])
      .toMatchObject({ outcome: 'abandoned', downlinkBytes: bytes.length + 100 });
    expect((await http.app.inject('/metrics')).body).toContain(`fedtab_weights_bytes_total ${bytes.length + 100}`);
  });
});

describe('downloads of a version', () => {
  test('model.json and weights.bin', async () => {
    await create();
    const json = await http.app.inject('/api/tasks/digits/model/model.json');
    expect(json.headers).toMatchObject({ 'access-control-allow-origin': '*', 'cache-control': 'public, no-cache' });
    expect(json.json().weightsManifest[0].paths).toEqual(['weights.bin']);
    const weights = await http.app.inject('/api/tasks/digits/model/weights.bin?version=0');
    expect(weights.rawPayload.equals(bytes)).toBe(true);
  });

  test('model.npz, at both of its addresses', async () => {
    await create();
    for (const path of ['model.npz', 'model/model.npz?version=0']) {
      const response = await http.app.inject(`/api/tasks/digits/${path}`);
      expect(response.headers['content-disposition']).toBe('attachment; filename="digits-v0.npz"');
      const files = unzipSync(response.rawPayload);
      expect(Object.keys(files)).toEqual(['output/kernel.npy', 'output/bias.npy']);
      expect(Buffer.from(files['output/kernel.npy']!.subarray(128)).equals(bytes.subarray(0, 784 * 10 * 4))).toBe(true);
    }
  });

  test('404 for a version that is not there, or whose weights retention took; 422 for no number', async () => {
    await create();
    const get = (query: string) => http.app.inject(`/api/tasks/digits/model/model.json${query}`);
    expect([(await get('?version=1')).statusCode, (await get('?version=1')).json().error.code]).toEqual([
      404,
      'unknown-version',
    ]);
    expect((await get('?version=latest')).statusCode).toBe(422);
    expect((await get('?version=0&version=1')).statusCode).toBe(422);
    await http.storage.checkpoints.release('digits' as TaskId, [0]);
    expect((await get('?version=0')).json().error.code).toBe('not-kept');
  });
});
