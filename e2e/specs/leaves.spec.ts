import { expect, type Page, test } from 'playwright/test';
import { bytesForm } from '../../shared/task/kinds/form.ts';
import { FRAME_HEADER_BYTES } from '../../shared/wire/frame.ts';
import { decodeSamples } from '../../shared/wire/samples.ts';
import {
  agreeAndJoin,
  contributeUrl,
  createTask,
  drawOne,
  expectRounds,
  expectState,
  fewSamples,
  startRounds,
} from '../fixtures/contribute.ts';
import { type RunningServer, startServer } from '../fixtures/server.ts';

const ROUNDS = 3;
const RUN = 64;
const PARAMETERS = 7_850;

let server: RunningServer;
test.beforeAll(async () => {
  server = await startServer();
  await createTask(server, 'leaves');
});
test.afterAll(() => server.dispose());

/** A run says something where this many of its bytes differ from its commonest. */
const TELLING = 4;

/**
 * Every run of 64 bytes in which at least four differ from the commonest. A delta has runs of one value of its own, and
 * next to them up to three bytes that are an example's by chance: of zeros and one byte more there are only 255.
 */
function* runsOf(bytes: Uint8Array): Generator<string> {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  const counts = new Uint8Array(256);
  const inRun = (at: number): number => counts[bytes[at] ?? 0] ?? 0;
  const count = (at: number, by: number): void => {
    counts[bytes[at] ?? 0] = inRun(at) + by;
  };
  for (let at = 0; at < bytes.length; at++) {
    count(at, 1);
    const start = at + 1 - RUN;
    if (start < 0) continue;
    // Were fewer to differ, one of the first four would be the commonest.
    const isTelling = Array.from({ length: TELLING }, (_, k) => inRun(start + k)).every(
      (some) => some <= RUN - TELLING,
    );
    if (isTelling) yield text.slice(start, start + RUN);
    count(start, -1);
  }
}

/** Of one example that is stored alone: its pixels, behind the number and the label. */
async function storedPixels(page: Page, task: string): Promise<Uint8Array> {
  const bytes = await page.evaluate(async (name) => {
    const answerTo = <Value>(request: IDBRequest<Value>): Promise<Value> =>
      new Promise((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
      });
    const database = await answerTo(indexedDB.open(name));
    const [shard] = await answerTo(database.transaction('shards').objectStore('shards').getAll());
    database.close();
    return [...(shard as Uint8Array)];
  }, `fedtab-examples-${task}`);
  expect(bytes).toHaveLength(4 + 2 + 784);
  return Uint8Array.from(bytes.slice(6));
}

test('no run of 64 bytes of an example, a drawn one or a sample, nor of its normalised form, is ever sent; the uplink is the report and 4 kB a round', async ({
  page,
  context,
}) => {
  await fewSamples(context, 100);
  const sent: Buffer[] = [];
  const sentBytes = (): number => sent.reduce((sum, bytes) => sum + bytes.length, 0);
  const cdp = await context.newCDPSession(page);
  await cdp.send('Network.enable');
  cdp.on('Network.webSocketFrameSent', ({ response }) => {
    sent.push(Buffer.from(response.payloadData, response.opcode === 2 ? 'base64' : 'utf8'));
  });
  page.on('request', (request) => {
    sent.push(Buffer.from(request.url()), Buffer.from(JSON.stringify(request.headers())));
    const body = request.postDataBuffer();
    if (body !== null) sent.push(body);
  });

  await page.goto(contributeUrl(server, 'leaves'));
  await drawOne(page);
  await page.getByRole('button', { name: 'Label 1', exact: true }).click();
  await expect(page.getByRole('button', { name: 'Remove this 1' })).toHaveCount(1);
  const drawn = await storedPixels(page, 'leaves');
  expect(drawn.filter((pixel) => pixel > 127).length).toBeGreaterThan(20);
  const answer = page.waitForResponse((response) => response.url().includes('/samples?'));
  await page.getByRole('button', { name: 'Add sample data' }).click();
  const samples = decodeSamples(new Uint8Array(await (await answer).body()), bytesForm([28, 28, 1], 10));
  if (!samples.ok) throw new Error(samples.problem);
  const { features, targets } = samples.shard;
  expect(targets).toHaveLength(100);
  await agreeAndJoin(page);
  await expectState(page, 'waiting');
  await page.waitForLoadState('networkidle');
  const reportBytes = FRAME_HEADER_BYTES + 4 * PARAMETERS;
  for (let round = 1; round <= ROUNDS; round++) {
    const before = sentBytes();
    await startRounds(server, 'leaves', 1);
    await expectRounds(
      server,
      'leaves',
      (rounds) => rounds.at(-1)?.number === round && rounds.at(-1)?.outcome === 'committed',
    );
    // The browser tells of a frame later than the server counts it.
    await expect.poll(() => sentBytes() - before, { message: `round ${round}` }).toBeGreaterThan(reportBytes);
    expect(sentBytes() - before, `round ${round}`).toBeLessThanOrEqual(reportBytes + 4_096);
  }

  const own = new Set<string>();
  const samplePixels = Array.from(targets, (_, example) =>
    (features as Uint8Array).subarray(example * 784, (example + 1) * 784),
  );
  for (const pixels of [drawn, ...samplePixels]) {
    const normalised = Float32Array.from(pixels, (value) => value / 255);
    for (const run of runsOf(pixels)) own.add(run);
    for (const run of runsOf(new Uint8Array(normalised.buffer))) own.add(run);
  }
  expect(own.size).toBeGreaterThan(10_000);
  let looked = 0;
  let found = 0;
  for (const bytes of sent) {
    for (const run of runsOf(bytes)) {
      looked++;
      if (own.has(run)) found++;
    }
  }
  expect(found).toBe(0);
  expect(looked).toBeGreaterThan(ROUNDS * 1_000);

  const frames = sent.filter(
    (bytes) => bytes.length >= FRAME_HEADER_BYTES && bytes.toString('latin1', 0, 4) === 'FTR1',
  );
  expect(frames).toHaveLength(ROUNDS);
});

test('the search would find an example: the same runs inside a longer message are seen', () => {
  const pixels = Uint8Array.from({ length: 784 }, (_, i) => (i * 37) % 251);
  const own = new Set(runsOf(pixels));
  const message = new Uint8Array(2_000);
  message.set(pixels.subarray(100, 170), 500);
  expect([...runsOf(message)].some((run) => own.has(run))).toBe(true);
});

test('the search passes by runs of one value and their edges, and by nothing else', () => {
  const four = Uint8Array.from({ length: 64 }, (_, i) => (i >= 30 && i < 34 ? 255 : 0));
  expect([...runsOf(four)]).toHaveLength(1);
  expect([...runsOf(four.map((value, i) => (i === 30 ? 0 : value)))]).toEqual([]);
  expect([...runsOf(new Uint8Array(200).fill(7))]).toEqual([]);
  // Two values alone, as in a picture of black and white.
  expect([...runsOf(Uint8Array.from({ length: 100 }, (_, i) => (i % 8 < 2 ? 255 : 0)))]).toHaveLength(100 - 64 + 1);
});
