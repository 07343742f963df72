import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { deviceOf } from '../device.ts';
import type { Opened } from './opened.ts';

/** Addresses of TF.js's three WASM files by their names. In Node they are found beside the package. */
export type WasmFiles = Readonly<
  Record<'tfjs-backend-wasm.wasm' | 'tfjs-backend-wasm-simd.wasm' | 'tfjs-backend-wasm-threaded-simd.wasm', string>
>;

/** TF.js 4.22 cannot train convolutions on it as shipped; the probe finds that out. */
export async function openWasm(files?: WasmFiles): Promise<Opened> {
  if (!canCompile()) return { ok: false, reason: 'WebAssembly is not allowed on this page' };
  if (files !== undefined) setWasmPaths({ ...files });
  const device = deviceOf('wasm');
  try {
    await device.activate();
  } catch {
    return { ok: false, reason: 'WebAssembly could not be started here' };
  }
  return { ok: true, device };
}

/** A strict CSP without 'wasm-unsafe-eval' refuses even the empty module. */
function canCompile(): boolean {
  try {
    return new WebAssembly.Module(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0)) instanceof WebAssembly.Module;
  } catch {
    return false;
  }
}
