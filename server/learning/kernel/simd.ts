import { assert } from '../../../shared/assert.ts';
import { assemble } from '../../../shared/wasm/assembler.ts';
import { toBytes } from '../../../shared/weights/vector.ts';
import { FUNCTIONS, PLACES } from './code.ts';
import {
  type CodeBits,
  eachPiece,
  type Kernel,
  LANES,
  type ModularSums,
  normOf,
  type Read,
  readFrom,
  type Sums,
  WINDOW_BYTES,
} from './kernel.ts';

/** What this file needs of WebAssembly, of which Node's types have nothing. */
interface WebAssemblyModules {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Memory: new (size: { initial: number; maximum: number }) => { readonly buffer: ArrayBuffer };
  readonly Instance: new (
    module: object,
    imports: Record<string, Record<string, unknown>>,
  ) => { readonly exports: unknown };
  validate(bytes: Uint8Array): boolean;
}

const PAGE_BYTES = 65_536;
const ACCUMULATOR = PLACES.window + WINDOW_BYTES;

/**
 * The module's code: the same bytes on every machine. There is no WAT and no build step: `shared/wasm/assembler.ts` writes the
 * instructions as the module loads, so that the tests, the server's thread and the trainer run the same code
 * without a tool that has to be fetched, and loops are unrolled by TypeScript.
 */
export const assembled = (): Uint8Array => assemble(FUNCTIONS);

/**
 * The kernel in WebAssembly, or null where its SIMD instructions are missing. Each accumulator has a memory of its own,
 * which goes with it: the sums behind a window of fixed size.
 */
export function openSimd(): Kernel | null {
  const { WebAssembly } = globalThis as { WebAssembly?: WebAssemblyModules };
  const code = assembled();
  return WebAssembly?.validate(code) === true ? simd(WebAssembly, new WebAssembly.Module(code)) : null;
}

function simd({ Memory, Instance }: WebAssemblyModules, module: object): Kernel {
  function open(accumulatorBytes: number): Accumulator {
    const pages = Math.ceil((ACCUMULATOR + accumulatorBytes) / PAGE_BYTES);
    const memory = new Memory({ initial: pages, maximum: pages });
    const { exports } = new Instance(module, { host: { memory } });
    return new Accumulator(exports as Accumulator['call'], memory.buffer);
  }
  const scratch = open(0);
  return {
    name: 'simd',
    norm: (values, read) => scratch.norm(values, read),
    clip: (vector, limit) => scratch.clip(vector, limit),
    sums: (values) => open(eights(values) * 64).sums(values),
    modularSums: (values) => open(eights(values) * 32).modularSums(values),
  };
}

/** Everything runs by eights: behind the values there is room for the last, and zeros are read. */
const eights = (values: number): number => Math.ceil(values / 8);

/** One memory and the code that runs on it. */
class Accumulator {
  readonly call: Readonly<Record<keyof typeof FUNCTIONS, (...integers: readonly number[]) => void>>;
  readonly #buffer: ArrayBuffer;
  readonly #window: Uint8Array;
  readonly #lanes: Float64Array;
  readonly #factor: Float64Array;

  constructor(call: Accumulator['call'], buffer: ArrayBuffer) {
    this.call = call;
    this.#buffer = buffer;
    this.#window = new Uint8Array(buffer, PLACES.window, WINDOW_BYTES);
    this.#lanes = new Float64Array(buffer, PLACES.lanes, LANES);
    this.#factor = new Float64Array(buffer, PLACES.factor, 1);
  }

  norm(values: number, read: Read): number {
    this.#lanes.fill(0);
    this.#each(values * 4, 32, read, (_, count) => this.call.square(PLACES.window, count));
    return normOf(this.#lanes);
  }

  clip(vector: Float32Array, limit: number): number {
    assert(limit > 0, 'a norm is limited to a number above 0');
    const bytes = toBytes(vector);
    const norm = this.norm(vector.length, readFrom(bytes));
    if (!Number.isFinite(norm) || norm <= limit) return norm;
    this.#factor[0] = limit / norm;
    this.#each(bytes.length, 32, readFrom(bytes), (at, count) => {
      this.call.scale(PLACES.window, count);
      bytes.set(this.#window.subarray(0, Math.min(count * 32, bytes.length - at)), at);
    });
    return norm;
  }

  sums(count: number): Sums {
    const values = new Float64Array(this.#buffer, ACCUMULATOR, count);
    return {
      values,
      add: (read, weight) => {
        this.#lanes.fill(0);
        this.#factor[0] = weight;
        this.#each(count * 4, 32, read, (at, some) => this.call.add(PLACES.window, ACCUMULATOR + 2 * at, some));
        return normOf(this.#lanes);
      },
      addCodes: (read, bits, levels, weight) => {
        this.#setTable(bits, levels, weight);
        this.#each(Math.ceil((count * bits) / 8), bits, read, (at, some) =>
          this.call[`addCodes${bits}`](PLACES.window, ACCUMULATOR + (at / bits) * 64, some),
        );
      },
      divide: (by) => {
        this.#factor[0] = by;
        this.call.divide(ACCUMULATOR, eights(count));
      },
    };
  }

  modularSums(count: number): ModularSums {
    return {
      values: new Uint32Array(this.#buffer, ACCUMULATOR, count),
      add: (read) =>
        this.#each(count * 4, 32, read, (at, some) => this.call.addModular(PLACES.window, ACCUMULATOR + at, some)),
    };
  }

  /** Reads piece by piece; `work` is told how many eights, of so many bytes each, there are, the last filled up with zeros. */
  #each(bytes: number, bytesOfEight: number, read: Read, work: (at: number, eights: number) => void): void {
    eachPiece(bytes, this.#window, read, (at, length) => {
      const count = Math.ceil(length / bytesOfEight);
      this.#window.fill(0, length, count * bytesOfEight);
      work(at, count);
    });
  }

  /** The table that `addCodes` describes; of two codes the first is in the low bits. */
  #setTable(bits: CodeBits, levels: Float32Array, weight: number): void {
    assert(levels.length === 2 ** bits, 'a level for each code');
    const added = Float64Array.from(levels, (level) => weight * level);
    const vectors =
      bits === 8
        ? Array.from(added, (one) => [one, 0, 0, one])
        : Array.from(added, (second) => Array.from(added, (first) => [first, second]).flat());
    new Float64Array(this.#buffer, PLACES.table).set(vectors.flat());
  }
}
