import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { env } from '@tensorflow/tfjs-core';
import { deviceOf, endBackend, immortal } from '../device.ts';
import { registerKernels } from '../kernels/index.ts';
import { type Opened, unusable } from './opened.ts';

/** Addresses of TF.js's three WASM files by their names. In Node they are found beside the package. */
export type WasmFiles = Readonly<
  Record<'tfjs-backend-wasm.wasm' | 'tfjs-backend-wasm-simd.wasm' | 'tfjs-backend-wasm-threaded-simd.wasm', string>
>;

/**
 * On one thread: the threaded build of TF.js breaks when it is minified (docs/benchmarks.md), and most of the work is done
 * by our kernels. Without SIMD there are none, and convolutions cannot be trained; the probe finds that out.
 */
export async function openWasm(files?: WasmFiles): Promise<Opened> {
  if (files !== undefined) setWasmPaths({ ...files });
  env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
  const device = deviceOf('wasm', { ...immortal, close: () => endBackend('wasm') });
  try {
    if (await env().getAsync('WASM_HAS_SIMD_SUPPORT')) registerKernels();
    await device.activate();
  } catch {
    return unusable('absent', 'WebAssembly could not be started here');
  }
  return { ok: true, device };
}
