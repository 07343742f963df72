import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import {
  getKernel,
  type KernelConfig,
  type NamedAttrMap,
  registerKernel,
  type TensorInfo,
  unregisterKernel,
} from '@tensorflow/tfjs-core';
import { assert } from '../../../../shared/assert.ts';
import { avgPoolGradient } from './avg-pool-gradient.ts';
import { conv2d, fusedConv2d } from './conv2d.ts';
import { conv2dFilterGradient } from './conv2d-filter-gradient.ts';
import { conv2dInputGradient } from './conv2d-input-gradient.ts';
import { depthwise, fusedDepthwise } from './depthwise.ts';
import { depthwiseFilterGradient } from './depthwise-filter-gradient.ts';
import { depthwiseInputGradient } from './depthwise-input-gradient.ts';
import { fusedMatMul } from './fused-mat-mul.ts';
import { identity } from './identity.ts';
import type { Kernel } from './kernel.ts';
import { matMul } from './mat-mul.ts';
import { maxPoolGradient } from './max-pool-gradient.ts';
import { nativeOf } from './native.ts';
import { avgPool, maxPool } from './pool.ts';
import { segmentSum } from './segment-sum.ts';
import { sum } from './sum.ts';

/** What TF.js's WASM backend lacks for training, or does badly. */
const KERNELS: readonly Kernel[] = [
  ...[matMul, fusedMatMul],
  ...[conv2d, fusedConv2d, conv2dFilterGradient, conv2dInputGradient],
  ...[depthwise, fusedDepthwise, depthwiseFilterGradient, depthwiseInputGradient],
  ...[maxPool, maxPoolGradient, avgPool, avgPoolGradient],
  ...[identity, segmentSum, sum],
];

const registered = new Map<Kernel, KernelConfig['kernelFunc']>();

/** Puts them in the place of what TF.js has under their names, once. They need WebAssembly with SIMD. */
export function registerKernels(): void {
  for (const kernel of KERNELS) {
    const present = getKernel(kernel.name, 'wasm') as KernelConfig | undefined;
    if (present !== undefined && present.kernelFunc === registered.get(kernel)) continue;
    const config = configOf(kernel, present);
    if (present !== undefined) unregisterKernel(kernel.name, 'wasm');
    registerKernel(config);
    registered.set(kernel, config.kernelFunc);
  }
}

function configOf(kernel: Kernel, stock: KernelConfig | undefined): KernelConfig {
  return {
    ...(stock ?? { kernelName: kernel.name, backendName: 'wasm' }),
    kernelFunc(parameters) {
      const { inputs, attrs = {} } = parameters;
      const backend = parameters.backend as BackendWasm;
      return kernel.run({
        native: nativeOf(backend),
        backend,
        inputs: inputs as Record<string, TensorInfo>,
        attrs,
        stock: () => runOn(backend, stock, inputs as Record<string, TensorInfo>, attrs),
        run: (name, inputs, attrs = {}) => runOn(backend, getKernel(name, 'wasm'), inputs, attrs),
      });
    },
  };
}

function runOn(
  backend: BackendWasm,
  kernel: KernelConfig | undefined,
  inputs: Record<string, TensorInfo>,
  attrs: NamedAttrMap,
): TensorInfo {
  assert(kernel !== undefined, 'the WASM backend has this kernel');
  return kernel.kernelFunc({ inputs, attrs, backend }) as TensorInfo;
}
