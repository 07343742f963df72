import { expect, test } from 'playwright/test';
import { bytesForm } from '../../shared/task/kinds/form.ts';
import { FRAME_HEADER_BYTES } from '../../shared/wire/frame.ts';
import { decodeSamples } from '../../shared/wire/samples.ts';
import {
  agreeAndJoin,
  contributeUrl,
  createTask,
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

/** Every run of 64 bytes that is not one value over and over: a delta has runs of zeros of its own. */
function* runsOf(bytes: Uint8Array): Generator<string> {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  for (let at = 0; at + RUN <= text.length; at++) {
    const run = text.slice(at, at + RUN);
    if (new Set(run).size > 4) yield run;
  }
}

test('no run of 64 bytes of an example, nor of its normalised form, is ever sent; the uplink is the report and 4 kB a round', async ({
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
  for (let example = 0; example < targets.length; example++) {
    const pixels = (features as Uint8Array).subarray(example * 784, (example + 1) * 784);
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
