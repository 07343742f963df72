import type { Codec } from './codec.ts';
import { float32 } from './float32.ts';

/** The codecs there are: one file each, one line here. */
export const CODECS = { float32 } as const satisfies Record<string, Codec>;
export type CodecName = keyof typeof CODECS;
export const CODEC_NAMES = Object.keys(CODECS) as CodecName[];

export const codecByName = (name: CodecName): Codec => CODECS[name];

export const codecById = (id: number): (Codec & { readonly name: CodecName }) | undefined =>
  Object.values(CODECS).find((codec) => codec.id === id);
