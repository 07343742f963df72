import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CodecName } from '../../shared/codec/names.ts';
import { sha256Hex } from '../../shared/hash.ts';
import type { Sha256 } from '../../shared/ids.ts';
import { initialWeights } from '../../shared/model/initial-weights.ts';
import { modelOf } from '../../shared/task/model-of.ts';
import type { TaskSpec } from '../../shared/task/spec.ts';
import { digits } from '../../shared/task/templates/digits.ts';
import { fromBytes, toBytes } from '../../shared/weights/vector.ts';
import { type ExpectedFrame, FRAME_HEADER_BYTES } from '../../shared/wire/frame.ts';
import { type FileBlobs, fileBlobs } from '../storage/blobs/files.ts';
import { startArithmetic } from './arithmetic.ts';
import { type FrameParts, frameOf, THREE } from './fixtures/frames.ts';
import { TASK } from './fixtures/rig.ts';
import type { Arithmetic } from './port.ts';

let folder: string;
let blobs: FileBlobs;
let arithmetic: Arithmetic;
let files = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fedtab-arithmetic-'));
  blobs = fileBlobs(folder);
  arithmetic = startArithmetic({ kind: 'folder', folder: folder });
});
afterAll(async () => {
  await arithmetic.close();
  await rm(folder, { recursive: true });
});

const strategy = (
  weighting: TaskSpec['strategy']['weighting'],
): Pick<TaskSpec, 'strategy' | 'client' | 'model' | 'codec'> => ({
  client: digits.client,
  codec: digits.codec,
  model: digits.model,
  strategy: { name: 'fedavg', weighting, serverOptimizer: { name: 'sgd', learningRate: 1 } },
});

async function save(bytes: Uint8Array): Promise<string> {
  const path = join(folder, `frame-${++files}`);
  await writeFile(path, bytes);
  return path;
}
const saveFrame = (parts: FrameParts): Promise<string> => save(frameOf(parts).frame);

async function check(frame: Uint8Array, announced: { sha256?: Sha256; bytes?: number } = {}, maxNorm = 100) {
  const path = await save(frame);
  return arithmetic.check(path, { sha256: sha256Hex(frame), bytes: frame.length, ...announced }, THREE, {
    ...{ kind: 'delta', maxNorm, client: TASK.client },
  });
}

/** A frame with some of its bytes changed. */
function altered(offset: number, ...bytes: readonly number[]): Uint8Array {
  const { frame } = frameOf({ delta: [1, 2, 2] });
  frame.set(bytes, offset);
  return frame;
}

describe('checking a report', () => {
  test('a good one: examples, steps and norm', async () => {
    const { frame } = frameOf({ delta: [1, -2, 2], examples: 600, steps: 60 });
    expect(await check(frame)).toEqual({ ok: true, examples: 600, steps: 60, norm: 3 });
  });

  test.each<[string, () => Uint8Array, string]>([
    ['shorter than a header', () => new Uint8Array(10), 'size'],
    ['a byte too long', () => Uint8Array.of(...frameOf({ delta: [1, 2, 2] }).frame, 0), 'size'],
    ['other values', () => frameOf({ delta: [1, 2, 3, 4] }).frame, 'size'],
    ['a header that says more values', () => altered(8, 4), 'count'],
    ['no examples', () => altered(12, 0), 'count'],
    ['no steps', () => altered(16, 0), 'count'],
    [
      'more steps than one epoch of ten at a time has',
      () => frameOf({ delta: [1, 2, 2], examples: 30, steps: 4 }).frame,
      'count',
    ],
    ['another magic', () => altered(0, 0), 'schema'],
    ['another codec', () => altered(4, 9), 'schema'],
    ['reserved bytes in use', () => altered(90, 1), 'schema'],
    ['another base', () => altered(56, 0), 'wrong-round'],
    ['another layout', () => altered(24, 0), 'layout'],
    ['NaN', () => frameOf({ delta: [1, Number.NaN, 2] }).frame, 'not-finite'],
    ['infinity', () => frameOf({ delta: [1, 2, Number.NEGATIVE_INFINITY] }).frame, 'not-finite'],
    ['zeros, one of them negative', () => frameOf({ delta: [0, -0, 0] }).frame, 'zero'],
    ['a norm above the limit', () => frameOf({ delta: [100, 1, 0] }).frame, 'norm'],
  ])('%s is refused', async (_, make, reason) => {
    expect(await check(make())).toMatchObject({ ok: false, reason });
  });

  test('bytes that do not have the announced hash or length are refused', async () => {
    const { frame } = frameOf({ delta: [1, 2, 2] });
    expect(await check(frame, { sha256: THREE.baseSha256 })).toMatchObject({ ok: false, reason: 'hash' });
    expect(await check(frame, { bytes: frame.length - 1 })).toMatchObject({ ok: false, reason: 'size' });
  });

  test('threats C1 C3 C4: P26: of many faults the first in the order is told: size, count, schema, version, layout, hash, finite, zero, norm', async () => {
    const faults: readonly [reason: string, put: (frame: Uint8Array) => void][] = [
      ['count', (frame) => frame.set([0], 12)],
      ['schema', (frame) => frame.set([0], 0)],
      ['wrong-round', (frame) => frame.set([0], 56)],
      ['layout', (frame) => frame.set([0], 24)],
    ];
    const { sha256: anotherHash } = frameOf({ delta: [7, 7, 7] });
    const answersTo = async (delta: readonly number[]): Promise<unknown[]> => {
      const answers: unknown[] = [];
      for (let mended = 0; mended <= faults.length; mended++) {
        const { frame } = frameOf({ delta });
        for (const [, put] of faults.slice(mended)) put(frame);
        if (mended === 0) answers.push(await check(frame, { bytes: frame.length + 1, sha256: anotherHash }));
        answers.push(await check(frame, { sha256: anotherHash }));
      }
      answers.push(await check(frameOf({ delta }).frame));
      return answers.map((answer) => (answer as { reason?: string }).reason);
    };
    const before = ['size', 'count', 'schema', 'wrong-round', 'layout', 'hash'];
    // Zeros have no norm above anything: what comes first of the two is not to be told apart.
    expect(await answersTo([Number.NaN, 1e30, 1e30])).toEqual([...before, 'not-finite']);
    expect(await answersTo([Number.NaN, 0, 0])).toEqual([...before, 'not-finite']);
    expect(await answersTo([0, 0, 0])).toEqual([...before, 'zero']);
    expect(await answersTo([1e30, 1e30, 1e30])).toEqual([...before, 'norm']);
  });

  test('threats C1 C2: the norm may be the limit, and large values do not overflow it', async () => {
    expect(await check(frameOf({ delta: [3, 4, 0] }).frame, {}, 5)).toMatchObject({ ok: true, norm: 5 });
    const huge = frameOf({ delta: [3e38, 3e38, 3e38] }).frame;
    expect(await check(huge)).toMatchObject({ ok: false, reason: 'norm' });
  });

  test('threats C4 C12: any bytes at all get an answer', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), fc.boolean(), async (bytes, isHeaderGood) => {
        const { frame } = frameOf({ delta: [1, 2, 2] });
        const body = bytes.subarray(0, 12);
        if (isHeaderGood) frame.set(body, FRAME_HEADER_BYTES);
        const answer = await check(isHeaderGood ? frame : bytes);
        const values = fromBytes(frame.slice(FRAME_HEADER_BYTES));
        const length = Math.hypot(...values);
        const isGood = isHeaderGood && Number.isFinite(length) && length > 0 && length <= 100;
        expect(answer.ok).toBe(isGood);
      }),
      { numRuns: 200 },
    );
  });

  test('a file that is not there is our fault, not a refusal', async () => {
    const nowhere = join(folder, 'nowhere');
    const rule = { kind: 'delta', maxNorm: 1, client: TASK.client } as const;
    await expect(arithmetic.check(nowhere, { sha256: THREE.baseSha256, bytes: 1 }, THREE, rule)).rejects.toThrow(
      'ENOENT',
    );
  });
});

describe('a report in another codec', () => {
  const values = 4_096;
  const delta = Float32Array.from({ length: values }, (_, i) => Math.sin(i) / 10);
  const length = Math.hypot(...delta);
  const expectedOf = (codec: CodecName): ExpectedFrame => ({ ...THREE, codec, values, range: 0.5, fraction: 0.25 });
  const checkAs = async (codec: CodecName, maxNorm: number, spoil = (_: Uint8Array): void => {}) => {
    const expected = expectedOf(codec);
    const { frame } = frameOf({ delta, examples: 600, steps: 60, expected });
    spoil(frame);
    const announced = { sha256: sha256Hex(frame), bytes: frame.length };
    return arithmetic.check(await save(frame), announced, expected, { kind: 'delta', maxNorm, client: TASK.client });
  };

  test.each([
    ['float16', 0.001],
    ['uniform-8', 0.01],
    ['uniform-8-rotated', 0.01],
    ['uniform-16-rotated', 0.001],
    ['eden-4', 0.02],
    ['eden-1', 0.3],
  ] as const)('%s: the norm is that of the decoded delta', async (codec, tolerance) => {
    const checked = await checkAs(codec, 100);
    expect(checked).toMatchObject({ ok: true, examples: 600, steps: 60 });
    if (checked.ok) expect(Math.abs(checked.norm / length - 1)).toBeLessThan(tolerance);
    expect(await checkAs(codec, length / 2)).toMatchObject({ ok: false, reason: 'norm' });
  });

  test('top-k is below the whole, random-k up to twice as long for a quarter of the values', async () => {
    const [top, random] = [await checkAs('top-k', 100), await checkAs('random-k', 100)];
    if (!top.ok || !random.ok) throw new Error('refused');
    expect(top.norm).toBeLessThan(length);
    expect(random.norm / length).toBeCloseTo(2, 0);
  });

  test('a body that its codec does not write is refused schema: a scale that is not finite, places that go back', async () => {
    const notFinite = (frame: Uint8Array): void => frame.set([0, 0, 0x80, 0x7f], FRAME_HEADER_BYTES);
    expect(await checkAs('eden-2', 100, notFinite)).toMatchObject({ ok: false, reason: 'schema' });
    expect(await checkAs('float16', 100, notFinite)).toMatchObject({ ok: false, reason: 'schema' });
    expect(await checkAs('top-k', 100, (frame) => frame.set([255, 255], FRAME_HEADER_BYTES))).toMatchObject({
      ...{ ok: false, reason: 'schema' },
    });
  });

  test('is folded as what it decodes to', async () => {
    const expected = expectedOf('uniform-16-rotated');
    await arithmetic.begin('coded', strategy('uniform'), values);
    for (const sign of [1, 0.5]) {
      const parts = { delta: delta.map((value) => value * sign), expected };
      await arithmetic.fold('coded', await saveFrame(parts), expected);
    }
    const params = await blobs.put(toBytes(new Float32Array(values)));
    const { sha256 } = await arithmetic.finish('coded', strategy('uniform'), { params, optimizer: null });
    const made = fromBytes((await blobs.get(sha256)) ?? new Uint8Array());
    for (let i = 0; i < values; i++)
      expect(Math.abs((made[i] as number) - 0.75 * (delta[i] as number))).toBeLessThan(2e-4);
  });
});

describe('making a version', () => {
  const base = (): Promise<Sha256> => blobs.put(toBytes(Float32Array.of(1, 2, 3)));

  async function version(key: string, weighting: 'numExamples' | 'uniform', reports: readonly FrameParts[]) {
    await arithmetic.begin(key, strategy(weighting), 3);
    for (const report of reports) await arithmetic.fold(key, await saveFrame(report), THREE);
    return arithmetic.finish(key, strategy(weighting), { params: await base(), optimizer: null });
  }
  const valuesOf = async (sha256: Sha256): Promise<number[]> => [...fromBytes(await readFile(blobs.path(sha256)))];
  const reports = [
    { delta: [1, 0, -2], examples: 1 },
    { delta: [0, 4, 0], examples: 3 },
  ];

  test('a FedAvg round of three parameters by hand, stored under its hash', async () => {
    const made = await version('by-hand', 'numExamples', reports);
    expect(made).toEqual({
      sha256: sha256Hex(toBytes(Float32Array.of(1.25, 5, 2.5))),
      bytes: 12,
      optimizerSha256: null,
      step: null,
    });
    expect(await valuesOf(made.sha256)).toEqual([1.25, 5, 2.5]);
  });

  test('the plain mean of the same', async () => {
    expect(await valuesOf((await version('plain', 'uniform', reports)).sha256)).toEqual([1.5, 4, 2]);
  });

  test('FedNova by hand, of the steps in the headers: 1 and 4 make τ_eff 13/4, and [1,2,3] becomes [1.8125,4.4375,1.375]', async () => {
    const nova = {
      ...strategy('numExamples'),
      strategy: { ...strategy('numExamples').strategy, name: 'fednova' },
    } as const;
    await arithmetic.begin('nova', nova, 3);
    for (const [index, report] of reports.entries())
      await arithmetic.fold('nova', await saveFrame({ ...report, steps: index === 0 ? 1 : 4 }), THREE);
    const made = await arithmetic.finish('nova', nova, { params: await base(), optimizer: null });
    // Σ p_i delta_i / τ_i = [0.25, 0, −0.5] + 0.75 · [0, 1, 0] = [0.25, 0.75, −0.5].
    expect(await valuesOf(made.sha256)).toEqual([1.8125, 4.4375, 1.375]);
  });

  test('several models at once do not mix, and a begun one is begun anew', async () => {
    await arithmetic.begin('a', strategy('uniform'), 3);
    await arithmetic.fold('a', await saveFrame({ delta: [9, 9, 9] }), THREE);
    await arithmetic.begin('b', strategy('uniform'), 3);
    await arithmetic.begin('a', strategy('uniform'), 3);
    await arithmetic.fold('a', await saveFrame({ delta: [1, 0, 0] }), THREE);
    await arithmetic.fold('b', await saveFrame({ delta: [0, 1, 0] }), THREE);
    const finish = async (key: string) =>
      valuesOf((await arithmetic.finish(key, strategy('uniform'), { params: await base(), optimizer: null })).sha256);
    expect(await finish('b')).toEqual([1, 3, 3]);
    expect(await finish('a')).toEqual([2, 2, 3]);
  });

  test('200,001 values, which are more than are read at once: checked, folded twice and made a version', async () => {
    const expected = { ...THREE, values: 200_001 };
    const delta = Float32Array.from({ length: expected.values }, (_, at) => (at % 2 === 0 ? 0.5 : -0.25));
    const { frame, sha256 } = frameOf({ delta, examples: 4, expected });
    const path = await save(frame);
    const rule = { kind: 'delta', maxNorm: 1_000, client: TASK.client } as const;
    const checked = await arithmetic.check(path, { sha256, bytes: frame.length }, expected, rule);
    expect(checked).toEqual({ ok: true, examples: 4, steps: 1, norm: Math.sqrt(100_001 / 4 + 100_000 / 16) });
    await arithmetic.begin('long', strategy('numExamples'), expected.values);
    for (let times = 0; times < 2; times++) await arithmetic.fold('long', path, expected);
    const params = await blobs.put(toBytes(new Float32Array(expected.values).fill(1)));
    const made = await arithmetic.finish('long', strategy('numExamples'), { params, optimizer: null });
    expect(made.sha256).toBe(sha256Hex(toBytes(delta.map((change) => 1 + change))));
    frame[frame.length - 1] = 0xff;
    expect(await arithmetic.check(path, { sha256, bytes: frame.length }, expected, rule)).toEqual(checked);
    await writeFile(path, frame);
    expect(await arithmetic.check(path, { sha256, bytes: frame.length }, expected, rule)).toMatchObject({
      ok: false,
      reason: 'hash',
    });
  });

  test('a dropped aggregate is gone, and so is a finished one', async () => {
    await arithmetic.begin('gone', strategy('uniform'), 3);
    await arithmetic.drop('gone');
    const path = await saveFrame({ delta: [1, 0, 0] });
    await expect(arithmetic.fold('gone', path, THREE)).rejects.toThrow('no aggregate gone');
    await version('done', 'uniform', reports);
    await expect(arithmetic.fold('done', path, THREE)).rejects.toThrow('no aggregate done');
  });

  test('a report that was damaged after it was accepted stops the round, not the thread', async () => {
    await arithmetic.begin('damaged', strategy('uniform'), 3);
    const path = await save(altered(0, 0));
    await expect(arithmetic.fold('damaged', path, THREE)).rejects.toThrow('damaged');
  });

  test('damaged or missing weights make no version', async () => {
    const sha256 = await blobs.put(toBytes(Float32Array.of(7, 8, 9)));
    await writeFile(blobs.path(sha256), toBytes(Float32Array.of(7, 8, 10)));
    for (const params of [sha256, THREE.baseSha256]) {
      await arithmetic.begin('bad-base', strategy('uniform'), 3);
      await arithmetic.fold('bad-base', await saveFrame({ delta: [1, 0, 0] }), THREE);
      await expect(arithmetic.finish('bad-base', strategy('uniform'), { params, optimizer: null })).rejects.toThrow(
        /hash|gone/,
      );
    }
  });

  test('threat C1: a version that is not finite is not made', async () => {
    const params = await blobs.put(toBytes(Float32Array.of(3e38, 0, 0)));
    await arithmetic.begin('overflow', strategy('uniform'), 3);
    await arithmetic.fold('overflow', await saveFrame({ delta: [3e38, 0, 0] }), THREE);
    await expect(arithmetic.finish('overflow', strategy('uniform'), { params, optimizer: null })).rejects.toThrow(
      'not finite',
    );
  });
});

describe('D11 a sum that is handed over', () => {
  const uniform = strategy('uniform');
  async function sumOf(key: string, ...deltas: readonly (readonly number[])[]): Promise<void> {
    await arithmetic.begin(key, uniform, 3);
    for (const delta of deltas) await arithmetic.fold(key, await saveFrame({ delta }), THREE);
  }
  const made = async (key: string): Promise<number[]> => {
    const params = await blobs.put(toBytes(new Float32Array(3)));
    const { sha256 } = await arithmetic.finish(key, uniform, { params, optimizer: null });
    return [...fromBytes(await readFile(blobs.path(sha256)))];
  };

  test('is float64 values in a file, and the weight beside it; merged by hand', async () => {
    await sumOf('apart', [1, 0, -2], [0.5, 4, 0]);
    const path = await save(new Uint8Array(24));
    const saved = await arithmetic.save('apart', path);
    expect([...new Float64Array((await readFile(path)).buffer.slice(0))].slice(0, 3)).toEqual([1.5, 4, -2]);
    expect(saved).toEqual({ bytes: 24, sha256: sha256Hex(await readFile(path)), numbers: [2], rotation: null });
    expect(await arithmetic.save('apart', path)).toEqual(saved);
    await sumOf('merging', [1.5, 2, 5]);
    expect(await arithmetic.merge('merging', path, saved)).toBe(true);
    expect(await made('merging')).toEqual([1, 2, 1]);
    expect(await made('apart')).toEqual([0.75, 2, -1]);
  });

  test('is not merged if a bit of it is another, if it is cut, or of another rotation: nothing is done', async () => {
    await sumOf('apart', [1, 0, -2]);
    const path = await save(new Uint8Array(24));
    const saved = await arithmetic.save('apart', path);
    const bytes = await readFile(path);
    await sumOf('merging', [3, 2, 5]);
    const flipped = bytes.slice();
    flipped[7] = (flipped[7] as number) ^ 1;
    for (const other of [flipped, bytes.subarray(1), new Uint8Array(32)])
      expect(await arithmetic.merge('merging', await save(other), saved)).toBe(false);
    expect(await arithmetic.merge('merging', path, { ...saved, rotation: 7 })).toBe(false);
    await expect(arithmetic.merge('merging', path, { ...saved, numbers: [] })).rejects.toThrow('no sum');
    await expect(arithmetic.merge('merging', join(folder, 'none'), saved)).rejects.toThrow('ENOENT');
    expect(await made('merging')).toEqual([3, 2, 5]);
    await arithmetic.drop('apart');
  });

  test('is joined where it is, and gone then', async () => {
    await sumOf('one', [1, 0, -2]);
    await sumOf('other', [3, 2, 4], [2, 1, 1]);
    await arithmetic.join('one', 'other');
    await expect(arithmetic.drop('other')).resolves.toBe(undefined);
    await expect(arithmetic.save('other', folder)).rejects.toThrow('no aggregate other');
    expect(await made('one')).toEqual([2, 1, 1]);
  });

  test('200,001 values are as many in the file', async () => {
    const expected = { ...THREE, values: 200_001 };
    const delta = Float32Array.from({ length: expected.values }, (_, at) => at - 100_000);
    await arithmetic.begin('long', uniform, expected.values);
    await arithmetic.fold('long', await saveFrame({ delta, expected }), expected);
    const path = await save(new Uint8Array(8 * expected.values));
    const saved = await arithmetic.save('long', path);
    await arithmetic.begin('longer', uniform, expected.values);
    expect(await arithmetic.merge('longer', path, saved)).toBe(true);
    const params = await blobs.put(toBytes(new Float32Array(expected.values)));
    for (const key of ['long', 'longer']) {
      const { sha256 } = await arithmetic.finish(key, uniform, { params, optimizer: null });
      expect(sha256).toBe(sha256Hex(toBytes(delta)));
    }
  });

  test('of a rule that is none there is nothing to hand over', async () => {
    const median = { ...digits.strategy, name: 'robust', aggregator: { name: 'median' } } as const;
    await arithmetic.begin('robust', { ...uniform, strategy: median }, 3);
    await expect(arithmetic.save('robust', await save(new Uint8Array(24)))).rejects.toThrow('is no sum');
    await arithmetic.drop('robust');
  });
});

describe('D9 a robust rule reads the reports at the end', () => {
  type Learning = Pick<TaskSpec, 'strategy' | 'client' | 'model' | 'codec'>;
  const robust = (aggregator: TaskSpec['strategy']['aggregator'] & object): Learning => ({
    ...digits,
    strategy: { name: 'robust', weighting: 'uniform', aggregator, serverOptimizer: { name: 'sgd', learningRate: 1 } },
  });
  const zeros = (values: number): Promise<Sha256> => blobs.put(toBytes(new Float32Array(values)));
  const five = [
    [1, 0, 0],
    [2, 0, -1],
    [3, 4, -2],
    [4, 1, -3],
    [90, 90, 90],
  ];

  async function version(
    key: string,
    spec: Learning,
    deltas: readonly (readonly number[])[],
    optimizer: Sha256 | null = null,
    expected = THREE,
  ) {
    await arithmetic.begin(key, spec, expected.values);
    for (const delta of deltas) await arithmetic.fold(key, await saveFrame({ delta, expected }), expected);
    const made = await arithmetic.finish(key, spec, { params: await zeros(expected.values), optimizer });
    return { ...made, values: [...fromBytes(await readFile(blobs.path(made.sha256)))] };
  }

  test.each([
    [{ name: 'median' }, [3, 1, -1]],
    [{ name: 'trimmed-mean', share: 0.2 }, [3, Math.fround(5 / 3), -1]],
    [{ name: 'krum', malicious: 1 }, [2, 0, -1]],
    [{ name: 'multi-krum', malicious: 1, keep: 2 }, [3, 0.5, -2]],
    [{ name: 'centered-clipping', radius: 1000, passes: 1 }, [20, 19, Math.fround(84 / 5)]],
  ] as const)('of five by hand: %o', async (aggregator, expected) => {
    const made = await version(aggregator.name, robust(aggregator), five);
    expect(made.values).toEqual(expected);
  });

  test('a bound is kept also where whole reports would stream into the sums', async () => {
    const made = await version('bound', robust({ name: 'norm-bound', norm: 5 }), [
      [30, 40, 0],
      [0, 0, 4],
    ]);
    expect(made.values).toEqual([1.5, 2, 2]);
  });

  test('what it carries is saved, and the next round goes on from it', async () => {
    const spec = robust({ name: 'centered-clipping', radius: 1, passes: 1 });
    const first = await version('first', spec, [
      [2, 0, 0],
      [0, 0, 0],
    ]);
    expect([...fromBytes(await readFile(blobs.path(first.optimizerSha256!)))]).toEqual([0.5, 0, 0]);
    const second = await version(
      'second',
      spec,
      [
        [2, 0, 0],
        [0, 0, 0],
      ],
      first.optimizerSha256,
    );
    expect(second.values).toEqual([0.75, 0, 0]);
  });

  test('a report that was damaged after it was folded stops the round', async () => {
    const spec = robust({ name: 'median' });
    await arithmetic.begin('torn', spec, 3);
    const path = await saveFrame({ delta: [1, 2, 3] });
    await arithmetic.fold('torn', path, THREE);
    await writeFile(path, new Uint8Array(FRAME_HEADER_BYTES + 4));
    const base = { params: await zeros(3), optimizer: null };
    await expect(arithmetic.finish('torn', spec, base)).rejects.toThrow('damaged');
  });

  test('a rule without enough reports makes no version', async () => {
    await expect(version('few', robust({ name: 'krum', malicious: 1 }), five.slice(0, 4))).rejects.toThrow(
      '2f + 2 < n',
    );
  });
});

test('initial weights are those of the model and its seed', async () => {
  const spec = { ...digits, model: { zoo: 'softmax', seed: 5 } } as const;
  const made = await arithmetic.initial(spec);
  expect(made).toEqual({ sha256: sha256Hex(toBytes(initialWeights(modelOf(spec), 5))), bytes: 7_850 * 4 });
  expect(await blobs.size(sha256Hex(toBytes(initialWeights(modelOf(spec), 5))))).toBe(31_400);
});

const dense = { class_name: 'Dense', config: { name: 'd', units: 1, activation: 'linear' } } as const;
test('weights that were brought are kept if they are finite float32, and taken if the model has as many', async () => {
  const topology = { input: [1], layers: [dense] };
  const bytes = toBytes(Float32Array.of(2, -3));
  const kept = { sha256: sha256Hex(bytes), bytes: 8 };
  expect(await arithmetic.keep(bytes)).toEqual(kept);
  const weights = kept.sha256;
  expect(await arithmetic.initial({ model: { topology, seed: 1, weights } })).toEqual(kept);
  const wider = { input: [2], layers: [dense] };
  expect(await arithmetic.initial({ model: { topology: wider, seed: 1, weights } })).toEqual({
    problem: 'the model takes 12 bytes of weights, these are 8',
  });
  const nowhere = '0'.repeat(64) as Sha256;
  expect(await arithmetic.initial({ model: { topology, seed: 1, weights: nowhere } })).toHaveProperty('problem');
  // The memory of those above was given away.
  const cut = toBytes(Float32Array.of(2, -3)).subarray(1);
  for (const bad of [cut, new Uint8Array(), toBytes(Float32Array.of(Number.NaN))])
    expect(await arithmetic.keep(bad)).toHaveProperty('problem');
});

test('calls are answered in order, and what is under way when it is closed is rejected', async () => {
  const own = startArithmetic({ kind: 'folder', folder: folder });
  const answers: string[] = [];
  await Promise.all(['a', 'b', 'c'].map((key) => own.begin(key, strategy('uniform'), 3).then(() => answers.push(key))));
  expect(answers).toEqual(['a', 'b', 'c']);
  const pending = own.initial(digits);
  await Promise.all([expect(pending).rejects.toThrow('ended'), own.close()]);
  await expect(own.drop('a')).rejects.toThrow('closed');
});
