import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { env, setBackend } from '@tensorflow/tfjs-core';
import type { ZooName } from '../../../shared/model/zoo.ts';
import { openCpu } from '../../../web/trainer/core/backends/cpu.ts';
import { openWasm } from '../../../web/trainer/core/backends/wasm.ts';
import { openWebgl } from '../../../web/trainer/core/backends/webgl.ts';
import { type Device, deviceOf } from '../../../web/trainer/core/device.ts';
import { serve } from '../../../web/trainer/rpc.ts';
import { WASM_FILES } from '../../../web/trainer/wasm-files.ts';
import { simdRate } from '../simd-rate.ts';
import { type Epoch, epochsOf, type Loop } from './epoch.ts';

/** `stock-wasm` is TF.js's as it ships, without our kernels. */
export type BenchBackend = 'cpu' | 'stock-wasm' | 'wasm' | 'webgl';

export interface StepJob {
  readonly model: ZooName;
  readonly backend: BenchBackend;
  readonly loop: Loop;
  /** Epochs of a few batches that are timed. */
  readonly runs: number;
}

/** Milliseconds a step in each epoch; or why there are none. */
export type StepFigures = { readonly stepsMs: readonly number[] } | { readonly problem: string };

export type BenchMethods = {
  steps: { input: StepJob; progress: never; output: StepFigures };
  simdRate: { input: null; progress: never; output: number };
};

/** An epoch is as long as fits into this, and a cell of the table as long as fits into the other. */
const EPOCH_MS = 500;
const CELL_MS = 15_000;
const MOST_BATCHES = 100;

serve<BenchMethods>(self as never, {
  async steps({ model, backend, loop, runs }) {
    try {
      return { stepsMs: await timed(await open(backend), model, loop, runs) };
    } catch (error) {
      return { problem: String(error).split('\n', 1)[0] ?? '' };
    }
  },
  simdRate: async () => simdRate(),
});

async function timed(device: Device, model: ZooName, loop: Loop, runs: number): Promise<readonly number[]> {
  const epochs = await epochsOf(model, loop, device);
  const one = epochs(1);
  // The first step also compiles: only the second tells how long an epoch may be.
  await one();
  const batches = Math.min(MOST_BATCHES, Math.max(1, Math.floor(EPOCH_MS / (await stopwatch(one)))));
  const epoch = batches > 1 ? epochs(batches) : one;
  if (batches > 1) await epoch();
  const stepsMs: number[] = [];
  const startedAt = performance.now();
  while (stepsMs.length < runs && (stepsMs.length === 0 || performance.now() - startedAt < CELL_MS)) {
    stepsMs.push((await stopwatch(epoch)) / batches);
  }
  return stepsMs;
}

async function stopwatch(work: Epoch): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

async function open(backend: BenchBackend): Promise<Device> {
  if (backend === 'cpu') return openCpu();
  if (backend === 'stock-wasm') return openStockWasm();
  const opened = await (backend === 'wasm' ? openWasm(WASM_FILES) : openWebgl());
  if (!opened.ok) throw new Error(opened.reason);
  return opened.device;
}

async function openStockWasm(): Promise<Device> {
  setWasmPaths({ ...WASM_FILES });
  env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
  await setBackend('wasm');
  return deviceOf('wasm');
}
