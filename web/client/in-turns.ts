/** Copied or hashed without a rest: some milliseconds, also of code that has not been compiled yet. */
const PIECE_BYTES = 2 ** 18;

/** Lets this thread do what else waits. Unlike a timer it is not held back in a hidden page. */
function turn(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}

/** Goes over the bytes piece by piece, each in a turn of its own, so that a page has its turns however long they are. They must stay as they are meanwhile. */
export async function inTurns(bytes: Uint8Array, each: (piece: Uint8Array, at: number) => void): Promise<void> {
  for (let at = 0; at < bytes.byteLength; at += PIECE_BYTES) {
    if (bytes.byteLength > PIECE_BYTES) await turn();
    each(bytes.subarray(at, at + PIECE_BYTES), at);
  }
}

/** A copy of its own, made piece by piece: memory that is touched for the first time takes most of the time. */
export async function copied(bytes: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  const copy = new Uint8Array(bytes.byteLength);
  await inTurns(bytes, (piece, at) => copy.set(piece, at));
  return copy;
}

export const copiedValues = async (values: Float32Array): Promise<Float32Array<ArrayBuffer>> =>
  new Float32Array((await copied(new Uint8Array(values.buffer, values.byteOffset, values.byteLength))).buffer);
