import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import type { TensorInfo } from '@tensorflow/tfjs-core';
import { assemble, type FunctionCode } from '../../../../shared/wasm/assembler.ts';
import { copyColumns, multiply, pack, TILE_ROWS } from './code/matrix.ts';
import { sumRows } from './code/vector.ts';
import {
  avgPool,
  depthwise,
  depthwiseFilter,
  depthwiseInput,
  gather,
  maxPool,
  maxPoolGradient,
  scatter,
} from './code/window.ts';

const FIXED = {
  ...{ pack, copyColumns, sumRows, gather, scatter },
  ...{ depthwise, depthwiseFilter, depthwiseInput, avgPool, maxPool, maxPoolGradient },
} as const;

/** `along3`: tiles of three rows of a matrix that lies row by row; `across3`: of one that lies column by column. */
type Multiply = `${'along' | 'across'}${number}`;

function multiplications(): Record<Multiply, FunctionCode> {
  const rows = Array.from({ length: TILE_ROWS }, (_, index) => index + 1);
  return Object.fromEntries(
    rows.flatMap((count) => [
      [`along${count}`, multiply(count, true)],
      [`across${count}`, multiply(count, false)],
    ]),
  );
}

/** A function of the machine code; everything it takes is a 32-bit integer. */
export type NativeFunction = (...integers: readonly number[]) => void;

/** Own machine code beside that of TF.js, in the same memory: it works on TF.js's tensors where they lie. */
export interface Native {
  readonly call: Readonly<Record<keyof typeof FIXED, NativeFunction>>;
  readonly multiply: Readonly<Record<Multiply, NativeFunction>>;
  /** Where a tensor's values begin, in bytes. */
  addressOf(tensor: TensorInfo): number;
  /** A new tensor of floats, their values undefined or zero. */
  output(shape: readonly number[], fill?: 'zeros'): TensorInfo;
  /** Runs `work` with the address of so many bytes that are free again afterwards. */
  withScratch(bytes: number, work: (address: number) => void): void;
  /** A view that the next allocation may end. */
  floatsAt(address: number, count: number): Float32Array;
}

/** What TF.js's module offers besides what its types say. */
interface Module {
  readonly asm: { readonly memory: { readonly buffer: ArrayBuffer } };
  _malloc(bytes: number): number;
  _free(address: number): void;
}

/** What this file needs of WebAssembly: core is compiled for Node too, whose types have nothing of it. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array<ArrayBuffer>) => object;
  readonly Instance: new (
    module: object,
    imports: Record<string, Record<string, unknown>>,
  ) => { readonly exports: unknown };
};

const opened = new WeakMap<BackendWasm, Native>();

/** That of a backend, made at the first call: some 15 kB of code, assembled here. */
export function nativeOf(backend: BackendWasm): Native {
  const known = opened.get(backend);
  if (known !== undefined) return known;
  const native = open(backend);
  opened.set(backend, native);
  return native;
}

function open(backend: BackendWasm): Native {
  const { asm, _malloc, _free } = backend.wasm as unknown as Module;
  const compiled = new WebAssembly.Module(assemble({ ...FIXED, ...multiplications() }));
  const { exports } = new WebAssembly.Instance(compiled, { host: { memory: asm.memory } });
  const floatsAt = (address: number, count: number) => new Float32Array(asm.memory.buffer, address, count);
  const addressOf = ({ dataId }: TensorInfo): number => backend.dataIdMap.get(dataId).memoryOffset;
  return {
    call: exports as Native['call'],
    multiply: exports as Native['multiply'],
    addressOf,
    output(shape, fill) {
      const tensor = backend.makeOutput([...shape], 'float32');
      const count = shape.reduce((product, side) => product * side, 1);
      if (fill === 'zeros') floatsAt(addressOf(tensor), count).fill(0);
      return tensor;
    },
    withScratch(bytes, work) {
      const address = _malloc(bytes) >>> 0;
      if (address === 0) throw new RangeError(`no memory for ${bytes} bytes`);
      try {
        work(address);
      } finally {
        _free(address);
      }
    },
    floatsAt,
  };
}
