/** Of a blob or a report in one row. PostgreSQL answers bytes as text of twice that length. */
export const PIECE_BYTES = 256 * 1024;

export function* piecesOf(bytes: Uint8Array): Generator<{ readonly piece: number; readonly content: Uint8Array }> {
  for (let piece = 0; piece * PIECE_BYTES < bytes.byteLength; piece++) {
    yield { piece, content: bytes.subarray(piece * PIECE_BYTES, (piece + 1) * PIECE_BYTES) };
  }
}
