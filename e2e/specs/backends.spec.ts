import { expect, type Page, test } from 'playwright/test';
import { findChromium, launchOptions } from '../fixtures/browser.ts';
import { losing } from '../fixtures/losing-worker.ts';
import { addStrips, assignment, prepare } from '../fixtures/page-trainer.ts';
import { serveTrainerPage } from '../fixtures/trainer-page.ts';

// WebGPU on a software adapter, which Chromium gives only when asked.
const chromium = findChromium();
if (!chromium.ok) throw new Error(chromium.reason);
const options = launchOptions(chromium.path);
test.use({ launchOptions: { ...options, args: [...(options.args ?? []), '--enable-unsafe-webgpu'] } });
// One process for all of them: the page is built once.
test.describe.configure({ mode: 'default' });

let served: Awaited<ReturnType<typeof serveTrainerPage>>;
test.beforeAll(async () => {
  served = await serveTrainerPage();
});
test.afterAll(() => served.close());
test.beforeEach(async ({ page }) => {
  await page.goto(served.origin);
});

const small = { model: { zoo: 'softmax', seed: 1 } } as const;
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
    test(`${backend} trains when asked for, and leaves as many tensors as it found`, async ({ page }) => {
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
  test('left to itself is the fastest that is right; what was found is kept, and the next visit opens one alone', async ({
    page,
  }) => {
    const chunks = watchChunks(page);
    const first = await prepare(page, 'auto');
    expect(first.findings?.map(({ backend, isRight }) => [backend, isRight])).toEqual(
      BACKENDS.map((backend) => [backend, true]),
    );
    const times = first.findings?.map((finding) => (finding.isRight ? finding.stepMs : Number.POSITIVE_INFINITY)) ?? [];
    expect(BACKENDS[times.indexOf(Math.min(...times))]).toBe(first.used);
    expect(first.reason).toBe(null);
    expect([...chunks].sort()).toEqual(['cpu', 'wasm', 'webgl', 'webgpu']);

    await page.reload();
    chunks.clear();
    expect(await prepare(page, 'auto')).toEqual(first);
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
      Object.defineProperty(navigator, 'gpu', { value: undefined });`;
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
    const noWebgl = 'OffscreenCanvas.prototype.getContext = () => null;';
    const { used, reason } = await prepare(page, 'webgl', {}, noWebgl);
    expect(used).not.toBe('webgl');
    expect(reason).toMatch(/^WebGL is not available here; .* trains instead/);
  });

  test('is not WebGL where that has half precision only', async ({ page }) => {
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

  test('is not WebGL in Safari, as TF.js knows it', async ({ page }) => {
    const safari = "Object.defineProperty(navigator, 'vendor', { value: 'Apple Computer, Inc.' });";
    const { used, reason, findings } = await prepare(page, 'webgl', small, safari);
    expect(used).not.toBe('webgl');
    expect(reason).toMatch(/^Safari has no WebGL for training in a worker; .* trains instead/);
    expect(findings).toContainEqual(expect.objectContaining({ backend: 'webgl', fault: 'no-worker' }));
  });

  test('trains convolutions on WebGL and on WebGPU', async ({ page }) => {
    await addStrips(page, 10);
    for (const backend of ['webgl', 'webgpu'] as const) {
      expect(await prepare(page, backend, { model: { zoo: 'cnn-small', seed: 1 } })).toMatchObject({ used: backend });
      expect(await assignment(page, 1)).toMatchObject({ ok: true, steps: 1 });
      const before = await tensors(page);
      expect(await assignment(page, 2)).toMatchObject({ ok: true });
      expect(await tensors(page)).toBe(before);
    }
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

/** An epoch of six batches on each backend, lost at so many points of it. */
const LOSS_POINTS = 9;

test.describe('lost graphics', () => {
  for (const backend of ['webgl', 'webgpu'] as const) {
    test(`${backend}: wherever in an epoch it is lost, nothing is reported, and a new worker trains`, async ({
      page,
    }) => {
      await addStrips(page, 60);
      const seen = await page.evaluate(
        async ({ backend, small, lines, points }) => {
          const spec = { ...parts.TEMPLATES.digits, ...small };
          const params = parts.initialWeights(parts.modelOf(spec), 1);
          const notes = parts.probeNotes('spec' as never);
          const lost: { at: number; outcome: string }[] = [];
          const told = new BroadcastChannel('graphics');
          const draws = new Promise<number>((resolve) => {
            told.onmessage = ({ data }) => resolve(data);
          });
          let loseAt = 0;
          const worker = () => parts.blobWorker(lines.replace('LOSE_AT', String(loseAt)));
          const trainWith = async (trainer: ReturnType<typeof parts.createRemoteTrainer>) => {
            const choice = await trainer.prepare(parts.participationOf(spec), backend);
            const options = { seed: 1, signal: new AbortController().signal, onProgress: () => {} };
            const result = await trainer.train(params, options);
            return { ...choice, outcome: result.ok ? `${result.steps} steps` : result.reason };
          };
          const once = async (at: number) => {
            loseAt = at;
            const trainer = parts.createRemoteTrainer({ task: 'spec' as never, worker, notes });
            const { outcome } = await trainWith(trainer);
            return { trainer, outcome };
          };
          const whole = await once(0);
          whole.trainer.close();
          const all = await draws;
          for (let point = 0; point < points; point++) {
            const at = 1 + Math.floor(((all - 1) * point) / (points - 1));
            const { trainer, outcome } = await once(at);
            lost.push({ at, outcome });
            trainer.close();
          }
          // Once lost, the next worker has a new context; lost twice in a row, the next backend.
          const again = await once(Math.floor(all / 2));
          const second = await trainWith(again.trainer);
          loseAt = 0;
          const third = await trainWith(again.trainer);
          return { whole: whole.outcome, all, lost, row: [again.outcome, second.outcome], third, kept: notes.load() };
        },
        { backend, small, lines: losing('LOSE_AT'), points: LOSS_POINTS },
      );
      expect(seen.whole).toBe('6 steps');
      expect(seen.all).toBeGreaterThan(LOSS_POINTS);
      expect(seen.lost.map(({ outcome }) => outcome)).toEqual(new Array(LOSS_POINTS).fill('backend-lost'));
      expect(seen.row).toEqual(['backend-lost', 'backend-lost']);
      expect(seen.third).toMatchObject({ requested: backend, outcome: '6 steps', losses: 2 });
      expect(seen.third.used).not.toBe(backend);
      expect(seen.third.reason).toMatch(/was lost twice in a row; .* trains instead/);
      expect(JSON.stringify(seen.kept)).not.toContain(`"backend":"${backend}"`);
    });
  }
});
