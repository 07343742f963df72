import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { deviceOf, endBackend, immortal } from '../device.ts';
import { type Opened, unusable } from './opened.ts';

/** Addresses of TF.js's three WASM files by their names. In Node they are found beside the package. */
export type WasmFiles = Readonly<
  Record<'tfjs-backend-wasm.wasm' | 'tfjs-backend-wasm-simd.wasm' | 'tfjs-backend-wasm-threaded-simd.wasm', string>
>;

/** TF.js 4.22 cannot train convolutions on it as shipped; the probe finds that out. */
export async function openWasm(files?: WasmFiles): Promise<Opened> {
  if (files !== undefined) setWasmPaths({ ...files });
  const device = deviceOf('wasm', { ...immortal, close: () => endBackend('wasm') });
  try {
    await device.activate();
  } catch {
    return unusable('absent', 'WebAssembly could not be started here');
  }
  return { ok: true, device };
}
