import '@tensorflow/tfjs-backend-webgpu';
import { backend } from '@tensorflow/tfjs-core';
import { deviceOf, endBackend, type Liveness } from '../device.ts';
import { type Opened, unusable } from './opened.ts';

/** WebGPU always computes in full precision. The caller has seen that there is an adapter: without one nothing of this is loaded. */
export async function openWebgpu(): Promise<Opened> {
  let liveness: Omit<Liveness, 'close'> | undefined;
  const device = deviceOf('webgpu', {
    isLost: () => liveness?.isLost() ?? false,
    onLost: (callback) => liveness?.onLost(callback) ?? (() => {}),
    close: () => endBackend('webgpu'),
  });
  try {
    await device.activate();
  } catch {
    return unusable('absent', 'WebGPU could not be started here');
  }
  liveness = watch((backend() as unknown as WebgpuBackend).device);
  return { ok: true, device };
}

/** What this file needs of TF.js's backend: core is compiled for Node too, where there are no types of WebGPU. */
interface WebgpuBackend {
  readonly device: { readonly lost: Promise<unknown> };
}

function watch(device: WebgpuBackend['device']): Omit<Liveness, 'close'> {
  const callbacks = new Set<() => void>();
  let wasLost = false;
  void device.lost.then(() => {
    wasLost = true;
    for (const callback of callbacks) callback();
  });
  return {
    isLost: () => wasLost,
    onLost(callback) {
      callbacks.add(callback);
      return () => callbacks.delete(callback);
    },
  };
}
