import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import type { Sha256 } from './ids.ts';

/** SHA-256 of the bytes, 32 bytes. Pure JavaScript: works on plain http, where `crypto.subtle` is absent. */
export const sha256Bytes = (bytes: Uint8Array): Uint8Array => sha256(bytes);

/** SHA-256 of the bytes as 64 hex digits. */
export const sha256Hex = (bytes: Uint8Array): Sha256 => bytesToHex(sha256(bytes)) as Sha256;

/** SHA-256 of bytes that come in pieces: `update` with each, then `digest`. */
export const startSha256 = (): { update(piece: Uint8Array): unknown; digest(): Uint8Array } => sha256.create();

export { bytesToHex, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js';
