/**
 * Numbers of `bits` bits (1 to 16) side by side: number i takes the bits from i · bits, the lowest first, and bit j of the stream
 * is bit j mod 8 of byte ⌊j ÷ 8⌋.
 */
export const packedBytes = (count: number, bits: number): number => Math.ceil((count * bits) / 8);

/** Writes the first `count` of `numbers` as numbers `from`, from + 1, … of the stream; those bits were zero. */
export function pack(numbers: Uint16Array, count: number, bits: number, into: Uint8Array, from: number): void {
  if (bits === 8) {
    for (let i = 0; i < count; i++) into[from + i] = numbers[i] as number;
    return;
  }
  if (bits === 16) {
    for (let i = 0, at = from * 2; i < count; i++, at += 2) {
      into[at] = numbers[i] as number;
      into[at + 1] = (numbers[i] as number) >>> 8;
    }
    return;
  }
  let at = Math.floor((from * bits) / 8);
  let held = (from * bits) % 8;
  let word = held === 0 ? 0 : (into[at] as number);
  for (let i = 0; i < count; i++) {
    word |= (numbers[i] as number) << held;
    held += bits;
    while (held >= 8) {
      into[at++] = word;
      word >>>= 8;
      held -= 8;
    }
  }
  if (held > 0) into[at] = word;
}

/** Reads numbers `from`, from + 1, … of the stream into the first `count` of `numbers`. */
export function unpack(stream: Uint8Array, from: number, count: number, bits: number, numbers: Uint16Array): void {
  if (bits === 8) {
    for (let i = 0; i < count; i++) numbers[i] = stream[from + i] as number;
    return;
  }
  if (bits === 16) {
    for (let i = 0, at = from * 2; i < count; i++, at += 2)
      numbers[i] = (stream[at] as number) | ((stream[at + 1] as number) << 8);
    return;
  }
  if (bits === 12 && from % 2 === 0 && count % 2 === 0) {
    for (let i = 0, at = from * 1.5; i < count; i += 2, at += 3) {
      const middle = stream[at + 1] as number;
      numbers[i] = (stream[at] as number) | ((middle & 15) << 8);
      numbers[i + 1] = (middle >>> 4) | ((stream[at + 2] as number) << 4);
    }
    return;
  }
  const mask = 2 ** bits - 1;
  let at = Math.floor((from * bits) / 8);
  const skipped = (from * bits) % 8;
  let word = skipped === 0 ? 0 : (stream[at++] as number) >>> skipped;
  let held = skipped === 0 ? 0 : 8 - skipped;
  for (let i = 0; i < count; i++) {
    while (held < bits) {
      word |= (stream[at++] as number) << held;
      held += 8;
    }
    numbers[i] = word & mask;
    word >>>= bits;
    held -= bits;
  }
}
