/**
 * The power spectrum of so many real samples, a power of two (Cooley and Tukey 1965, radix 2, in place). The plan keeps
 * its own memory and is used for one frame after the other.
 */
export function powerSpectrum(size: number): (frame: Float64Array, power: Float64Array) => void {
  const levels = Math.log2(size);
  const [cosines, sines] = [new Float64Array(size / 2), new Float64Array(size / 2)];
  for (let at = 0; at < size / 2; at++) {
    cosines[at] = Math.cos((2 * Math.PI * at) / size);
    sines[at] = Math.sin((2 * Math.PI * at) / size);
  }
  const reversed = Uint32Array.from({ length: size }, (_, at) => {
    let bits = 0;
    for (let level = 0; level < levels; level++) bits |= ((at >> level) & 1) << (levels - 1 - level);
    return bits;
  });
  const [re, im] = [new Float64Array(size), new Float64Array(size)];

  /** `frame` has `size` values; `power` gets `size / 2 + 1`, from 0 Hz to half the rate. */
  return (frame, power) => {
    for (let at = 0; at < size; at++) re[at] = frame[reversed[at] as number] as number;
    im.fill(0);
    for (let span = 1; span < size; span *= 2) {
      const step = size / (2 * span);
      for (let start = 0; start < size; start += 2 * span) {
        for (let k = 0; k < span; k++) {
          // No pairs here: before it is compiled, each would be an array.
          const low = start + k;
          const high = low + span;
          const cos = cosines[k * step] as number;
          const sin = sines[k * step] as number;
          const reHigh = re[high] as number;
          const imHigh = im[high] as number;
          const reTurned = reHigh * cos + imHigh * sin;
          const imTurned = imHigh * cos - reHigh * sin;
          re[high] = (re[low] as number) - reTurned;
          im[high] = (im[low] as number) - imTurned;
          re[low] = (re[low] as number) + reTurned;
          im[low] = (im[low] as number) + imTurned;
        }
      }
    }
    for (let bin = 0; bin <= size / 2; bin++) power[bin] = (re[bin] as number) ** 2 + (im[bin] as number) ** 2;
  };
}
