import { bytesToHex, hexToBytes, sha256Bytes, utf8ToBytes } from '../hash.ts';
import type { AssignmentToken, ClientId, TaskId, UpdateId } from '../ids.ts';

const digest16 = (domain: string, ...parts: readonly Uint8Array[]): string => {
  const pieces = [utf8ToBytes(domain), ...parts];
  const joined = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    joined.set(piece, at);
    at += piece.length;
  }
  return bytesToHex(sha256Bytes(joined).subarray(0, 16));
};

/** First 16 bytes of SHA-256(`fedtab/client/v1` ‖ task ‖ secret), hex. The secret is 32 hex digits (16 bytes). */
export const clientIdOf = (task: TaskId, secret: string): ClientId =>
  digest16('fedtab/client/v1', utf8ToBytes(task), hexToBytes(secret)) as ClientId;

/** First 16 bytes of SHA-256(`fedtab/update/v1` ‖ token), hex: public, and tells nothing of the token. */
export const updateIdOf = (token: AssignmentToken): UpdateId =>
  digest16('fedtab/update/v1', hexToBytes(token)) as UpdateId;
