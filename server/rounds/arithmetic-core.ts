import { createHash } from 'node:crypto';
import { assert, BugError } from '../../shared/assert.ts';
import { refuse } from '../../shared/errors.ts';
import { countsProblem } from '../../shared/evaluation/counts.ts';
import type { Sha256 } from '../../shared/ids.ts';
import { initialWeights } from '../../shared/model/initial-weights.ts';
import { isVariance } from '../../shared/model/topology.ts';
import { modelOf } from '../../shared/task/model-of.ts';
import { scatter, sharedEntries } from '../../shared/task/report-layout.ts';
import type { TaskSpec } from '../../shared/task/spec.ts';
import { tensorAt } from '../../shared/weights/layout.ts';
import { fromBytes, isFinite32, toBytes } from '../../shared/weights/vector.ts';
import {
  decodeBody,
  type ExpectedFrame,
  type FrameHeader,
  frameBytesAllowed,
  readFrameHeader,
} from '../../shared/wire/frame.ts';
import { makeStep, type StepCoding } from '../../shared/wire/step.ts';
import {
  type Addend,
  type Aggregator,
  addendOfFloats,
  type BatchAggregator,
  type Counting,
  type PartialSums,
} from '../learning/aggregators/aggregator.ts';
import { rotated } from '../learning/aggregators/rotated.ts';
import { effectiveSteps } from '../learning/effective-steps.ts';
import { kernel } from '../learning/kernel/index.ts';
import { type Read, readFrom } from '../learning/kernel/kernel.ts';
import { normOfCodes, uniformCodes } from '../learning/kernel/uniform-codes.ts';
import { nextServerState, type ServerState, savedState, serverStateOf } from '../learning/server-state.ts';
import { stalenessWeight } from '../learning/staleness.ts';
import { weightOf } from '../learning/weighting.ts';
import type { BlobStore } from '../storage/blobs/port.ts';
import { withFrameFile } from './frame-file.ts';
import { aggregatorOfFold, bytesOf, type SavedSum, withSums, writeSums } from './partial-sum.ts';
import type { Arithmetic, Fold, ReportRule } from './port.ts';
import { spooledUpdates } from './spooled-updates.ts';

/** What happens in the thread: the port, carried out where it is called. Files are read synchronously, one at a time. */
export type ArithmeticCore = Omit<Arithmetic, 'close'>;

/** A streaming aggregator holds its state, a batch aggregator the frames that it will read. */
type OpenAggregate = OpenSum | OpenBatch;
interface OpenSum {
  readonly fold: Fold;
  /** Of a report. */
  readonly values: number;
  aggregator: Aggregator<unknown>;
  state: unknown;
  /** Of the rotation in which the sums are, `null` for none; nothing was streamed yet where it is missing. */
  rotation?: number | null;
}
interface OpenBatch {
  readonly fold: Fold;
  readonly aggregator: BatchAggregator;
  readonly paths: string[];
  expected: ExpectedFrame | null;
}

const NOT_FINITE = 'every value must be a finite number';
const NOT_FINITE_VALUE = 'a value is not a finite number';
const NOT_AS_LONG = 'the report is not as long as announced';
const NOT_THE_HASH = 'the bytes do not match the SHA-256 that was announced';

/**
 * Memory: one aggregate for each open key, and one frame and its delta where it does not go straight from the file into sums;
 * while a batch aggregator is finished, also one block.
 */
export function createArithmeticCore(blobs: Pick<BlobStore, 'get' | 'put'>): ArithmeticCore {
  const open = new Map<string, OpenAggregate>();
  const frames = new FrameReader();

  async function putVector(vector: Float32Array): Promise<{ readonly sha256: Sha256; readonly bytes: number }> {
    const bytes = toBytes(vector);
    return { sha256: await blobs.put(bytes), bytes: bytes.byteLength };
  }

  async function getVector(sha256: Sha256): Promise<Float32Array> {
    const bytes = await blobs.get(sha256);
    if (bytes === null) throw new Error(`the blob ${sha256} is gone`);
    return fromBytes(bytes);
  }

  function find(key: string): OpenAggregate {
    const aggregate = open.get(key);
    if (aggregate === undefined) throw new BugError(`no aggregate ${key} is open`);
    return aggregate;
  }

  function findSum(key: string): FoundSum {
    const aggregate = find(key);
    const partial = 'state' in aggregate ? aggregate.aggregator.partial : undefined;
    if (!('state' in aggregate) || partial === undefined) throw new BugError(`the aggregate ${key} is no sum`);
    return { aggregate, partial };
  }

  function readUpdate(path: string, expected: ExpectedFrame) {
    const frame = frames.read(path, frameBytesAllowed(expected).maximum);
    const read = frame && readFrameHeader(frame, frame.byteLength, expected);
    const delta = frame && read?.ok ? decodeBody(frame, read.header, expected) : undefined;
    if (!read?.ok || delta === undefined) throw new Error(`the accepted report ${path} is damaged`);
    return { header: read.header, delta };
  }

  /** The aggregated delta of what was folded. */
  function aggregatedBy(aggregate: OpenAggregate, previous: Float32Array | null): Float64Array {
    if ('state' in aggregate) return aggregate.aggregator.finish(aggregate.state);
    const { aggregator, paths, expected } = aggregate;
    assert(expected !== null, 'an aggregate of nothing');
    const { codec, values } = expected;
    const read = (path: string): Float32Array => readUpdate(path, expected).delta;
    return aggregator.apply(spooledUpdates({ paths, codec, values, read }), previous);
  }

  return {
    async initial({ model }) {
      const { layout } = modelOf({ model });
      if (!('weights' in model) || model.weights === undefined)
        return putVector(initialWeights(modelOf({ model }), model.seed));
      const bytes = await blobs.get(model.weights);
      if (bytes === null) return { problem: 'these weights are not here, or not any more; send them again' };
      if (bytes.byteLength !== layout.size * 4)
        return { problem: `the model takes ${layout.size * 4} bytes of weights, these are ${bytes.byteLength}` };
      const params = fromBytes(bytes);
      if (!isFinite32(params)) return { problem: NOT_FINITE };
      const variances = layout.entries.filter(isVariance);
      const negative = variances.find((entry) => tensorAt(params, entry).some((value) => value < 0));
      if (negative !== undefined) return { problem: `${negative.name} holds a value below 0, which no variance is` };
      // Put again: what nothing refers to yet may be about to be swept.
      return { sha256: await blobs.put(bytes), bytes: bytes.byteLength };
    },

    async keep(bytes) {
      if (bytes.byteLength === 0 || bytes.byteLength % 4 !== 0)
        return { problem: 'must be float32 values, four bytes each' };
      if (!isFinite32(fromBytes(bytes))) return { problem: NOT_FINITE };
      return { sha256: await blobs.put(bytes), bytes: bytes.byteLength };
    },

    check: async (path, announced, expected, rule) =>
      (rule.kind === 'delta' ? checkStream(path, announced, expected, rule) : null) ??
      checkFrame(frames.read(path, frameBytesAllowed(expected).maximum), announced, expected, rule),

    async begin(key, fold, values) {
      const aggregator = aggregatorOfFold(fold);
      if ('apply' in aggregator) open.set(key, { fold, aggregator, paths: [], expected: null });
      else open.set(key, { fold, values, aggregator, state: aggregator.init(values) });
    },

    async fold(key, path, expected, staleness = 0) {
      const aggregate = find(key);
      if ('state' in aggregate && foldStream(aggregate, path, expected, staleness)) return;
      const { header, delta } = readUpdate(path, expected);
      if ('paths' in aggregate) {
        aggregate.paths.push(path);
        aggregate.expected = expected;
        return;
      }
      const counting = countingOf(aggregate.fold, header, staleness);
      aggregate.state = aggregate.aggregator.add(aggregate.state, { delta, ...counting });
    },

    async save(key, path) {
      const { aggregate, partial } = findSum(key);
      const { values, numbers } = partial.of(aggregate.state);
      return { ...writeSums(path, values), numbers, rotation: aggregate.rotation ?? null };
    },

    async merge(key, path, saved) {
      const merged = withSums(path, saved, (read) => addSum(findSum(key), saved, read));
      return merged ?? false;
    },

    async join(key, otherKey) {
      const other = findSum(otherKey);
      const { values, numbers } = other.partial.of(other.aggregate.state);
      const saved = { numbers, rotation: other.aggregate.rotation ?? null, bytes: values.byteLength };
      if (!addSum(findSum(key), saved, readFrom(bytesOf(values)))) throw new BugError('sums of two kinds');
      open.delete(otherKey);
    },

    async finish(key, { strategy, client, model, codec }, base) {
      const aggregate = find(key);
      open.delete(key);
      const params = await getVector(base.params);
      const saved = base.optimizer && (await getVector(base.optimizer));
      const before = serverStateOf(params, saved, strategy, hasSteps(codec));
      const aggregated = aggregatedBy(aggregate, before.aggregate);
      // What is not reported does not change.
      const { layout } = modelOf({ model });
      const delta =
        client.local === undefined
          ? aggregated
          : scatter(new Float64Array(params.length), sharedEntries(layout, client), aggregated);
      const aimed = nextServerState(before, delta, strategy);
      if (aimed === null) throw new Error('the new version is not finite');
      const coding = { codec, layoutSha256: layout.sha256, baseSha256: base.params };
      const { state, frame } = hasSteps(codec) ? stepTowards(before, aimed, coding) : { state: aimed, frame: null };
      const beside = savedState(state);
      const optimizerSha256 = beside && (await putVector(beside)).sha256;
      const step = frame && { sha256: await blobs.put(frame), bytes: frame.byteLength };
      return { ...(await putVector(state.params)), optimizerSha256, step };
    },

    async total(key) {
      const aggregate = find(key);
      open.delete(key);
      return aggregatedBy(aggregate, null);
    },

    async drop(key) {
      open.delete(key);
    },
  };
}

const hasSteps = ({ down }: TaskSpec['codec']): boolean => down !== 'float32';

/** What the step leads to; where there is none, what was aimed at, and nothing is missing. */
function stepTowards(
  before: ServerState,
  aimed: ServerState,
  coding: StepCoding,
): { readonly state: ServerState; readonly frame: Uint8Array | null } {
  const made = makeStep(before.params, aimed.params, before.residual, coding);
  if (made !== null) {
    const { frame, params, residual } = made;
    return { state: { ...aimed, params, residual }, frame };
  }
  const params = aimed.params.map((value, i) => value + (before.residual?.[i] ?? 0));
  const residual = new Float32Array(params.length);
  return { state: { ...aimed, params: isFinite32(params) ? params : aimed.params, residual }, frame: null };
}

/** What an accepted report counts for, `staleness` versions late. */
function countingOf(fold: Fold, header: FrameHeader, staleness: number): Counting {
  if (fold === 'sum') return { weight: stalenessWeight(staleness), steps: 1 };
  const weight = weightOf(fold.strategy.weighting, header) * stalenessWeight(staleness);
  return { weight, steps: effectiveSteps(fold.client, header.steps) };
}

/** How the kernel takes a body as it lies in the file; null where it must be decoded whole. */
interface Streamed {
  /** It is added as R(x), which is not rotated back. */
  readonly isRotated: boolean;
  readonly addendOf: (read: Read) => Addend;
  readonly norm: (read: Read, seed: number) => number;
}

function streamed(expected: ExpectedFrame): Streamed | null {
  if (expected.codec === 'float32')
    return { isRotated: false, addendOf: addendOfFloats, norm: (read) => kernel.norm(expected.values, read) };
  const codes = uniformCodes(expected);
  if (codes === null) return null;
  const { isRotated, bits, levels } = codes;
  return {
    isRotated,
    addendOf: (read) => (sums, weight) => sums.addCodes(read, bits, levels, weight),
    norm: (read, seed) => normOfCodes(codes, read, seed),
  };
}

/**
 * The body goes from the file to the sums, piece by piece, where both allow it; else false is returned and nothing was done.
 * Where reading it fails, the sums are spoilt, and the caller begins anew.
 */
function foldStream(aggregate: OpenSum, path: string, expected: ExpectedFrame, staleness: number): boolean {
  const body = streamed(expected);
  const { addStream, isScaledSum } = aggregate.aggregator;
  if (body === null || addStream === undefined || (body.isRotated && isScaledSum !== true)) return false;
  withFrameFile(path, ({ bytes, header, read }) => {
    const checked = readFrameHeader(header, bytes, expected);
    if (!checked.ok) throw new Error(`the accepted report ${path} is damaged`);
    setRotation(aggregate, body.isRotated ? checked.header.seed : null);
    const counting = countingOf(aggregate.fold, checked.header, staleness);
    aggregate.state = addStream(aggregate.state, body.addendOf(read), counting);
  });
  return true;
}

/** The first report says in which rotation the sums are; every other must be in the same. */
function setRotation(aggregate: OpenSum, rotation: number | null): void {
  if (aggregate.rotation === undefined) {
    aggregate.rotation = rotation;
    if (rotation !== null) {
      aggregate.aggregator = rotated(aggregate.aggregator, aggregate.values, rotation);
      aggregate.state = aggregate.aggregator.init(aggregate.values);
    }
  }
  assert(aggregate.rotation === rotation, 'one sum is of one rotation');
}

interface FoundSum {
  readonly aggregate: OpenSum;
  readonly partial: PartialSums<unknown>;
}

/** False where it is not a sum of the same kind: nothing was done. */
function addSum({ aggregate, partial }: FoundSum, saved: Omit<SavedSum, 'sha256'>, read: Read): boolean {
  const { rotation, numbers, bytes } = saved;
  if (aggregate.rotation !== undefined && aggregate.rotation !== rotation) return false;
  setRotation(aggregate, rotation);
  if (partial.of(aggregate.state).values.byteLength !== bytes) return false;
  aggregate.state = partial.merge(aggregate.state, { numbers, read });
  return true;
}

type Announced = Parameters<Arithmetic['check']>[1];
type Checked = Awaited<ReturnType<Arithmetic['check']>>;

/** `checkFrame` for changes, in one pass over the file that keeps nothing of it; null where the body must be decoded whole. */
function checkStream(
  path: string,
  announced: Announced,
  expected: ExpectedFrame,
  rule: ReportRule & { readonly kind: 'delta' },
): Checked | null {
  const body = streamed(expected);
  if (body === null) return null;
  return withFrameFile(path, ({ bytes, header, read }) => {
    if (bytes !== announced.bytes) return refuse('size', NOT_AS_LONG);
    const checked = readFrameHeader(header, bytes, expected, planOf(rule));
    if (!checked.ok) return checked;
    const hash = createHash('sha256').update(header);
    const norm = body.norm((into) => {
      read(into);
      hash.update(into);
    }, checked.header.seed);
    if (hash.digest('hex') !== announced.sha256) return refuse('hash', NOT_THE_HASH);
    return checkNorm(norm, checked.header, rule);
  });
}

/** The checks of DESIGN §7.1 on the bytes, in its order; `frame` is null when the file is longer than any frame. */
function checkFrame(
  frame: Uint8Array | null,
  announced: Announced,
  expected: ExpectedFrame,
  rule: ReportRule,
): Checked {
  if (frame?.byteLength !== announced.bytes) return refuse('size', NOT_AS_LONG);
  const read = readFrameHeader(frame, frame.byteLength, expected, planOf(rule));
  if (!read.ok) return read;
  if (sha256Of(frame) !== announced.sha256) return refuse('hash', NOT_THE_HASH);
  const delta = decodeBody(frame, read.header, expected);
  if (delta === undefined) return refuse('schema', 'the body is not what its codec writes');
  const norm = kernel.norm(delta.length, readFrom(toBytes(delta)));
  if (rule.kind === 'delta') return checkNorm(norm, read.header, rule);
  if (!Number.isFinite(norm)) return refuse('not-finite', NOT_FINITE_VALUE);
  const problem = countsProblem(delta, rule.target);
  if (problem !== null) return refuse('count', problem);
  // What one person's figures are is not for the receipt, which stays.
  return delta[0] === read.header.examples
    ? { ok: true, examples: 0, steps: 0, norm: 0 }
    : refuse('count', 'the header tells of other examples');
}

const planOf = (rule: ReportRule) => (rule.kind === 'delta' ? rule.client : null);

/** The norm is not finite where a value is not. */
function checkNorm(
  norm: number,
  { examples, steps }: FrameHeader,
  { maxNorm }: ReportRule & { readonly kind: 'delta' },
): Checked {
  if (!Number.isFinite(norm)) return refuse('not-finite', NOT_FINITE_VALUE);
  if (norm === 0) return refuse('zero', 'every value is zero');
  if (norm > maxNorm) return refuse('norm', `the norm of the changes is above ${maxNorm}`);
  return { ok: true, examples, steps, norm };
}

const sha256Of = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** Reads whole files into one buffer that grows to the longest and is used again: a result lasts until the next. */
class FrameReader {
  #buffer = new ArrayBuffer(0);

  /** The file's bytes; null if it is longer than `maximumBytes`, which is checked before anything is allocated. */
  read(path: string, maximumBytes: number): Uint8Array | null {
    return withFrameFile(path, ({ bytes: size, header, read }) => {
      if (size > maximumBytes) return null;
      if (size > this.#buffer.byteLength) this.#buffer = new ArrayBuffer(size);
      const bytes = new Uint8Array(this.#buffer, 0, size);
      bytes.set(header);
      read(bytes.subarray(header.length));
      return bytes;
    });
  }
}
