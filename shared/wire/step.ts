import type { CodecParameters } from '../codec/codec.ts';
import type { CodecName } from '../codec/index.ts';
import { roundSeedOf } from '../codec/round-seed.ts';
import { encodeUpdate } from '../codec/update.ts';
import type { Sha256 } from '../ids.ts';
import { isFinite32 } from '../weights/vector.ts';
import { decodeBody, encodeFrame, frameBytesAllowed, readFrameHeader } from './frame.ts';

/**
 * Steps: what one version is more than the one before it, as a frame in the codec `codec.down` (PROTOCOL.md, P52 and P53). Who
 * holds the weights of the one takes the step in place of the weights of the other.
 *
 * The server publishes what a step leads to, not what it was made of, so that everybody has the same weights whichever way they
 * came; what the codec left out is kept and goes into the next step (error feedback at the server, as in DoubleSqueeze: Tang et
 * al., ICML 2019).
 */
export interface StepCoding {
  readonly codec: CodecParameters & { readonly down: CodecName };
  /** Of the whole model. */
  readonly layoutSha256: Sha256;
  /** The weights that the step is taken from. */
  readonly baseSha256: Sha256;
}

export interface MadeStep {
  readonly frame: Uint8Array;
  /** What the step leads to: d values, float32. */
  readonly params: Float32Array;
  /** What is still missing of what was aimed at: d values. */
  readonly residual: Float32Array;
}

/**
 * The step from `base` towards `target` + `residual`, each of d values. Null where there is none: nothing changes, a value is not
 * finite or cannot be said in this codec, or the frame would be no shorter than the weights themselves.
 */
export function makeStep(
  base: Float32Array,
  target: Float32Array,
  residual: Float32Array | null,
  coding: StepCoding,
): MadeStep | null {
  const expected = expectedOf(base.length, coding);
  if (frameBytesAllowed(expected).maximum >= base.byteLength) return null;
  const change = new Float32Array(base.length);
  for (let i = 0; i < change.length; i++) change[i] = aim(target, residual, i) - (base[i] as number);
  if (!isFinite32(change) || change.every((value) => value === 0)) return null;
  const { codec, layoutSha256, baseSha256 } = coding;
  const seed = roundSeedOf(baseSha256);
  const encoded = encodeUpdate(change, { codec: { ...codec, up: codec.down }, baseSha256, seed });
  const header = { codec: codec.down, values: base.length, examples: 1, steps: 1, layoutSha256, baseSha256 };
  const frame = encodeFrame({ ...header, seed: encoded.seed }, encoded.body);
  const params = takeStep(base, frame, coding);
  if (params === undefined || !isFinite32(params)) return null;
  for (let i = 0; i < change.length; i++) change[i] = aim(target, residual, i) - (params[i] as number);
  return { frame, params, residual: change };
}

const aim = (target: Float32Array, residual: Float32Array | null, i: number): number =>
  (target[i] as number) + (residual === null ? 0 : (residual[i] as number));

/** The weights that a step leads to from `base`; `undefined` where the frame is not one of these. Allocates from no figure of it. */
export function takeStep(base: Float32Array, frame: Uint8Array, coding: StepCoding): Float32Array | undefined {
  const expected = expectedOf(base.length, coding);
  const read = readFrameHeader(frame, frame.byteLength, expected);
  const change = read.ok ? decodeBody(frame, read.header, coding.codec) : undefined;
  if (change === undefined) return undefined;
  const params = new Float32Array(base.length);
  for (let i = 0; i < params.length; i++) params[i] = (base[i] as number) + (change[i] as number);
  return params;
}

const expectedOf = (values: number, { codec, layoutSha256, baseSha256 }: StepCoding) => ({
  ...{ codec: codec.down, range: codec.range, fraction: codec.fraction },
  ...{ values, layoutSha256, baseSha256 },
});

/** One step after the other. Throws where a frame is not one of these. */
export function takeSteps(
  from: Float32Array,
  steps: readonly { readonly frame: Uint8Array; readonly baseSha256: Sha256 }[],
  coding: Omit<StepCoding, 'baseSha256'>,
): Float32Array {
  return steps.reduce((params, { frame, baseSha256 }) => {
    const next = takeStep(params, frame, { ...coding, baseSha256 });
    if (next === undefined) throw new Error('a step is not what its codec writes');
    return next;
  }, from);
}
