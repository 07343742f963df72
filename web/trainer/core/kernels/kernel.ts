import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import type { NamedAttrMap, TensorInfo } from '@tensorflow/tfjs-core';
import type { Native } from './native.ts';

/** A kernel of the WASM backend that TF.js lacks, or does badly: one file and one line in `index.ts` each. */
export interface Kernel {
  /** As TF.js names it. */
  readonly name: string;
  readonly run: (call: KernelCall) => TensorInfo;
}

export interface KernelCall {
  readonly native: Native;
  readonly backend: BackendWasm;
  readonly inputs: Readonly<Record<string, TensorInfo>>;
  readonly attrs: NamedAttrMap;
  /** The kernel that TF.js ships under the same name. */
  readonly stock: () => TensorInfo;
  /** Runs another kernel of this backend. Its output is disposed by who calls it, or handed on. */
  readonly run: (name: string, inputs: Record<string, TensorInfo>, attrs?: NamedAttrMap) => TensorInfo;
}

/** The inputs of these names; a kernel is never called without them. */
export function inputsOf<const Names extends readonly string[]>(
  { inputs }: KernelCall,
  ...names: Names
): { readonly [Index in keyof Names]: TensorInfo } {
  return names.map((name) => inputs[name]) as unknown as { readonly [Index in keyof Names]: TensorInfo };
}
