import { expect, test } from 'playwright/test';
import { sha256Hex } from '../../shared/hash.ts';
import type { Sha256 } from '../../shared/ids.ts';
import { initialWeights } from '../../shared/model/initial-weights.ts';
import type { ModelTopology } from '../../shared/model/topology.ts';
import { seededRng } from '../../shared/rng.ts';
import { bytesForm } from '../../shared/task/kinds/form.ts';
import { modelOf, topologyOf } from '../../shared/task/model-of.ts';
import type { ClientPlan } from '../../shared/task/spec.ts';
import { TEMPLATES } from '../../shared/task/templates/index.ts';
import { norm, toBytes } from '../../shared/weights/vector.ts';
import { makeStep } from '../../shared/wire/step.ts';
import { trainAssigned } from '../../web/trainer/core/assignment.ts';
import { openCpu } from '../../web/trainer/core/backends/cpu.ts';
import { examplesOf } from '../../web/trainer/core/examples.ts';
import { buildModel } from '../../web/trainer/core/model.ts';
import { memoryOwnState } from '../../web/trainer/core/own-state.ts';
import { train } from '../../web/trainer/core/train.ts';
import { addStrips, assignment, prepare } from '../fixtures/page-trainer.ts';
import { type SubSession, subSession } from '../fixtures/sub-session.ts';
import { serveTrainerPage } from '../fixtures/trainer-page.ts';

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

/** ‖a − b‖ / ‖b‖. */
const distance = (a: readonly number[], b: Float32Array): number =>
  norm(b.map((value, index) => value - (a[index] ?? Number.NaN))) / norm(b);

/** The page's strips, made again here. */
function strips(count: number) {
  const rng = seededRng(1);
  const labels = Uint16Array.from({ length: count }, () => rng.below(10));
  const images = Uint8Array.from({ length: count * 784 }, (_, at) => {
    const row = Math.floor((at % 784) / 28);
    return Math.floor(row / 2.8) === labels[Math.floor(at / 784)] ? 200 + rng.below(56) : rng.below(60);
  });
  return { features: images, targets: labels };
}

test('WebGL in a worker trains as the plain CPU in Node does, from IndexedDB, to 1e-4', async ({ page }) => {
  await addStrips(page, 95);
  expect(await prepare(page, 'webgl')).toMatchObject({ requested: 'webgl', used: 'webgl', reason: null });
  const inTab = await assignment(page, 7);

  const spec = TEMPLATES.digits;
  const model = buildModel(topologyOf(spec), spec.client.loss, await openCpu());
  const examples = examplesOf(bytesForm([28, 28, 1], 10), [strips(95)]);
  const here = await train(model, initialWeights(modelOf(spec), 1), examples, { plan: spec.client, seed: 7 });
  if (!here.ok) throw new Error(here.message);
  expect(inTab).toMatchObject({ ok: true, examples: 95, steps: 10 });
  expect(distance(inTab.delta, here.delta)).toBeLessThan(1e-4);
  expect(inTab.metrics?.lossBefore).toBeCloseTo(here.metrics.lossBefore ?? Number.NaN, 4);
  expect(inTab.metrics?.lossAfter).toBeCloseTo(here.metrics.lossAfter ?? Number.NaN, 4);
  expect(inTab.metrics?.accuracyAfter).toBe(here.metrics.accuracyAfter);
});

test("WASM in a tab's worker trains a convolution as the plain CPU in Node does, to 1e-4", async ({ page }) => {
  const { model: of, client } = TEMPLATES.custom;
  await addStrips(page, 45);
  expect(await prepare(page, 'wasm', { model: of })).toMatchObject({ used: 'wasm', reason: null });
  const inTab = await assignment(page, 7);

  const model = buildModel(of.topology, client.loss, await openCpu());
  const examples = examplesOf(bytesForm([28, 28, 1], 10), [strips(45)]);
  const here = await train(model, initialWeights(modelOf(TEMPLATES.custom), 1), examples, { plan: client, seed: 7 });
  if (!here.ok) throw new Error(here.message);
  expect(inTab).toMatchObject({ ok: true, examples: 45, steps: 5 });
  expect(inTab.delta).toHaveLength(4_138);
  // Of the convolution alone, whose gradient is ours: 5 × 5 × 1 × 8 and 8.
  expect(norm(here.delta.subarray(0, 208))).toBeGreaterThan(0.01);
  expect(distance(inTab.delta.slice(0, 208), here.delta.subarray(0, 208))).toBeLessThan(1e-4);
  expect(distance(inTab.delta, here.delta)).toBeLessThan(1e-4);
  expect(inTab.metrics?.lossAfter).toBeCloseTo(here.metrics.lossAfter ?? Number.NaN, 4);
});

for (const backend of ['webgl', 'wasm'] as const)
  test(`FedBN in a tab's worker on ${backend}: own normalizations as on the plain CPU in Node, kept in IndexedDB, gone on from and not reported`, async ({
    page,
  }) => {
    const { input, layers }: ModelTopology = TEMPLATES.custom.model.topology;
    const normalized = layers.flatMap((layer): ModelTopology['layers'] => {
      if (layer.class_name !== 'Conv2D') return [layer];
      return [
        { ...layer, config: { ...layer.config, activation: 'linear' } },
        { class_name: 'BatchNormalization', config: { name: 'norm', momentum: 0.9, epsilon: 0.001 } },
        { class_name: 'Activation', config: { name: 'bent', activation: 'relu' } },
      ];
    });
    const topology: ModelTopology = { input, layers: normalized };
    const client: ClientPlan = { ...TEMPLATES.custom.client, local: ['norm'] };
    const model = { topology, seed: 1 };
    await addStrips(page, 45);
    expect(await prepare(page, backend, { model, client })).toMatchObject({ used: backend, reason: null });
    const inTab = [await assignment(page, 7), await assignment(page, 7)];

    const built = buildModel(topology, client.loss, await openCpu());
    const examples = examplesOf(bytesForm([28, 28, 1], 10), [strips(45)]);
    const own = memoryOwnState();
    const params = initialWeights(modelOf({ model }), 1);
    for (const tab of inTab) {
      const here = await trainAssigned(built, params, examples, { plan: client, seed: 7, own });
      if (!here.ok) throw new Error(here.message);
      // 4,170 parameters without the 32 of the normalization.
      expect([tab.delta.length, here.delta.length]).toEqual([4_138, 4_138]);
      expect(distance(tab.delta, here.delta)).toBeLessThan(1e-3);
      expect(tab.metrics?.lossAfter).toBeCloseTo(here.metrics.lossAfter ?? Number.NaN, 3);
    }
    // The second part began with what the first had left in the tab.
    expect(distance(inTab[1]?.delta ?? [], Float32Array.from(inTab[0]?.delta ?? []))).toBeGreaterThan(0.01);
  });

test('the worker is kept across rounds, sees examples that were added, and lets them be deleted', {
  tag: '@long',
}, async ({ page }) => {
  await addStrips(page, 20);
  await prepare(page, 'auto', { model: { zoo: 'softmax', seed: 1 } });
  expect(await assignment(page, 1)).toMatchObject({ examples: 20 });
  await addStrips(page, 15);
  expect(await page.evaluate(() => trainer.examples())).toBe(35);
  expect(await assignment(page, 2)).toMatchObject({ examples: 35 });
  expect(page.workers().length).toBe(1);
  expect(await page.evaluate(() => parts.createDataset('spec' as never, parts.MNIST).clear())).toEqual({ ok: true });
  expect(await assignment(page, 3)).toMatchObject({ reason: 'no-examples' });
});

test('examples in memory are trained on where nothing may be stored', async ({ page }) => {
  const results = await page.evaluate(async () => {
    const memory = parts.createMemoryDataset(parts.MNIST);
    await memory.add(parts.strips(30));
    const trainer = parts.createRemoteTrainer({ task: 'memory' as never, worker: parts.pageWorker, memory });
    Object.assign(globalThis, { trainer, spec: { ...parts.TEMPLATES.digits, model: { zoo: 'softmax', seed: 1 } } });
    await trainer.prepare(parts.participationOf(spec), 'cpu');
    const params = parts.initialWeights(parts.modelOf(spec), 1);
    const options = { seed: 1, signal: new AbortController().signal, onProgress: () => {} };
    const first = await trainer.train(params.slice(), options);
    await memory.add(parts.strips(3));
    const second = await trainer.train(params.slice(), options);
    return [await trainer.examples(), first.ok && first.examples, second.ok && second.examples];
  });
  expect(results).toEqual([33, 30, 33]);
  expect(await page.evaluate(async () => (await indexedDB.databases()).length)).toBe(0);
});

test('the worker encodes reports, keeps what top-k leaves out once a report is accepted, and adds it to the next', async ({
  page,
}) => {
  const bodies = await page.evaluate(async () => {
    const memory = parts.createMemoryDataset(parts.MNIST);
    await memory.add(parts.strips(30));
    const trainer = parts.createRemoteTrainer({ task: 'coded' as never, worker: parts.pageWorker, memory });
    const spec = { ...parts.TEMPLATES.digits, model: { zoo: 'softmax', seed: 1 } } as const;
    await trainer.prepare(parts.participationOf(spec), 'cpu');
    const coding = {
      codec: { up: 'top-k', fraction: 0.25 } as const,
      ...{ baseSha256: 'ab'.repeat(32) as never, layoutSha256: 'cd'.repeat(32) as never, seed: 1 },
      ...{ values: 4, examples: 30, steps: 3 },
    };
    const encode = async (values: number[], baseVersion: number): Promise<number[]> => {
      const { bytes } = await trainer.encode(Float32Array.from(values), { ...coding, baseVersion });
      const body = bytes.slice(parts.FRAME_HEADER_BYTES).buffer;
      return [new Uint32Array(body)[0] ?? -1, new Float32Array(body)[1] ?? 0];
    };
    const first = await encode([4, 3, 0, 0], 1);
    await trainer.settle(true);
    // Another worker finds it where the first left it.
    trainer.close();
    await trainer.prepare(parts.participationOf(spec), 'cpu');
    const second = await encode([1, 1, 0, 0], 2);
    await trainer.settle(false);
    const third = await encode([1, 2, 0, 0], 2);
    await parts.createDataset('coded' as never, parts.MNIST).clear();
    return { first, second, third, databases: (await indexedDB.databases()).length };
  });
  expect(bodies).toEqual({ first: [0, 4], second: [1, 4], third: [1, 5], databases: 0 });
});

test('P54: the worker reports the average of the changes that were accepted, also one that starts anew', async ({
  page,
}) => {
  const bodies = await page.evaluate(async () => {
    const memory = parts.createMemoryDataset(parts.MNIST);
    await memory.add(parts.strips(30));
    const trainer = parts.createRemoteTrainer({ task: 'averaged' as never, worker: parts.pageWorker, memory });
    const spec = { ...parts.TEMPLATES.digits, model: { zoo: 'softmax', seed: 1 } } as const;
    await trainer.prepare(parts.participationOf(spec), 'cpu');
    const coding = {
      ...{ codec: { up: 'float32' } as const, momentum: 0.5, values: 3, examples: 30, steps: 3, seed: 1 },
      ...{ baseSha256: 'ab'.repeat(32) as never, layoutSha256: 'cd'.repeat(32) as never },
    };
    const encode = async (values: number[], baseVersion: number): Promise<number[]> => {
      const { bytes } = await trainer.encode(Float32Array.from(values), { ...coding, baseVersion });
      return [...new Float32Array(bytes.slice(parts.FRAME_HEADER_BYTES).buffer)];
    };
    const first = await encode([3, 0, -6], 1);
    await trainer.settle(true);
    trainer.close();
    await trainer.prepare(parts.participationOf(spec), 'cpu');
    const refused = await encode([900, 900, 900], 2);
    await trainer.settle(false);
    // This worker ends before it hears how its report did.
    const unheard = await encode([0, 6, 0], 2);
    trainer.close();
    await trainer.prepare(parts.participationOf(spec), 'cpu');
    const last = await encode([0, 3, 3], 2);
    await trainer.settle(true);
    await parts.createDataset('averaged' as never, parts.MNIST).clear();
    return { first, refused, unheard, last, databases: (await indexedDB.databases()).length };
  });
  expect(bodies).toEqual({
    ...{ first: [3, 0, -6], refused: [601, 600, 598], unheard: [1, 4, -2], last: [1, 2, 0] },
    databases: 0,
  });
});

test('P53: the worker takes steps as the server made them, bit for bit', async ({ page }) => {
  const base = Float32Array.from({ length: 70_000 }, (_, i) => Math.cos(i));
  const target = base.map((value, i) => value + 0.02 * Math.sin(i * i));
  const baseSha256 = sha256Hex(toBytes(base));
  const layoutSha256 = 'cd'.repeat(32) as Sha256;
  const made = (['eden-1', 'eden-4', 'uniform-8-rotated', 'uniform-4', 'float16', 'top-k'] as const).map((down) => {
    const codec = { up: 'float32', down, range: 0.05, fraction: 0.1 } as const;
    const step = makeStep(base, target, null, { codec, layoutSha256, baseSha256 });
    if (step === null) throw new Error(`no step in ${down}`);
    return { codec, frame: [...step.frame], sha256: sha256Hex(toBytes(step.params)) };
  });
  const hashes = await page.evaluate(
    async ({ weights, steps, ...names }) => {
      const trainer = parts.createRemoteTrainer({ task: 'steps' as never, worker: parts.pageWorker });
      const spec = { ...parts.TEMPLATES.digits, model: { zoo: 'softmax', seed: 1 } } as const;
      await trainer.prepare(parts.participationOf(spec), 'cpu');
      const found: string[] = [];
      for (const { codec, frame } of steps) {
        const given = [{ frame: Uint8Array.from(frame), baseSha256: names.baseSha256 }];
        const { sha256 } = await trainer.advance(Uint8Array.from(weights), given, {
          codec,
          layoutSha256: names.layoutSha256,
        });
        found.push(sha256);
      }
      trainer.close();
      return found;
    },
    { weights: [...toBytes(base)], steps: made, baseSha256, layoutSha256 },
  );
  expect(hashes).toEqual(made.map(({ sha256 }) => sha256));
});

test('three hundred rounds in one tab: tensors, GPU memory and the heaps of worker and page stay as they are', {
  tag: '@long',
}, async ({ page, context }) => {
  test.setTimeout(120_000);
  await addStrips(page, 20);
  const session = await context.newCDPSession(page);
  const attached = new Promise<SubSession>((resolve) =>
    session.on('Target.attachedToTarget', ({ sessionId }) => resolve(subSession(session, sessionId))),
  );
  await session.send('Target.setAutoAttach', { autoAttach: true, waitForDebuggerOnStart: false, flatten: false });
  await prepare(page, 'webgl', { model: { zoo: 'softmax', seed: 1 } });
  const worker = await attached;
  const rounds = (count: number) =>
    page.evaluate(async (count) => {
      const params = parts.initialWeights(parts.modelOf(spec), 1);
      const { signal } = new AbortController();
      for (let seed = 0; seed < count; seed++) {
        const result = await trainer.train(params.slice(), { seed, signal, onProgress: () => {} });
        if (!result.ok) throw new Error(result.message);
      }
    }, count);
  const held = async () => {
    await worker.send('HeapProfiler.collectGarbage');
    const { usedSize } = await worker.send<{ usedSize: number }>('Runtime.getHeapUsage');
    await session.send('HeapProfiler.collectGarbage');
    const inPage = await session.send('Runtime.getHeapUsage');
    const memory = await page.workers()[0]?.evaluate(() => {
      interface Memory {
        readonly numTensors: number;
        readonly numBytesInGPU: number;
        readonly numBytesInGPUAllocated: number;
      }
      const { numTensors, numBytesInGPU, numBytesInGPUAllocated } = (
        globalThis as unknown as { _tfengine: { memory(): Memory } }
      )._tfengine.memory();
      return { numTensors, numBytesInGPU, numBytesInGPUAllocated };
    });
    return { usedSize, pageSize: inPage.usedSize, memory };
  };
  // What the engine compiles as it warms up is in both.
  await rounds(100);
  const before = await held();
  await rounds(200);
  const after = await held();
  expect(before.memory?.numTensors).toBeGreaterThan(0);
  expect(after.memory).toEqual(before.memory);
  console.log(
    `heap after 100 and 300 rounds: worker ${before.usedSize} and ${after.usedSize}, page ${before.pageSize} and ${after.pageSize} bytes`,
  );
  expect(after.usedSize).toBeLessThan(1.1 * before.usedSize);
  expect(after.pageSize).toBeLessThan(1.1 * before.pageSize);
});

test('told to take next to nothing of the time, it rests after each slice of work, and a stop ends the rest', async ({
  page,
}) => {
  await addStrips(page, 600);
  await prepare(page, 'cpu', { client: { ...TEMPLATES.digits.client, epochs: 1_000 } });
  const { result, told } = await page.evaluate(async () => {
    const stop = new AbortController();
    const params = parts.initialWeights(parts.modelOf(spec), 1);
    const image = parts.strips(1).features;
    const told: number[] = [];
    const result = await trainer.train(params.slice(), {
      seed: 1,
      signal: stop.signal,
      async onProgress({ step }) {
        if (told.push(step) > 1) return;
        // After a millisecond of work the rest takes a quarter of an hour.
        trainer.ease(1e-6);
        // Each is answered in a rest: were there none, each would come after one more slice of work.
        for (let prediction = 0; prediction < 40; prediction++) await trainer.predict(params, image);
        stop.abort();
      },
    });
    return { result, told };
  });
  expect(result).toMatchObject({ ok: false, reason: 'aborted' });
  expect(told.length).toBeLessThan(6);
});

test('a prediction in mid-training is answered and changes nothing of it', { tag: '@long' }, async ({ page }) => {
  await addStrips(page, 300);
  await prepare(page, 'webgl', { client: { ...TEMPLATES.digits.client, learningRate: 0.02 } });
  const alone = await assignment(page, 5);
  const answers = await page.evaluate(async () => {
    const params = parts.initialWeights(parts.modelOf(spec), 1);
    const image = parts.strips(1).features;
    const seen: (number[] | null)[] = [];
    const result = await trainer.train(params.slice(), {
      seed: 5,
      signal: new AbortController().signal,
      onProgress: () => void trainer.predict(params, image).then((shares) => seen.push(shares && Array.from(shares))),
    });
    const after = Array.from((await trainer.predict(params, image)) ?? []);
    return { seen, after, delta: result.ok ? Array.from(result.delta) : [] };
  });
  expect(answers.seen.length).toBeGreaterThan(0);
  for (const shares of answers.seen) expect(shares).toEqual(answers.after);
  expect(answers.after.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 5);
  expect(distance(answers.delta, Float32Array.from(alone.delta))).toBeLessThan(1e-4);
});

test('own examples are scored with any weights', async ({ page }) => {
  await addStrips(page, 40);
  await prepare(page, 'cpu', { model: { zoo: 'softmax', seed: 1 } });
  const score = await page.evaluate(() => trainer.evaluate(new Float32Array(7850)));
  expect(score?.loss).toBeCloseTo(Math.log(10), 5);
});

test.describe('a stop', () => {
  test('in the middle of an epoch comes soon: promised within a second, held to three', { tag: '@long' }, async ({
    page,
  }) => {
    await addStrips(page, 600);
    await prepare(page, 'webgl', { client: { ...TEMPLATES.digits.client, epochs: 50 } });
    const stopped = await assignment(page, 1, 0);
    expect(stopped).toMatchObject({ ok: false, reason: 'aborted' });
    // Promised within a second, and held to three on a machine that others use as well.
    expect(stopped.stopMs).toBeLessThan(3_000);
    expect(stopped.steps).toBeLessThan(3_000);
    expect(await assignment(page, 1, 0)).toMatchObject({ reason: 'aborted' });
  });

  test('of a worker that is deep in one long step ends the worker, and the next assignment has a new one', async ({
    page,
  }) => {
    await addStrips(page, 60);
    // A paper's CNN on the plain CPU: seconds a step.
    await prepare(page, 'cpu', {
      model: { zoo: 'cnn', seed: 1 },
      client: { ...TEMPLATES.digits.client, batchSize: 60 },
    });
    const stopped = await page.evaluate(async () => {
      const stop = new AbortController();
      const training = trainer.train(parts.initialWeights(parts.modelOf(spec), 1), {
        seed: 1,
        signal: stop.signal,
        onProgress: () => {},
      });
      // The worker has the assignment when it has answered what came before it.
      await trainer.examples();
      const from = performance.now();
      stop.abort();
      return { result: await training, stopMs: performance.now() - from };
    });
    expect(stopped.result).toMatchObject({ ok: false, reason: 'aborted' });
    // The step alone would take more than ten.
    expect(stopped.stopMs).toBeLessThan(3_000);
    expect(await page.evaluate(() => trainer.examples())).toBe(60);
  });
});
