import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { headerOf } from '../bench/contributor.ts';
import { deltaOf, examplesOf, variantOf } from '../bench/deltas.ts';
import type { Participation } from '../conformance/minimal-client.ts';
import { attachmentOf } from './wire.ts';

const CHUNK = 262_144;

export interface Chunk {
  readonly index: number;
  readonly crc32: number;
  /** As it goes over the wire. */
  readonly frame: Buffer;
}
export interface Report {
  readonly bytes: number;
  readonly sha256: string;
  readonly chunks: readonly Chunk[];
}

/** A few reports that many contributors send: made, hashed and masked once each. */
export class Reports {
  readonly #made = new Map<string, Report>();

  of(contributor: number, participation: Participation, baseSha256: string): Report {
    const variant = variantOf(contributor);
    const examples = examplesOf(contributor);
    const key = `${variant}/${examples}/${baseSha256}`;
    const known = this.#made.get(key);
    if (known !== undefined) return known;
    const body = Buffer.from(deltaOf(variant, participation.parameters).buffer);
    const made = reportOf(Buffer.concat([headerOf(body.byteLength, participation, baseSha256, examples), body]));
    // Those of an older version are not sent again.
    for (const old of this.#made.keys()) if (!old.endsWith(baseSha256)) this.#made.delete(old);
    this.#made.set(key, made);
    return made;
  }
}

export function reportOf(frame: Buffer): Report {
  const chunks: Chunk[] = [];
  for (let index = 0; index * CHUNK < frame.byteLength; index++) {
    const bytes = frame.subarray(index * CHUNK, (index + 1) * CHUNK);
    chunks.push({ index, crc32: crc32(bytes), frame: attachmentOf(bytes) });
  }
  return { bytes: frame.byteLength, sha256: createHash('sha256').update(frame).digest('hex'), chunks };
}
