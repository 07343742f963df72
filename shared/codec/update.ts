import { assert } from '../assert.ts';
import type { Sha256 } from '../ids.ts';
import { seededRng } from '../rng.ts';
import { isFinite32 } from '../weights/vector.ts';
import type { CodecParameters } from './codec.ts';
import { codecByName } from './index.ts';
import type { CodecName } from './names.ts';
import { roundSeedOf } from './round-seed.ts';

/** What a client knows when it encodes its delta. */
export interface UpdateCoding {
  readonly codec: CodecParameters & { readonly up: CodecName };
  readonly baseSha256: Sha256;
  /** The assignment's own: stochastic rounding and the report's own rotation follow from it. */
  readonly seed: number;
}

/** A body and the seed that stands in its frame. */
export interface EncodedUpdate {
  readonly body: Uint8Array;
  readonly seed: number;
}

const ENCODING_STREAM = 0xc0dec;

/** Throws where a value is not a finite number, or every one is zero, which not every codec could say. */
export function encodeUpdate(
  delta: Float32Array,
  { codec: parameters, baseSha256, seed }: UpdateCoding,
): EncodedUpdate {
  assert(isFinite32(delta), 'a change is not a finite number');
  assert(
    delta.some((value) => value !== 0),
    'every change is zero',
  );
  const codec = codecByName(parameters.up);
  const rng = seededRng(seed, ENCODING_STREAM);
  const own = rng.uint32();
  const used = codec.seeding === 'round' ? roundSeedOf(baseSha256) : codec.seeding === 'report' ? own : 0;
  return { body: codec.encode(delta, { ...parameters, seed: used, rng }), seed: used };
}
