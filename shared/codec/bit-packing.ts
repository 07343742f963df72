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
  if (bits === 12 && from % 2 === 0 && count % 2 === 0) {
    for (let i = 0, at = from * 1.5; i < count; i += 2, at += 3) {
      const second = numbers[i + 1] as number;
      into[at] = numbers[i] as number;
      into[at + 1] = ((numbers[i] as number) >>> 8) | (second << 4);
      into[at + 2] = second >>> 4;
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

/**
 * Reads numbers `from`, from + 1, … of the stream: of the first `count` of `into` each becomes `least` + `step` times its number,
 * in one pass, since a second one over a model takes as long as this.
 */
export function unpack(
  stream: Uint8Array,
  from: number,
  count: number,
  bits: number,
  into: Uint16Array | Float32Array,
  least = 0,
  step = 1,
): void {
  const first = (from * bits) / 8;
  const mask = 2 ** bits - 1;
  if (bits === 16) {
    for (let i = 0, at = first; i < count; i++, at += 2)
      into[i] = least + step * ((stream[at] as number) | ((stream[at + 1] as number) << 8));
  } else if (bits === 12 && from % 2 === 0 && count % 2 === 0) {
    for (let i = 0, at = first; i < count; i += 2, at += 3) {
      const middle = stream[at + 1] as number;
      into[i] = least + step * ((stream[at] as number) | ((middle & 15) << 8));
      into[i + 1] = least + step * ((middle >>> 4) | ((stream[at + 2] as number) << 4));
    }
  } else if (bits === 8) {
    for (let i = 0; i < count; i++) into[i] = least + step * (stream[first + i] as number);
  } else if (8 % bits === 0 && Number.isInteger(first)) {
    for (let i = 0, at = first; i < count; at++) {
      const byte = stream[at] as number;
      for (let bit = 0; bit < 8 && i < count; bit += bits) into[i++] = least + step * ((byte >>> bit) & mask);
    }
  } else {
    let at = Math.floor(first);
    let held = (at + 1) * 8 - from * bits;
    let word = (stream[at++] as number) >>> (8 - held);
    for (let i = 0; i < count; i++) {
      while (held < bits) {
        word |= (stream[at++] as number) << held;
        held += 8;
      }
      into[i] = least + step * (word & mask);
      word >>>= bits;
      held -= bits;
    }
  }
}
