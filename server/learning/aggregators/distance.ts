/** ‖delta − centre‖ in Float64. */
export function distanceTo(delta: Float32Array, centre: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < delta.length; i++) {
    const difference = (delta[i] as number) - (centre[i] as number);
    sum += difference * difference;
  }
  return Math.sqrt(sum);
}
