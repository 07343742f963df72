import { kernel } from '../../server/learning/kernel/index.ts';
import { CODE_BITS, type Kernel, type Read, readFrom } from '../../server/learning/kernel/kernel.ts';
import { plain } from '../../server/learning/kernel/plain.ts';
import { toBytes } from '../../shared/weights/vector.ts';
import { deltaOf } from './deltas.ts';
import { median, milliseconds, tableOf } from './table.ts';

const UPDATES = 10;
const VALUES = 1_000_000;
const BYTES = UPDATES * VALUES * 4;
/** Before these the code is not compiled yet. */
const WARM_UPS = 5;
const PASSES = 15;

/**
 * What is done with ten updates of a million values in memory, each row once in every pass, so that a row is compared
 * with the copies of a moment before: others use the same memory.
 */
export function kernelRates(runs: number, say: (line: string) => void): void {
  const rows = rowsOf(Array.from({ length: UPDATES }, (_, index) => toBytes(deltaOf(index, VALUES))));
  const passes = Array.from({ length: WARM_UPS + PASSES * runs }, () =>
    rows.map(({ work }) => {
      const startedAt = performance.now();
      work();
      return performance.now() - startedAt;
    }),
  ).slice(WARM_UPS);
  const share = (row: number, copy: number): string => {
    const ratios = passes.map((pass) => (pass[copy] as number) / (pass[row] as number));
    return `${Math.round(100 * median(ratios))} %`;
  };
  const lines = rows.map(({ name, isFloats }, row) => {
    const times = passes.map((pass) => pass[row] as number);
    const middle = median(times);
    const rates = [`${(BYTES / 1e6 / middle).toFixed(1)} GB/s`, share(row, 0), share(row, 1)];
    return [
      name,
      milliseconds(Math.min(...times), 1),
      milliseconds(middle, 1),
      ...(isFloats ? rates : rates.map(() => '–')),
    ];
  });
  const title = `of ${UPDATES} × ${VALUES / 1e6} million in memory, ${passes.length} passes`;
  say(tableOf([title, 'best', 'median', 'rate', 'of the 1st copy', 'of the 2nd'], lines));
}

interface Row {
  readonly name: string;
  /** The bytes are float32, so that a rate can be compared with that of a copy. */
  readonly isFloats: boolean;
  readonly work: () => void;
}

function rowsOf(updates: readonly Uint8Array[]): readonly Row[] {
  const one = new Uint8Array(VALUES * 4).fill(1);
  const own = updates.map(({ length }) => new Uint8Array(length).fill(1));
  const [sums, plainSums, modular] = [kernel.sums(VALUES), plain.sums(VALUES), kernel.modularSums(VALUES)];
  const floats = (name: string, each: (update: Uint8Array, index: number) => void): Row => ({
    name,
    isFloats: true,
    work: () => updates.forEach(each),
  });
  const alreadyThere: Read = () => {};
  const norm = (of: Kernel) => (update: Uint8Array) => void of.norm(VALUES, readFrom(update));
  return [
    floats('copy, each over the one before', (update) => one.set(update)),
    floats('copy, each to a place of its own', (update, index) => own[index]?.set(update)),
    floats('fold what the window holds: sum, finite, norm', () => sums.add(alreadyThere, 3)),
    floats('copy into the window and fold', (update) => sums.add(readFrom(update), 3)),
    floats('… in plain TypeScript', (update) => plainSums.add(readFrom(update), 3)),
    floats('copy into the window, finite, norm', norm(kernel)),
    floats('copy into the window, add modulo 2³²', (update) => modular.add(readFrom(update))),
    ...CODE_BITS.toReversed().map((bits): Row => {
      const levels = new Float32Array(2 ** bits).fill(0.5);
      return {
        name: `copy ${bits}-bit codes into the window, dequantise and add`,
        isFloats: false,
        work: () => {
          for (const update of updates) sums.addCodes(readFrom(update), bits, levels, 3);
        },
      };
    }),
  ];
}
