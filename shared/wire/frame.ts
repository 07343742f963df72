import type { CodecParameters } from '../codec/codec.ts';
import { type CodecName, codecById, codecByName } from '../codec/index.ts';
import { roundSeedOf } from '../codec/round-seed.ts';
import { type Refusal, refuse } from '../errors.ts';
import { bytesToHex, sha256Bytes } from '../hash.ts';
import type { Sha256 } from '../ids.ts';
import { LIMITS } from '../limits.ts';
import { type Amount, planSteps } from '../task/plan-steps.ts';
import { FRAME_HEADER_BYTES, FRAME_MAGIC, type FrameHeader } from './encode-frame.ts';

export { encodeFrame, FRAME_HEADER_BYTES, type FrameHeader } from './encode-frame.ts';

/**
 * The frame of a report (PROTOCOL.md, "The frame"): a fixed header of 96 bytes, then the codec's body. All integers
 * little-endian. The body starts on a multiple of 8, so that float32 values need no copy.
 *
 * | offset | bytes | field |
 * |---|---|---|
 * | 0 | 4 | magic `FTR1` |
 * | 4 | 1 | codec id |
 * | 5 | 3 | zero |
 * | 8 | 4 | values: the layout's size |
 * | 12 | 4 | examples trained on |
 * | 16 | 4 | local steps taken |
 * | 20 | 4 | body bytes |
 * | 24 | 32 | SHA-256 of the weight layout |
 * | 56 | 32 | SHA-256 of the checkpoint that the delta is relative to |
 * | 88 | 4 | seed: zero, the round's or the report's own, as the codec says |
 * | 92 | 4 | zero |
 */

/** What the server knows of a report before it looks at a byte of it. */
export interface ExpectedFrame extends CodecParameters {
  readonly codec: CodecName;
  readonly values: number;
  readonly layoutSha256: Sha256;
  readonly baseSha256: Sha256;
}

/** The exact length of a report's frame, or the range for codecs of variable length; checked at `report-begin`. */
export function frameBytesAllowed(expected: ExpectedFrame): { readonly minimum: number; readonly maximum: number } {
  const body = codecByName(expected.codec).bodyBytes(expected.values, expected);
  return { minimum: FRAME_HEADER_BYTES + body.minimum, maximum: FRAME_HEADER_BYTES + body.maximum };
}

/**
 * Reads and checks a header against what was assigned, in the order size, count, schema, round, layout (DESIGN §7.1).
 * `totalBytes` is the length of the whole frame; nothing is allocated from the header's figures. More steps than the plan has
 * for so many examples are refused: under FedNova they would weigh what nobody did. The examples are the report's own claim, as everywhere.
 */
export function readFrameHeader(
  header: Uint8Array,
  totalBytes: number,
  expected: ExpectedFrame,
  plan: Amount | null = null,
): { readonly ok: true; readonly header: FrameHeader } | Refusal {
  if (header.byteLength < FRAME_HEADER_BYTES) return refuse('size', 'the frame is shorter than its header');
  const view = new DataView(header.buffer, header.byteOffset, FRAME_HEADER_BYTES);
  const bodyBytes = view.getUint32(20, true);
  if (totalBytes !== FRAME_HEADER_BYTES + bodyBytes)
    return refuse('size', 'the frame is not as long as its header says');
  const allowed = frameBytesAllowed(expected);
  if (totalBytes < allowed.minimum || totalBytes > allowed.maximum)
    return refuse('size', `a frame of this task has ${allowed.minimum} to ${allowed.maximum} bytes`);
  const values = view.getUint32(8, true);
  const examples = view.getUint32(12, true);
  const steps = view.getUint32(16, true);
  if (values !== expected.values) return refuse('count', `this model has ${expected.values} values`);
  if (examples < 1 || examples > LIMITS.examplesPerReportCount)
    return refuse('count', 'the number of examples is not possible');
  if (steps < 1 || steps > LIMITS.stepsPerReportCount) return refuse('count', 'the number of steps is not possible');
  if (plan !== null && steps > planSteps(plan, examples))
    return refuse('count', `the plan has fewer steps for ${examples} examples`);
  if (view.getUint32(0, true) !== FRAME_MAGIC) return refuse('schema', 'this is not a report frame');
  const codec = codecById(view.getUint8(4));
  if (codec === undefined || codec.name !== expected.codec)
    return refuse('schema', `this task takes the codec ${expected.codec}`);
  const seed = view.getUint32(88, true);
  const zeros = [5, 6, 7, ...(codec.seeding === 'none' ? [88, 89, 90, 91] : []), 92, 93, 94, 95];
  if (zeros.some((at) => header[at] !== 0)) return refuse('schema', 'reserved bytes must be zero');
  const baseSha256 = bytesToHex(header.subarray(56, 88)) as Sha256;
  if (baseSha256 !== expected.baseSha256) return refuse('wrong-round', 'the changes are relative to another version');
  if (codec.seeding === 'round' && seed !== roundSeedOf(baseSha256))
    return refuse('schema', 'the seed is not that of the version');
  const layoutSha256 = bytesToHex(header.subarray(24, 56)) as Sha256;
  if (layoutSha256 !== expected.layoutSha256) return refuse('layout', 'the changes have another layout');
  return {
    ok: true,
    header: { codec: codec.name, values, examples, steps, bodyBytes, layoutSha256, baseSha256, seed },
  };
}

/** Decodes a checked frame's body into the flat delta; `undefined` where the body is not what its codec writes. */
export function decodeBody(
  frame: Uint8Array,
  header: FrameHeader,
  parameters: CodecParameters,
): Float32Array | undefined {
  const { codec, values, seed } = header;
  return codecByName(codec).decode(frame.subarray(FRAME_HEADER_BYTES), values, { ...parameters, seed });
}

/** SHA-256 of the whole frame, hex: what `report-begin` announces. */
export const frameSha256 = (frame: Uint8Array): Sha256 => bytesToHex(sha256Bytes(frame)) as Sha256;
