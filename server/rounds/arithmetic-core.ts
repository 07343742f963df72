import { createHash } from 'node:crypto';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { BugError } from '../../shared/assert.ts';
import { type Refusal, refuse } from '../../shared/errors.ts';
import { countsProblem } from '../../shared/evaluation/counts.ts';
import type { Sha256 } from '../../shared/ids.ts';
import { initialWeights } from '../../shared/model/initial-weights.ts';
import { modelOf } from '../../shared/task/model-of.ts';
import { fromBytes, isFinite32, norm, toBytes } from '../../shared/weights/vector.ts';
import { decodeBody, type ExpectedFrame, frameBytesAllowed, readFrameHeader } from '../../shared/wire/frame.ts';
import type { Aggregator } from '../learning/aggregators/aggregator.ts';
import { aggregatorOf } from '../learning/aggregators/index.ts';
import { initialServerState, nextServerState } from '../learning/server-state.ts';
import { stalenessWeight } from '../learning/staleness.ts';
import { sum } from '../learning/sum.ts';
import { weightOf } from '../learning/weighting.ts';
import type { BlobStore } from '../storage/blobs/port.ts';
import type { Arithmetic, Fold, ReportRule } from './port.ts';

/** What happens in the thread: the port, carried out where it is called. Files are read synchronously, one at a time. */
export type ArithmeticCore = Omit<Arithmetic, 'close'>;

interface OpenAggregate {
  readonly fold: Fold;
  readonly aggregator: Aggregator<unknown>;
  state: unknown;
}

const NOT_FINITE = 'every value must be a finite number';

/** Memory: one frame, and one aggregate for each open key. */
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

  return {
    async initial({ model }) {
      const { layout } = modelOf({ model });
      if (!('weights' in model) || model.weights === undefined)
        return putVector(initialWeights(modelOf({ model }), model.seed));
      const bytes = await blobs.get(model.weights);
      if (bytes === null) return { problem: 'these weights are not here, or not any more; send them again' };
      if (bytes.byteLength !== layout.size * 4)
        return { problem: `the model takes ${layout.size * 4} bytes of weights, these are ${bytes.byteLength}` };
      if (!isFinite32(fromBytes(bytes))) return { problem: NOT_FINITE };
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
      checkFrame(frames.read(path, frameBytesAllowed(expected).maximum), announced, expected, rule),

    async begin(key, fold, values) {
      const aggregator = fold === 'sum' ? (sum as Aggregator<unknown>) : aggregatorOf(fold.strategy);
      open.set(key, { fold, aggregator, state: aggregator.init(values) });
    },

    async fold(key, path, expected, staleness = 0) {
      const aggregate = find(key);
      const frame = frames.read(path, frameBytesAllowed(expected).maximum);
      const read = frame && readFrameHeader(frame, frame.byteLength, expected);
      const delta = frame && read?.ok ? decodeBody(frame, read.header) : undefined;
      if (!read?.ok || delta === undefined) throw new Error(`the accepted report ${path} is damaged`);
      const { fold } = aggregate;
      const weight = fold === 'sum' ? 1 : weightOf(fold.strategy.weighting, read.header) * stalenessWeight(staleness);
      aggregate.state = aggregate.aggregator.add(aggregate.state, { delta, weight });
    },

    async finish(key, { strategy }, base) {
      const { aggregator, state } = find(key);
      open.delete(key);
      const params = await getVector(base.params);
      const before =
        base.optimizer === null
          ? initialServerState(params, strategy)
          : { params, optimizer: await getVector(base.optimizer) };
      const next = nextServerState(before, aggregator.finish(state), strategy);
      if (next === null) throw new Error('the new version is not finite');
      const optimizerSha256 = next.optimizer === null ? null : (await putVector(next.optimizer)).sha256;
      return { ...(await putVector(next.params)), optimizerSha256 };
    },

    async total(key) {
      const { aggregator, state } = find(key);
      open.delete(key);
      return aggregator.finish(state);
    },

    async drop(key) {
      open.delete(key);
    },
  };
}

/** The checks of DESIGN §7.1 on the bytes, in its order; `frame` is null when the file is longer than any frame. */
function checkFrame(
  frame: Uint8Array | null,
  announced: { readonly sha256: Sha256; readonly bytes: number },
  expected: ExpectedFrame,
  rule: ReportRule,
): { readonly ok: true; readonly examples: number; readonly steps: number; readonly norm: number } | Refusal {
  if (frame?.byteLength !== announced.bytes) return refuse('size', 'the report is not as long as announced');
  const read = readFrameHeader(frame, frame.byteLength, expected);
  if (!read.ok) return read;
  if (sha256Of(frame) !== announced.sha256)
    return refuse('hash', 'the bytes do not match the SHA-256 that was announced');
  const delta = decodeBody(frame, read.header);
  if (delta === undefined) return refuse('schema', 'the body is not what its codec writes');
  if (!isFinite32(delta)) return refuse('not-finite', 'a value is not a finite number');
  const { examples, steps } = read.header;
  if (rule.kind === 'counts') {
    const problem = countsProblem(delta, rule.target);
    if (problem !== null) return refuse('count', problem);
    // What one person's figures are is not for the receipt, which stays.
    return delta[0] === examples
      ? { ok: true, examples: 0, steps: 0, norm: 0 }
      : refuse('count', 'the header tells of other examples');
  }
  const length = norm(delta);
  if (length === 0) return refuse('zero', 'every value is zero');
  if (length > rule.maxNorm) return refuse('norm', `the norm of the changes is above ${rule.maxNorm}`);
  return { ok: true, examples, steps, norm: length };
}

const sha256Of = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** Reads whole files into one buffer that grows to the longest and is used again: a result lasts until the next. */
class FrameReader {
  #buffer = new ArrayBuffer(0);

  /** The file's bytes; null if it is longer than `maximumBytes`, which is checked before anything is allocated. */
  read(path: string, maximumBytes: number): Uint8Array | null {
    const file = openSync(path, 'r');
    try {
      const { size } = fstatSync(file);
      if (size > maximumBytes) return null;
      if (size > this.#buffer.byteLength) this.#buffer = new ArrayBuffer(size);
      const bytes = new Uint8Array(this.#buffer, 0, size);
      let at = 0;
      while (at < size) {
        const count = readSync(file, bytes, at, size - at, at);
        if (count === 0) throw new Error(`${path} ended early`);
        at += count;
      }
      return bytes;
    } finally {
      closeSync(file);
    }
  }
}
