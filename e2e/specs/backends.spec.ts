import { expect, type Page, test } from 'playwright/test';
import type { ClientPlan } from '../../shared/task/spec.ts';
import { TEMPLATES } from '../../shared/task/templates/index.ts';
import { lightChromium } from '../fixtures/browser.ts';
import { losing, stuckIn } from '../fixtures/losing-worker.ts';
import { addStrips, assignment, prepare } from '../fixtures/page-trainer.ts';
import { serveTrainerPage } from '../fixtures/trainer-page.ts';

// WebGPU on a software adapter, which Chromium gives only when asked.
test.use({ launchOptions: lightChromium('--enable-unsafe-webgpu') });
// One process for all of them: the page is built once.
// Software WebGPU takes seconds to compile one model, and more on a busy machine.
test.describe.configure({ mode: 'default', timeout: 180_000 });

let served: Awaited<ReturnType<typeof serveTrainerPage>>;
test.beforeAll(async () => {
  served = await serveTrainerPage();
});
test.afterAll(() => served.close());
test.beforeEach(async ({ page }) => {
  await page.goto(served.origin);
});

const small = { model: { zoo: 'softmax', seed: 1 } } as const;
/** Its shaders take seconds to compile without a GPU: away where a test is about another. */
const noWebgpu = "Object.defineProperty(navigator, 'gpu', { value: undefined });";
const BACKENDS = ['webgpu', 'webgl', 'wasm', 'cpu'] as const;

/** `tf.memory().numTensors` of the worker: TF.js keeps its one engine there. */
const tensors = (page: Page): Promise<number> | undefined =>
  page.workers()[0]?.evaluate(() => {
    const { _tfengine } = globalThis as unknown as { _tfengine: { memory(): { numTensors: number } } };
    return _tfengine.memory().numTensors;
  });

/** The chunks of the trainer that were asked for, by their first word. */
function watchChunks(page: Page): Set<string> {
  const chunks = new Set<string>();
  page.context().on('request', (request) => {
    const chunk = /assets\/(webgpu|webgl|wasm|cpu)-/.exec(request.url())?.[1];
    if (chunk !== undefined) chunks.add(chunk);
  });
  return chunks;
}

test.describe('each backend', () => {
  for (const backend of BACKENDS) {
    const tag = backend.startsWith('web') ? ['@long'] : [];
    test(`${backend} trains when asked for, and leaves as many tensors as it found`, { tag }, async ({ page }) => {
      await addStrips(page, 25);
      const choice = await prepare(page, backend, small);
      expect(choice).toMatchObject({ requested: backend, used: backend, reason: null });
      expect(await assignment(page, 1)).toMatchObject({ ok: true, examples: 25, steps: 3 });
      const before = await tensors(page);
      expect(before).toBeGreaterThan(0);
      expect(await assignment(page, 2)).toMatchObject({ ok: true });
      expect(await tensors(page)).toBe(before);
      await assignment(page, 3, 0);
      expect(await tensors(page)).toBe(before);
    });
  }
});

test.describe('the choice', () => {
  test('left to itself is the fastest that is right; what was found is kept, and the next visit opens one alone', {
    tag: '@long',
  }, async ({ page }) => {
    const chunks = watchChunks(page);
    const first = await prepare(page, 'auto', small);
    expect(first.findings?.map(({ backend, isRight }) => [backend, isRight])).toEqual(
      BACKENDS.map((backend) => [backend, true]),
    );
    const times = first.findings?.map((finding) => (finding.isRight ? finding.stepMs : Number.POSITIVE_INFINITY)) ?? [];
    expect(BACKENDS[times.indexOf(Math.min(...times))]).toBe(first.used);
    expect(first.reason).toBe(null);
    expect([...chunks].sort()).toEqual(['cpu', 'wasm', 'webgl', 'webgpu']);

    await page.reload();
    chunks.clear();
    expect(await prepare(page, 'auto', small)).toEqual(first);
    const unused = BACKENDS.filter((backend) => backend !== first.used && backend !== 'cpu');
    for (const backend of unused) expect(chunks).not.toContain(backend);
    // No database is made for it, and it goes with the rest.
    expect(await page.evaluate(async () => (await indexedDB.databases()).length)).toBe(0);
    await page.evaluate(() => parts.probeNotes('spec' as never).forget());
    expect(await page.evaluate(() => localStorage.length)).toBe(0);
  });

  test('is made among the others where there is neither WebGPU nor WebGL, and nothing of WebGPU is fetched', async ({
    page,
  }) => {
    const chunks = watchChunks(page);
    const without = `
      OffscreenCanvas.prototype.getContext = () => null;
      ${noWebgpu}`;
    const { used, reason, findings } = await prepare(page, 'auto', {}, without);
    expect(used).toBe('wasm');
    expect(reason).toBe(null);
    expect(findings?.slice(0, 2)).toMatchObject([
      { backend: 'webgpu', fault: 'absent', reason: 'WebGPU is not available here' },
      { backend: 'webgl', fault: 'absent', reason: 'WebGL is not available here' },
    ]);
    expect(chunks).not.toContain('webgpu');
    await addStrips(page, 20);
    expect(await assignment(page, 1)).toMatchObject({ ok: true, examples: 20 });
  });

  test('is the next best where what was asked for is not available, and the page is told why', async ({ page }) => {
    const noWebgl = `OffscreenCanvas.prototype.getContext = () => null; ${noWebgpu}`;
    const { used, reason } = await prepare(page, 'webgl', small, noWebgl);
    expect(used).not.toBe('webgl');
    expect(reason).toMatch(/^WebGL is not available here; .* trains instead/);
  });

  test('is not WebGL where that has half precision only', { tag: '@long' }, async ({ page }) => {
    const choice = await page.evaluate(async (small) => {
      const address = `${parts.workerAddress}?tfjsflags=WEBGL_FORCE_F16_TEXTURES:true`;
      const worker = () => new Worker(address, { type: 'module' });
      const trainer = parts.createRemoteTrainer({ task: 'spec' as never, worker });
      return trainer.prepare(parts.participationOf({ ...parts.TEMPLATES.digits, ...small }), 'webgl');
    }, small);
    expect(choice.used).not.toBe('webgl');
    expect(choice.reason).toContain('half precision');
    expect(choice.findings).toContainEqual(expect.objectContaining({ backend: 'webgl', fault: 'half-precision' }));
  });

  test('is not WebGL in Safari, as TF.js knows it', { tag: '@long' }, async ({ page }) => {
    const safari = "Object.defineProperty(navigator, 'vendor', { value: 'Apple Computer, Inc.' });";
    const { used, reason, findings } = await prepare(page, 'webgl', small, `${safari} ${noWebgpu}`);
    expect(used).not.toBe('webgl');
    expect(reason).toMatch(/^Safari has no WebGL for training in a worker; .* trains instead/);
    expect(findings).toContainEqual(expect.objectContaining({ backend: 'webgl', fault: 'no-worker' }));
  });

  test('trains convolutions on WebGL, and leaves as many tensors as it found', { tag: '@long' }, async ({ page }) => {
    await addStrips(page, 10);
    const convolutional = { model: { zoo: 'cnn-small', seed: 1 } } as const;
    expect(await prepare(page, 'webgl', convolutional)).toMatchObject({ used: 'webgl', reason: null });
    expect(await assignment(page, 1)).toMatchObject({ ok: true, steps: 1 });
    const before = await tensors(page);
    expect(await assignment(page, 2)).toMatchObject({ ok: true });
    expect(await tensors(page)).toBe(before);
  });

  test('that cannot even be loaded is an error with a sentence, not silence', async ({ page }) => {
    const message = await page.evaluate(async () => {
      const worker = () => new Worker('/no-such-worker.js', { type: 'module' });
      const trainer = parts.createRemoteTrainer({ task: 'spec' as never, worker });
      return trainer.prepare(parts.participationOf(parts.TEMPLATES.digits), 'auto').catch(String);
    });
    expect(message).toContain("the trainer's worker failed");
  });
});

test.describe('lost graphics', { tag: '@long' }, () => {
  // An epoch of three batches and the scores before and after it, lost at evenly spread points of it, the ends included.
  for (const [backend, points] of [
    ['webgl', 5],
    ['webgpu', 1],
  ] as const) {
    test(`threat C3: ${backend}: wherever in an epoch it is lost, nothing is reported; then a new context, then another backend`, async ({
      page,
    }) => {
      await addStrips(page, 30);
      const seen = await page.evaluate(
        async ({ backend, small, lines, points }) => {
          const spec = { ...parts.TEMPLATES.digits, ...small };
          const params = parts.initialWeights(parts.modelOf(spec), 1);
          const notes = parts.probeNotes('spec' as never);
          const told = new BroadcastChannel('graphics');
          const counted = new Promise<number>((resolve) => {
            told.onmessage = ({ data }) => resolve(data);
          });
          let loseAt = 0;
          const worker = () => parts.blobWorker(lines.replace('LOSE_AT', String(loseAt)));
          const trainer = parts.createRemoteTrainer({ task: 'spec' as never, worker, notes });
          const once = async (at: number) => {
            loseAt = at;
            const choice = await trainer.prepare(parts.participationOf(spec), backend);
            const options = { seed: 1, signal: new AbortController().signal, onProgress: () => {} };
            const result = await trainer.train(params.slice(), options);
            return { ...choice, outcome: result.ok ? `${result.steps} steps` : result.reason };
          };
          /** As after a success in between: two losses in a row would take another backend. */
          const asked = async () => {
            await trainer.prepare(parts.participationOf(spec), 'cpu');
            trainer.close();
          };
          const whole = await once(0);
          const draws = await counted;
          trainer.close();
          const outcomes: string[] = [];
          for (let point = 0; point < points; point++) {
            const { outcome } = await once(1 + Math.floor(((draws - 1) * point) / Math.max(1, points - 1)));
            outcomes.push(outcome);
            await asked();
          }
          const first = await once(Math.floor(draws / 2));
          const second = await once(Math.floor(draws / 2));
          const third = await once(0);
          return { whole: whole.outcome, draws, outcomes, row: [first, second], third, kept: notes.load() };
        },
        { backend, small, lines: losing('LOSE_AT'), points },
      );
      expect(seen.whole).toBe('3 steps');
      expect(seen.draws).toBeGreaterThan(20);
      expect(seen.outcomes).toEqual(new Array(points).fill('backend-lost'));
      for (const lost of seen.row) expect(lost).toMatchObject({ used: backend, outcome: 'backend-lost' });
      expect(seen.third).toMatchObject({ requested: backend, outcome: '3 steps', losses: points + 2 });
      expect(seen.third.used).not.toBe(backend);
      expect(seen.third.reason).toMatch(/was lost here before; .* trains instead/);
      expect(JSON.stringify(seen.kept)).not.toContain(`"backend":"${backend}"`);
    });
  }
});

/** What the worker has linked so far; its lines count it. */
const COUNT_PROGRAMS = `
{
  globalThis.programs = 0;
  const { linkProgram } = WebGL2RenderingContext.prototype;
  WebGL2RenderingContext.prototype.linkProgram = function (program) {
    globalThis.programs++;
    return linkProgram.call(this, program);
  };
}`;
const programs = (page: Page): Promise<number> | undefined =>
  page.workers()[0]?.evaluate(() => (globalThis as unknown as { programs: number }).programs);

test.describe('outside the deadline', () => {
  const { client } = TEMPLATES.digits;
  for (const [name, plan] of [
    ['sgd', client],
    ['momentum', { ...client, optimizer: 'momentum', momentum: 0.9 }],
    ['FedProx', { ...client, work: 'prox', mu: 0.1 }],
    ['SCAFFOLD', { ...client, work: 'scaffold' }],
    ['one full batch', { ...client, work: 'full-batch' }],
    ['examples set aside', { ...client, heldOut: true }],
  ] as [string, ClientPlan][]) {
    const tag = name === 'FedProx' || name === 'momentum' ? [] : ['@long'];
    test(`everything is compiled for ${name}: after prepare, rounds link no program of WebGL`, { tag }, async ({
      page,
    }) => {
      // Enough of them that own examples are scored in two passes.
      await addStrips(page, 900);
      const choice = await prepare(page, 'webgl', { ...small, client: plan }, `${noWebgpu} ${COUNT_PROGRAMS}`);
      expect(choice).toMatchObject({ used: 'webgl', reason: null });
      const linked = await programs(page);
      expect(linked).toBeGreaterThan(5);
      expect(await assignment(page, 1)).toMatchObject({ ok: true });
      expect(await programs(page)).toBe(linked);
      expect(await assignment(page, 2)).toMatchObject({ ok: true });
      expect(await programs(page)).toBe(linked);
    });
  }
});

test.describe('a loss outside training', { tag: '@long' }, () => {
  for (const method of ['predict', 'evaluate', 'score', 'fit'] as const) {
    test(`threat C3: in ${method}: no answer, counted, and a new worker answers`, async ({ page }) => {
      await addStrips(page, 60);
      const seen = await page.evaluate(
        async ({ method, small, lines }) => {
          const spec = { ...parts.TEMPLATES.digits, ...small };
          const params = () => parts.initialWeights(parts.modelOf(spec), 1);
          let workers = 0;
          const worker = () => parts.blobWorker(++workers === 1 ? lines : '');
          const trainer = parts.createRemoteTrainer({ task: 'spec' as never, worker });
          const prepare = () => trainer.prepare(parts.participationOf(spec), 'webgl');
          const options = { seed: 1, signal: new AbortController().signal, onProgress: () => {} };
          const call = async () => {
            const answer =
              method === 'predict'
                ? await trainer.predict(params(), parts.strips(1).features)
                : method === 'evaluate'
                  ? await trainer.evaluate(params())
                  : method === 'fit'
                    ? await trainer.fit({ shared: params(), start: null }, options)
                    : await trainer.score(params(), options);
            if (answer === null) return null;
            return 'ok' in answer ? (answer.ok ? 'answered' : answer.reason) : 'answered';
          };
          const first = await prepare();
          const lost = await call();
          const second = await prepare();
          const again = await call();
          return { first, lost, second, again, workers };
        },
        { method, small, lines: losing(1, method) },
      );
      expect(seen.first).toMatchObject({ used: 'webgl', losses: 0 });
      expect(seen.lost).toBe(method === 'predict' || method === 'evaluate' ? null : 'backend-lost');
      expect(seen.second).toMatchObject({ used: 'webgl', losses: 1 });
      expect(seen.again).toBe('answered');
      expect(seen.workers).toBe(2);
    });
  }
});

test.describe('a worker whose thread never comes back', () => {
  for (const method of ['train', 'predict', 'examples'] as const) {
    const tag = method === 'train' ? [] : ['@long'];
    test(`from ${method} is ended, the loss counted, and another goes on`, { tag }, async ({ page }) => {
      await addStrips(page, 30);
      const seen = await page.evaluate(
        async ({ method, small, lines }) => {
          const spec = { ...parts.TEMPLATES.digits, ...small };
          const params = () => parts.initialWeights(parts.modelOf(spec), 1);
          let workers = 0;
          const worker = () => parts.blobWorker(++workers === 1 ? lines : '');
          const trainer = parts.createRemoteTrainer({ task: 'spec' as never, worker, silentMs: 15_000 });
          const prepare = () => trainer.prepare(parts.participationOf(spec), 'wasm');
          const options = { seed: 1, signal: new AbortController().signal, onProgress: () => {} };
          const call = async () => {
            if (method === 'examples') return trainer.examples().catch(String);
            if (method === 'predict') return (await trainer.predict(params(), parts.strips(1).features))?.length;
            const result = await trainer.train(params(), options);
            return result.ok ? result.examples : `${result.reason}: ${result.message}`;
          };
          await prepare();
          return [(await call()) ?? null, (await prepare()).losses, await call(), workers];
        },
        { method, small, lines: `${noWebgpu} ${stuckIn(method)}` },
      );
      const why = "the trainer's worker is stuck: no answer for 15 seconds";
      const outcome = { train: `backend-lost: ${why}`, predict: null, examples: `Error: ${why}` }[method];
      expect(seen).toEqual([outcome, 1, method === 'predict' ? 10 : 30, 2]);
    });
  }

  test('from a backend that is being tried is ended, and the others are tried without it', async ({ page }) => {
    const seen = await page.evaluate(
      async ({ small, lines }) => {
        const spec = { ...parts.TEMPLATES.digits, ...small };
        const worker = () => parts.blobWorker(lines);
        const trainer = parts.createRemoteTrainer({ task: 'spec' as never, worker, silentMs: 15_000 });
        return trainer.prepare(parts.participationOf(spec), 'webgl');
      },
      { small, lines: `${noWebgpu} OffscreenCanvas.prototype.getContext = () => { for (;;); };` },
    );
    expect(seen).toMatchObject({ requested: 'webgl', losses: 1 });
    expect(['wasm', 'cpu']).toContain(seen.used);
    expect(seen.reason).toMatch(/^WebGL was lost here before; .* trains instead/);
  });
});
