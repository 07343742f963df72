import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { sha256Hex } from '../../shared/hash.ts';
import { LIMITS } from '../../shared/limits.ts';
import { initialWeights } from '../../shared/model/initial-weights.ts';
import { modelOf } from '../../shared/task/model-of.ts';
import { custom } from '../../shared/task/templates/custom.ts';
import { toBytes } from '../../shared/weights/vector.ts';
import { sweep } from '../storage/retention.ts';
import { type OpenHttp, openHttp, TOKEN } from './fixtures/open-http.ts';

let http: OpenHttp;
beforeEach(async () => {
  http = await openHttp();
});
afterEach(() => http.close());

const authorization = `Bearer ${TOKEN}`;
const send = (payload: Uint8Array, headers: Record<string, string> = { authorization }) =>
  http.app.inject({
    method: 'POST',
    url: '/api/weights',
    headers: { 'content-type': 'application/octet-stream', ...headers },
    payload: Buffer.from(payload),
  });
const create = (body: object) => http.admin('/api/tasks', { body: { template: 'custom', ...body } });
const fetched = async (url: string) => (await http.app.inject({ url })).rawPayload;
const weights = Buffer.from(toBytes(initialWeights(modelOf(custom), 77)));

describe('POST /api/weights', () => {
  test('names them by their hash; the same bytes again are the same', async () => {
    const expected = { sha256: sha256Hex(weights), bytes: 16_552 };
    for (let time = 0; time < 2; time++) {
      const response = await send(weights);
      expect(response.statusCode).toBe(201);
      expect(response.json()).toEqual(expected);
    }
    const [entry] = await http.storage.admin.audit(1);
    expect(entry).toMatchObject({ actor: 'token', action: 'weights.keep', details: expected });
    // Nobody reads them before they are a task's.
    expect((await http.app.inject({ url: `/weights/${expected.sha256}` })).statusCode).toBe(404);
  });

  test('what no task took is gone after an hour; what one took stays', async () => {
    const { sha256 } = (await send(weights)).json();
    const other = (await send(weights.subarray(4))).json().sha256;
    expect((await create({ model: { weights: sha256 } })).statusCode).toBe(201);
    await sweep(http.storage, http.blobs, Date.now() + LIMITS.blobGraceMs + 60_000);
    expect(await http.blobs.size(sha256)).toBe(16_552);
    expect(await http.blobs.size(other)).toBeNull();
    const late = await create({ id: 'late', model: { weights: other } });
    expect(late.statusCode).toBe(422);
    expect(late.json().error.problems).toEqual([
      { path: 'model.weights', message: expect.stringMatching(/send them again/) },
    ]);
  });

  test.each([
    ['nobody', () => send(weights, {}), 401],
    ['nothing', () => send(new Uint8Array()), 422],
    ['a byte too many', () => send(Buffer.concat([weights, Buffer.of(1)])), 422],
    ['NaN', () => send(toBytes(Float32Array.of(1, Number.NaN))), 422],
    ['infinity', () => send(toBytes(Float32Array.of(1, Number.POSITIVE_INFINITY))), 422],
    ['JSON', () => send(Buffer.from('{}'), { authorization, 'content-type': 'application/json' }), 415],
    [
      'a length beyond the limit',
      () => send(weights, { authorization, 'content-length': String(LIMITS.uploadedWeightsBytes + 1) }),
      413,
    ],
  ])('from %s', async (_, ask, status) => {
    expect((await ask()).statusCode).toBe(status);
  });
});

describe('a task with a model of one’s own', () => {
  test('begins with the weights that were sent, and so does its copy after it is gone', async () => {
    const { sha256 } = (await send(weights)).json();
    expect((await create({ model: { weights: sha256 } })).statusCode).toBe(201);
    expect((await http.admin('/api/tasks/custom')).json()).toMatchObject({ version: 0, sha256 });
    await http.admin('/api/tasks/custom/duplicate', { body: { id: 'copy' } });
    await http.admin('/api/tasks/custom', { method: 'DELETE', body: { confirm: 'custom' } });
    expect((await fetched('/api/tasks/copy/model/weights.bin')).equals(weights)).toBe(true);
  });

  test('is refused with weights of another model, and nothing of it is there', async () => {
    const { sha256 } = (await send(weights.subarray(4))).json();
    const response = await create({ model: { weights: sha256 } });
    expect(response.statusCode).toBe(422);
    expect(response.json().error.problems).toEqual([
      { path: 'model.weights', message: 'the model takes 16552 bytes of weights, these are 16548' },
    ]);
    expect((await http.admin('/api/tasks')).json()).toEqual([]);
    expect((await create({ model: { weights: 'x' } })).json().error.problems).toContainEqual({
      path: 'model.weights',
      message: 'must be the sha256 that POST /api/weights answered',
    });
    // With the seed it goes under the same id.
    expect((await create({})).statusCode).toBe(201);
  });

  test('is refused with a variance below 0', async () => {
    const layers = [
      { class_name: 'Flatten', config: { name: 'flat' } },
      { class_name: 'BatchNormalization', config: { name: 'norm' } },
      { class_name: 'Dense', config: { name: 'classes', units: 10, activation: 'softmax' } },
    ] as const;
    const begun = new Float32Array(4 * 784 + 7_850).fill(1);
    begun[4 * 784 - 1] = -0.001;
    const model = {
      topology: { input: [28, 28, 1], layers },
      weights: (await send(Buffer.from(toBytes(begun)))).json().sha256,
    };
    const response = await create({ model, client: { local: ['norm'] } });
    expect(response.json().error.problems).toEqual([
      { path: 'model.weights', message: 'norm/moving_variance holds a value below 0, which no variance is' },
    ]);
    begun[4 * 784 - 1] = 0;
    const good = { ...model, weights: (await send(Buffer.from(toBytes(begun)))).json().sha256 };
    expect((await create({ model: good, client: { local: ['norm'] } })).statusCode).toBe(201);
  });

  test('goes out as model.json and comes in again: the same topology and the same weights', async () => {
    const { sha256 } = (await send(weights)).json();
    await create({ model: { weights: sha256 } });
    const layersModel = JSON.parse(String(await fetched('/api/tasks/custom/model/model.json')));
    const again = (await send(await fetched('/api/tasks/custom/model/weights.bin'))).json();
    const body = { id: 'again', template: 'digits', model: { layersModel, weights: again.sha256, seed: 5 } };
    expect((await http.admin('/api/tasks', { body })).json()).toEqual({ id: 'again' });
    const { spec, sha256: now } = (await http.admin('/api/tasks/again')).json();
    expect(spec.model).toEqual({ topology: custom.model.topology, seed: 5, weights: sha256 });
    expect(now).toBe(sha256);
  });

  test('says what was left out, and refuses by path what cannot be taken', async () => {
    const layersModel = (layers: object[]) => ({
      modelTopology: { class_name: 'Sequential', config: { name: 'm', layers } },
    });
    const flatten = { class_name: 'Flatten', config: { name: 'f', batch_input_shape: [null, 28, 28, 1] } };
    const dense = (units: number) => ({ class_name: 'Dense', config: { name: 'd', units, activation: 'softmax' } });
    const dropout = { class_name: 'Dropout', config: { name: 'sometimes', rate: 0.5 } };
    const taken = await create({ model: { layersModel: layersModel([flatten, dropout, dense(10)]) } });
    expect(taken.json()).toEqual({ id: 'custom', notes: [expect.stringMatching(/^sometimes is left out/)] });

    const huge = await create({ id: 'huge', model: { layersModel: layersModel([flatten, dense(1e12)]) } });
    expect(huge.statusCode).toBe(422);
    expect(huge.json().error.problems).toEqual([
      {
        path: 'model.layersModel.modelTopology.config.layers.1.config.units',
        message: 'must be a whole number from 1 to 100000000; choose a smaller layer',
      },
    ]);
    const eleven = await create({ id: 'eleven', model: { layersModel: layersModel([flatten, dense(11)]) } });
    expect(eleven.json().error.problems).toEqual([
      { path: 'data.labels', message: 'the model must have one output for each label' },
    ]);
    const hostile = await http.app.inject({
      method: 'POST',
      url: '/api/tasks',
      headers: { authorization, 'content-type': 'application/json' },
      payload: '{"template":"custom","model":{"layersModel":{"__proto__":{"class_name":"Sequential"}}}}',
    });
    expect(hostile.statusCode).toBe(400);
  });

  test('takes flat weights only in the order of its layers', async () => {
    const dense = (name: string, units: number) => ({
      class_name: 'Dense',
      config: { name, units, activation: 'softmax' },
    });
    const flatten = { class_name: 'Flatten', config: { name: 'f', batch_input_shape: [null, 28, 28, 1] } };
    const layers = [flatten, dense('z', 3), dense('a', 10)];
    const tensor = (name: string, ...shape: number[]) => ({ name, shape, dtype: 'float32' });
    const weightsManifest = [
      {
        paths: ['w.bin'],
        weights: [tensor('a/kernel', 3, 10), tensor('a/bias', 10), tensor('z/kernel', 784, 3), tensor('z/bias', 3)],
      },
    ];
    const layersModel = { modelTopology: { class_name: 'Sequential', config: { layers } }, weightsManifest };
    const response = await create({ model: { layersModel, weights: '0'.repeat(64) } });
    expect(response.json().error.problems).toEqual([
      { path: 'model.layersModel.weightsManifest', message: expect.stringMatching(/order of the layers/) },
    ]);
    expect((await create({ model: { layersModel } })).statusCode).toBe(201);
  });
});
