import type { MathBackendWebGL } from '@tensorflow/tfjs-backend-webgl';
import '@tensorflow/tfjs-backend-webgl';
import { backend, env } from '@tensorflow/tfjs-core';
import { deviceOf, endBackend, type Liveness } from '../device.ts';
import { type Opened, unusable } from './opened.ts';

/** TF.js never frees textures by itself; above this it does. Phones share such memory with the whole system. */
const TEXTURE_BYTES = 256 * 1024 * 1024;

/**
 * WebGL 2 on an OffscreenCanvas. Software WebGL (SwiftShader) is allowed: the probe decides whether it trains right.
 * Half precision is refused here by the flag that tells it; `floatPrecision()` says 16 on float32 hardware too. Safari's
 * OffscreenCanvas has no fences, so TF.js refuses it (tensorflow/tfjs#7436), and workers have no other canvas.
 */
export async function openWebgl(): Promise<Opened> {
  if (env().getBool('IS_SAFARI')) return unusable('no-worker', 'Safari has no WebGL for training in a worker');
  env().set('SOFTWARE_WEBGL_ENABLED', true);
  if (!env().getBool('HAS_WEBGL')) return unusable('absent', 'WebGL is not available here');
  env().set('WEBGL_DELETE_TEXTURE_THRESHOLD', TEXTURE_BYTES);
  if (!env().getBool('WEBGL_RENDER_FLOAT32_ENABLED')) {
    return unusable('half-precision', 'WebGL has only half precision on this device');
  }
  let liveness: Liveness | undefined;
  const device = deviceOf('webgl', {
    isLost: () => liveness?.isLost() ?? false,
    onLost: (callback) => liveness?.onLost(callback) ?? (() => {}),
    close: () => endBackend('webgl'),
  });
  try {
    await device.activate();
  } catch {
    return unusable('absent', 'WebGL could not be started here');
  }
  liveness = watch((backend() as MathBackendWebGL).getGPGPUContext().gl);
  return { ok: true, device };
}

/** What this file needs of a WebGL context: core is compiled for Node too, where there are no such types. */
interface WatchedContext {
  isContextLost(): boolean;
  readonly canvas: {
    addEventListener(type: 'webglcontextlost', listener: () => void, options?: { once: boolean }): void;
  };
}

function watch(context: unknown): Liveness {
  const gl = context as WatchedContext;
  const callbacks = new Set<() => void>();
  // Once lost it stays lost: TF.js would go on with dead textures after a restored context.
  let wasLost = false;
  gl.canvas.addEventListener('webglcontextlost', () => {
    wasLost = true;
    for (const callback of callbacks) callback();
  });
  return {
    isLost: () => wasLost || gl.isContextLost(),
    onLost(callback) {
      callbacks.add(callback);
      return () => callbacks.delete(callback);
    },
    close: () => {},
  };
}
