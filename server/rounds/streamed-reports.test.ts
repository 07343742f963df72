import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CODEC_NAMES, type CodecName } from '../../shared/codec/names.ts';
import { sha256Hex } from '../../shared/hash.ts';
import type { Sha256 } from '../../shared/ids.ts';
import { seededRng } from '../../shared/rng.ts';
import type { TaskSpec } from '../../shared/task/spec.ts';
import { digits } from '../../shared/task/templates/digits.ts';
import { decodeBody, type ExpectedFrame, FRAME_HEADER_BYTES, readFrameHeader } from '../../shared/wire/frame.ts';
import type { Aggregator } from '../learning/aggregators/aggregator.ts';
import { aggregatorOf } from '../learning/aggregators/index.ts';
import { effectiveSteps } from '../learning/effective-steps.ts';
import { stalenessWeight } from '../learning/staleness.ts';
import { weightOf } from '../learning/weighting.ts';
import { fileBlobs } from '../storage/blobs/files.ts';
import { type ArithmeticCore, createArithmeticCore } from './arithmetic-core.ts';
import { frameOf, THREE } from './fixtures/frames.ts';
import { TASK } from './fixtures/rig.ts';

let folder: string;
let core: ArithmeticCore;
let keys = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fedtab-streams-'));
  core = createArithmeticCore(fileBlobs(folder));
});
afterAll(() => rm(folder, { recursive: true }));

const server = { serverOptimizer: { name: 'sgd', learningRate: 1 } } as const;
const STRATEGIES: readonly TaskSpec['strategy'][] = [
  { name: 'fedavg', weighting: 'numExamples', ...server },
  { name: 'fednova', weighting: 'numExamples', ...server },
  { name: 'scaffold', weighting: 'uniform', ...server },
  { ...server, name: 'robust', weighting: 'uniform', aggregator: { name: 'norm-bound', norm: 0.5 } },
  {
    ...server,
    name: 'fedbuff',
    weighting: 'uniform',
    schedule: { kind: 'buffered', size: 3, maximumStaleness: 9, concurrency: 3 },
  },
];

const expectedOf = (codec: CodecName, values: number, base = 'b'): ExpectedFrame => ({
  ...{ ...THREE, codec, values, range: 0.5, fraction: 0.5 },
  baseSha256: base.repeat(64) as Sha256,
});

interface Report {
  readonly delta: Float32Array;
  readonly examples: number;
  readonly steps: number;
  readonly staleness: number;
}

async function write(frame: Uint8Array): Promise<string> {
  const path = join(folder, `report-${keys++ % 8}`);
  await writeFile(path, frame);
  return path;
}

/** What a round comes to from the files, and what it comes to when each report is decoded whole and added. */
async function both(strategy: TaskSpec['strategy'], reports: readonly Report[], expected: ExpectedFrame) {
  const client = { ...digits.client, optimizer: 'momentum', momentum: 0.5 } as const;
  const aggregator = aggregatorOf(strategy) as Aggregator<unknown>;
  await core.begin('round', { strategy, client }, expected.values);
  let state = aggregator.init(expected.values);
  let largest = 0;
  for (const { delta, examples, steps, staleness } of reports) {
    const { frame } = frameOf({ delta, examples, steps, expected });
    await core.fold('round', await write(frame), expected, staleness);
    const read = readFrameHeader(frame, frame.byteLength, expected);
    if (!read.ok) throw new Error(read.message);
    const decoded = decodeBody(frame, read.header, expected) as Float32Array;
    largest = decoded.reduce((most, value) => Math.max(most, Math.abs(value)), largest);
    const weight = weightOf(strategy.weighting, { examples }) * stalenessWeight(staleness);
    state = aggregator.add(state, { delta: decoded, weight, steps: effectiveSteps(client, steps) });
  }
  return { folded: await core.total('round'), added: aggregator.finish(state), largest };
}

const reportsOf = (values: number, seed: number, count: number, isBuffered: boolean): readonly Report[] => {
  const rng = seededRng(seed, 0);
  return Array.from({ length: count }, () => ({
    delta: Float32Array.from({ length: values }, () => 0.1 * rng.normal()),
    examples: 1 + (rng.uint32() % 900),
    steps: 1 + (rng.uint32() % 50),
    staleness: isBuffered ? rng.uint32() % 9 : 0,
  }));
};

const bytesOf = (vector: Float64Array): Buffer => Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength);

/** Of these the sums are kept rotated: they agree, and are not the same bits. */
const isSummedRotated = (codec: CodecName, { name }: TaskSpec['strategy']): boolean =>
  /^uniform-[1248]-rotated$/.test(codec) && (name === 'fedavg' || name === 'fednova');

async function expectAgreement(codec: CodecName, strategy: TaskSpec['strategy'], values: number, seed: number) {
  const reports = reportsOf(values, seed, 1 + (seed % 3), strategy.schedule !== undefined);
  const { folded, added, largest } = await both(strategy, reports, expectedOf(codec, values));
  expect(folded.length).toBe(values);
  if (isSummedRotated(codec, strategy)) {
    const apart = folded.reduce((most, value, at) => Math.max(most, Math.abs(value - (added[at] as number))), 0);
    // The mean of FedNova is stretched by as much as the steps differ: what it comes to is what it is measured by.
    const scale = added.reduce((most, value) => Math.max(most, Math.abs(value)), largest);
    expect(apart).toBeLessThanOrEqual(1e-6 * scale);
  } else expect(bytesOf(folded).equals(bytesOf(added))).toBe(true);
}

describe.each(STRATEGIES)('$name: what is folded from files is what is decoded and added', (strategy) => {
  test.each(CODEC_NAMES)('%s', async (codec) => {
    const sizes = fc.oneof(fc.integer({ min: 1, max: 40 }), fc.constantFrom(100, 1_000, 1_023));
    await fc.assert(
      fc.asyncProperty(sizes, fc.nat(), async (half, seed) => {
        const values = strategy.name === 'scaffold' ? 2 * half : half;
        await expectAgreement(codec, strategy, values, seed);
      }),
      { numRuns: 6 },
    );
  });
});

test.each(['uniform-1-rotated', 'uniform-8-rotated', 'uniform-8', 'float32'] as const)(
  '%s of more than one block and one window',
  async (codec) => {
    await expectAgreement(codec, STRATEGIES[0] as TaskSpec['strategy'], 300_001, 2);
  },
);

test('by hand: [−3, −1, 3] of 1 example and [1, 1, −1] of 3 in two bits over ±3 are [0, 0.5, 0]', async () => {
  const expected = { ...expectedOf('uniform-2', 3), range: 3 };
  await core.begin('hand', { strategy: STRATEGIES[0] as TaskSpec['strategy'], client: digits.client }, 3);
  for (const [delta, examples] of [
    [[-3, -1, 3], 1],
    [[1, 1, -1], 3],
  ] as const)
    await core.fold('hand', await write(frameOf({ delta, examples, expected }).frame), expected);
  expect([...(await core.total('hand'))]).toEqual([0, 0.5, 0]);
});

test('the mean of rotated reports is rotated back: two of [1, 1, 1, 1] in steps of 0.02 are that to 0.04', async () => {
  const expected = { ...expectedOf('uniform-8-rotated', 4), range: 2.55 };
  const report = { delta: Float32Array.of(1, 1, 1, 1), examples: 1, steps: 1, staleness: 0 };
  const { folded } = await both(STRATEGIES[0] as TaskSpec['strategy'], [report, report], expected);
  // No coordinate of R(x) is a step off, so x is less than √4 of them off.
  expect(Math.hypot(...folded.map((value) => value - 1))).toBeLessThan(0.04);
});

test('sums of one rotation take no report of another, nor one that is not rotated', async () => {
  const delta = new Float32Array(3).fill(0.1);
  await core.begin('mixed', { strategy: STRATEGIES[0] as TaskSpec['strategy'], client: digits.client }, 3);
  const fold = async (expected: ExpectedFrame) =>
    core.fold('mixed', await write(frameOf({ delta, expected }).frame), expected);
  await fold(expectedOf('uniform-4-rotated', 3));
  await fold(expectedOf('uniform-4-rotated', 3));
  await expect(fold(expectedOf('uniform-4-rotated', 3, 'c'))).rejects.toThrow('one rotation');
  await expect(fold(expectedOf('uniform-4', 3))).rejects.toThrow('one rotation');
});

describe.each(['uniform-4', 'uniform-8-rotated', 'float32'] as const)('a damaged report in %s', (codec) => {
  const expected = expectedOf(codec, 100);
  const [{ delta }] = reportsOf(100, 1, 1, false) as [Report];
  const begin = () =>
    core.begin('damaged', { strategy: STRATEGIES[0] as TaskSpec['strategy'], client: digits.client }, 100);

  test.each<[string, (path: string, frame: Uint8Array) => Promise<void>]>([
    ['cut short', (path, frame) => truncate(path, frame.length - 1)],
    ['without a body', (path) => truncate(path, FRAME_HEADER_BYTES)],
    ['with a byte too many', (path, frame) => writeFile(path, Buffer.concat([frame, Uint8Array.of(0)]))],
    [
      'of another version',
      (path, frame) =>
        writeFile(
          path,
          frame.map((byte, at) => (at === 60 ? byte ^ 1 : byte)),
        ),
    ],
    [
      'of another codec',
      (path, frame) =>
        writeFile(
          path,
          frame.map((byte, at) => (at === 4 ? 0x30 : byte)),
        ),
    ],
  ])('%s is neither folded nor accepted, and the round goes on anew', async (_, damage) => {
    const { frame, sha256 } = frameOf({ delta, expected });
    const path = await write(frame);
    await damage(path, frame);
    await begin();
    await expect(core.fold('damaged', path, expected)).rejects.toThrow('damaged');
    const rule = { kind: 'delta', maxNorm: 100, client: TASK.client } as const;
    expect((await core.check(path, { sha256, bytes: frame.length }, expected, rule)).ok).toBe(false);
    await writeFile(path, frame);
    await begin();
    await core.fold('damaged', path, expected);
    expect((await core.total('damaged')).length).toBe(100);
  });
});

test.each(['uniform-1', 'uniform-2', 'uniform-4', 'uniform-8'] as const)(
  '%s is checked as it lies: hash, norm and limit',
  async (codec) => {
    const expected = expectedOf(codec, 1_001);
    const [{ delta }] = reportsOf(1_001, 3, 1, false) as [Report];
    const { frame, sha256 } = frameOf({ delta, examples: 85, steps: 9, expected });
    const read = readFrameHeader(frame, frame.byteLength, expected);
    if (!read.ok) throw new Error(read.message);
    const norm = Math.hypot(...(decodeBody(frame, read.header, expected) as Float32Array));
    const path = await write(frame);
    const check = (announced: { sha256: Sha256; bytes: number }, maxNorm: number) =>
      core.check(path, announced, expected, { kind: 'delta', maxNorm, client: TASK.client });
    const announced = { sha256, bytes: frame.length };
    const checked = await check(announced, norm * 1.001);
    expect(checked).toMatchObject({ ok: true, examples: 85, steps: 9 });
    if (checked.ok) expect(checked.norm / norm).toBeCloseTo(1, 12);
    expect(await check(announced, norm * 0.999)).toMatchObject({ ok: false, reason: 'norm' });
    expect(await check({ ...announced, bytes: 1 }, 100)).toMatchObject({ ok: false, reason: 'size' });
    expect(await check({ ...announced, sha256: sha256Hex(frame.subarray(1)) }, 100)).toMatchObject({
      ...{ ok: false, reason: 'hash' },
    });
  },
);
