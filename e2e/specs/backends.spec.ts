import { expect, type Page, test } from 'playwright/test';
import { lightChromium } from '../fixtures/browser.ts';
import { losing } from '../fixtures/losing-worker.ts';
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
      expect(seen.third.reason).toMatch(/was lost twice in a row; .* trains instead/);
      expect(JSON.stringify(seen.kept)).not.toContain(`"backend":"${backend}"`);
    });
  }
});
