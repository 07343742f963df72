import plain from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm?url';
import simd from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url';
import type { WasmFiles } from './core/backends/wasm.ts';

/** Where the build puts the WASM files, relative to this script: it may run on another site's page. */
export const WASM_FILES: WasmFiles = {
  'tfjs-backend-wasm.wasm': plain,
  'tfjs-backend-wasm-simd.wasm': simd,
  // Never loaded: threads are off. TF.js wants a name for each.
  'tfjs-backend-wasm-threaded-simd.wasm': simd,
};
