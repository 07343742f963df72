import { assemble, define, f32x4, set, times, v128 } from '../../shared/wasm/assembler.ts';

const SUMS = 12;
const ROUNDS = 1_000_000;
const PASSES = 40;

/**
 * Multiply-adds a second that WebAssembly with SIMD reaches here at best: four lanes, multiplication and addition as two
 * instructions, twelve sums in flight, and one factor of each from the first-level cache, so that no product can be used
 * twice. The best of many passes, as others share the machine.
 */
export function simdRate(): number {
  const code = define(['rounds'], ({ rounds }, scope) => {
    const factor = scope.vector();
    const sums = Array.from({ length: SUMS }, scope.vector);
    return [
      set(factor, v128.load(0)),
      times(
        rounds,
        sums.map((sum, index) => set(sum, f32x4.add(sum, f32x4.mul(factor, v128.load(16 * index))))),
      ),
      sums.map((sum, index) => v128.store(0, sum, 16 * index)),
    ];
  });
  const memory = new WebAssembly.Memory({ initial: 1 });
  const module = new WebAssembly.Module(assemble({ code }));
  const run = new WebAssembly.Instance(module, { host: { memory } }).exports['code'] as (rounds: number) => void;
  let bestMs = Number.POSITIVE_INFINITY;
  for (let pass = 0; pass < PASSES; pass++) {
    const startedAt = performance.now();
    run(ROUNDS);
    bestMs = Math.min(bestMs, performance.now() - startedAt);
  }
  return (ROUNDS * SUMS * 4) / (bestMs / 1000);
}
