import type { Codec } from './codec.ts';
import { eden } from './eden.ts';
import { float16 } from './float16.ts';
import { float32 } from './float32.ts';
import type { CodecName } from './names.ts';
import { randomK } from './random-k.ts';
import { topK } from './top-k.ts';
import { uniform } from './uniform.ts';

export { CODEC_NAMES, type CodecName } from './names.ts';

/** The codecs there are: one file each or a family, one line here and one in `names.ts`. */
export const CODECS = {
  float32,
  float16,
  'top-k': topK,
  'random-k': randomK,
  'eden-1': eden(1),
  'eden-2': eden(2),
  'eden-3': eden(3),
  'eden-4': eden(4),
  'uniform-1': uniform('uniform-1'),
  'uniform-2': uniform('uniform-2'),
  'uniform-4': uniform('uniform-4'),
  'uniform-8': uniform('uniform-8'),
  'uniform-12': uniform('uniform-12'),
  'uniform-16': uniform('uniform-16'),
  'uniform-1-rotated': uniform('uniform-1-rotated'),
  'uniform-2-rotated': uniform('uniform-2-rotated'),
  'uniform-4-rotated': uniform('uniform-4-rotated'),
  'uniform-8-rotated': uniform('uniform-8-rotated'),
  'uniform-12-rotated': uniform('uniform-12-rotated'),
  'uniform-16-rotated': uniform('uniform-16-rotated'),
} as const satisfies Record<CodecName, Codec>;

export const codecByName = (name: CodecName): Codec => CODECS[name];

export const codecById = (id: number): (Codec & { readonly name: CodecName }) | undefined =>
  (Object.values(CODECS) as (Codec & { readonly name: CodecName })[]).find((codec) => codec.id === id);
