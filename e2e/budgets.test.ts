import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { mean } from '../server/learning/aggregators/mean.ts';
import type { TaskId } from '../shared/ids.ts';
import { FRAME_HEADER_BYTES } from '../shared/wire/frame.ts';
import { ensureBuilt } from './fixtures/built.ts';
import { ASKED_FOR_MEMORY, heldBytes } from './fixtures/held-memory.ts';
import { type RunningServer, startServer } from './fixtures/server.ts';
import { Population, viewUntil } from './sim/population.ts';
import { noiseTrainer } from './sim/trainers.ts';

/** What the system may weigh. Sizes are exact; memory is measured with three times the room that it was seen to take. */

const web = join(import.meta.dirname, '../dist/web');
const script = (name: string): string => readFileSync(join(web, name), 'utf8');
const gzipped = (text: string): number => gzipSync(text).length;

describe('what pages fetch', () => {
  beforeAll(() => ensureBuilt());

  /** A script with all that it imports without being asked. */
  function withImports(path: string, seen = new Map<string, string>()): ReadonlyMap<string, string> {
    if (seen.has(path)) return seen;
    const text = script(path);
    seen.set(path, text);
    for (const [, address = ''] of text.matchAll(/(?:from|import)\s*["'`](\.[^"'`]+)["'`]/g)) {
      withImports(join(path, '..', address), seen);
    }
    return seen;
  }
  const sizeOf = (path: string): number =>
    [...withImports(path).values()].reduce((sum, text) => sum + gzipped(text), 0);

  test('threat E2: embed.js is at most 10 kB, and one file', () => {
    expect(gzipped(script('embed.js'))).toBeLessThanOrEqual(10_000);
    expect([...withImports('embed.js').keys()]).toEqual(['embed.js']);
  });

  test('after consent: the SDK at most 54 kB and the panel 25 kB, neither with TF.js', () => {
    const panel = readdirSync(join(web, 'assets')).find((name) => /^panel-.*\.js$/.test(name)) ?? '';
    expect(sizeOf('sdk.js')).toBeLessThanOrEqual(54_000);
    expect(gzipped(script(`assets/${panel}`))).toBeLessThanOrEqual(25_000);
    for (const [, text] of withImports('sdk.js')) expect(text).not.toMatch(/WEBGL_|setBackend|registerKernel/);
    expect([...withImports('trainer.js').values()].join()).toMatch(/registerKernel|setBackend|WEBGL_/);
  });

  test('no chunk imports from trainer.js, which WebKit would run a second time beside the worker that it began', () => {
    const chunks = readdirSync(join(web, 'assets')).filter((name) => name.endsWith('.js'));
    const importing = chunks.filter((name) => withImports(`assets/${name}`).has('trainer.js'));
    expect([chunks.length > 10, importing]).toEqual([true, []]);
  });

  test('each backend is a chunk of its own, fetched when it is tried: WebGPU at most 80 kB', () => {
    const chunks = readdirSync(join(web, 'assets')).filter((name) => /^(webgpu|webgl|wasm|cpu)-.*\.js$/.test(name));
    expect(chunks.map((name) => name.split('-')[0]).sort()).toEqual(
      expect.arrayContaining(['cpu', 'wasm', 'webgl', 'webgpu']),
    );
    for (const path of withImports('trainer.js').keys())
      expect(chunks.map((name) => `assets/${name}`)).not.toContain(path);
    const webgpu = chunks.find((name) => name.startsWith('webgpu-')) ?? '';
    expect(gzipped(script(`assets/${webgpu}`))).toBeLessThanOrEqual(80_000);
  });

  test('types stand beside the SDK', () => {
    const [, types = ''] = /from '(.+)\.js'/.exec(script('sdk.d.ts')) ?? [];
    expect(existsSync(join(web, `${types}.d.ts`))).toBe(true);
    expect(script(`${types}.d.ts`)).toContain('createClient');
  });
});

describe('what rounds weigh', () => {
  let server: RunningServer;
  let population: Population | undefined;
  beforeAll(async () => {
    server = await startServer({ nodeArgs: ASKED_FOR_MEMORY });
  });
  afterAll(async () => {
    await population?.close();
    await server.dispose();
  });
  const createTask = async (id: string, goal: number): Promise<TaskId> => {
    const rounds = { goal, minimum: 1, selectionDeadlineMs: 60_000 };
    await server.adminJson('/api/tasks', { body: { template: 'digits', model: { zoo: 'softmax' }, id, rounds } });
    return id as TaskId;
  };

  test('a round takes one report and 4 kB up, the model and 8 kB down', async () => {
    const task = await createTask('bytes', 1);
    population = new Population({ server: server.url, task, count: 1, trainer: noiseTrainer });
    const [client] = population.clients;
    if (client === undefined) throw new Error('no client');
    const counted = viewUntil(client, ({ notes }) => notes.filter(({ outcome }) => outcome === 'counted').length === 3);
    await population.start();
    await server.adminJson(`/api/tasks/${task}/rounds`, { body: { count: 3 } });
    const { sentBytes, receivedBytes } = await counted;
    const reportBytes = FRAME_HEADER_BYTES + 7_850 * 4;
    expect(sentBytes).toBeGreaterThan(3 * reportBytes);
    expect(sentBytes).toBeLessThanOrEqual(3 * (reportBytes + 4_000));
    expect(receivedBytes).toBeLessThanOrEqual(3 * (7_850 * 4 + 8_000));
    await population.close();
  });

  test('threat C8: a contributor who waits takes the server at most 50 kB', async () => {
    const task = await createTask('sockets', 1);
    const holding = async (count: number): Promise<number> => {
      population = new Population({ server: server.url, task, count, trainer: noiseTrainer });
      await population.start();
      await Promise.all(population.clients.map((client) => viewUntil(client, ({ state }) => state === 'waiting')));
      return heldBytes(server);
    };
    // The first of them make the process grow to what any number needs.
    const few = await holding(20);
    await population?.close();
    expect(((await holding(120)) - few) / 100).toBeLessThanOrEqual(50_000);
  });
});

test('the mean takes one vector of doubles, however many updates are folded into it', () => {
  const values = 1_000_000;
  const delta = new Float32Array(values).fill(0.5);
  const before = process.memoryUsage().arrayBuffers;
  let state = mean.init(values);
  for (let update = 0; update < 20; update++) state = mean.add(state, { delta, weight: 1 });
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThanOrEqual(values * 8 + 100_000);
  expect(mean.finish(state)[0]).toBeCloseTo(0.5);
});
