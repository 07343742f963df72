import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { env, setBackend } from '@tensorflow/tfjs-core';
import { openCpu } from '../../../web/trainer/core/backends/cpu.ts';
import { openWasm } from '../../../web/trainer/core/backends/wasm.ts';
import { openWebgl } from '../../../web/trainer/core/backends/webgl.ts';
import { openWebgpu } from '../../../web/trainer/core/backends/webgpu.ts';
import { type Device, deviceOf } from '../../../web/trainer/core/device.ts';
import { serve } from '../../../web/trainer/rpc.ts';
import { WASM_FILES } from '../../../web/trainer/wasm-files.ts';
import { simdRate } from '../simd-rate.ts';
import { type Crossing, crossingMs } from './crossing.ts';
import { type BenchModel, type Epoch, epochsOf, type Loop, shapeOfBench } from './epoch.ts';

/** `stock-wasm` is TF.js's as it ships, without our kernels. */
export type BenchBackend = 'cpu' | 'stock-wasm' | 'wasm' | 'webgl' | 'webgpu';

export interface Trained {
  readonly model: BenchModel;
  readonly backend: BenchBackend;
}

export type BenchMethods = {
  /** Makes both loops ready on one backend; says why where it cannot train the model. */
  open: { input: Trained; progress: never; output: string | null };
  /** Milliseconds a step, over one epoch of a few batches, as many for both loops; NaN where there is no such loop. */
  epoch: { input: Loop; progress: never; output: number };
  crossing: { input: Trained & { crossing: Crossing }; progress: never; output: number };
  simdRate: { input: null; progress: never; output: number };
};

/** An epoch is as long as fits into this with the faster loop. */
const EPOCH_MS = 500;
const MOST_BATCHES = 100;

type Epochs = (batches: number) => Epoch;

interface Measured {
  readonly batches: number;
  readonly epoch: Epoch;
}

let device: Device | undefined;
const ready = new Map<Loop, Measured>();

serve<BenchMethods>(self as never, {
  async open({ model, backend }) {
    try {
      const device = await open(backend);
      const found = new Map<Loop, Epochs>();
      for (const loop of ['own', 'fit'] as const) {
        const epochs = await epochsOf(model, loop, device);
        if (epochs !== null) found.set(loop, epochs);
      }
      // As many for both: what a loop does once an epoch must not weigh more on one of them.
      const batches = Math.max(...(await inTurn([...found.values()], batchesThatFit)));
      for (const [loop, epochs] of found) {
        const epoch = epochs(batches);
        await epoch();
        ready.set(loop, { batches, epoch });
      }
      return null;
    } catch (error) {
      return String(error).split('\n', 1)[0] ?? '';
    }
  },
  async epoch(loop) {
    const measured = ready.get(loop);
    return measured === undefined ? Number.NaN : (await stopwatch(measured.epoch)) / measured.batches;
  },
  async crossing({ model, backend, crossing }) {
    device ??= await open(backend);
    return crossingMs(shapeOfBench(model), crossing, device);
  },
  simdRate: async () => simdRate(),
});

async function batchesThatFit(epochs: Epochs): Promise<number> {
  const one = epochs(1);
  // The first step also compiles: only the second tells how long an epoch may be.
  await one();
  return Math.min(MOST_BATCHES, Math.max(1, Math.floor(EPOCH_MS / (await stopwatch(one)))));
}

async function inTurn<Item, Result>(items: readonly Item[], work: (item: Item) => Promise<Result>): Promise<Result[]> {
  const results: Result[] = [];
  for (const item of items) results.push(await work(item));
  return results;
}

async function stopwatch(work: Epoch): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

async function open(backend: BenchBackend): Promise<Device> {
  if (backend === 'cpu') return openCpu();
  if (backend === 'stock-wasm') return openStockWasm();
  const openers = { wasm: () => openWasm(WASM_FILES), webgl: openWebgl, webgpu: openWebgpu };
  const opened = await openers[backend]();
  if (!opened.ok) throw new Error(opened.reason);
  return opened.device;
}

async function openStockWasm(): Promise<Device> {
  setWasmPaths({ ...WASM_FILES });
  env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
  await setBackend('wasm');
  return deviceOf('wasm');
}
