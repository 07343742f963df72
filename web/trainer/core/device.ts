import { concat, enableProdMode, reshape, setBackend, type Tensor, tensor1d, tidy } from '@tensorflow/tfjs-core';

export type DeviceName = 'webgl' | 'wasm' | 'cpu';

/** The backend is gone (a lost WebGL context): whatever it still answers is not to be believed. */
export class BackendLostError extends Error {
  override readonly name = 'BackendLostError';
}

/**
 * A TF.js backend in use. Every read goes through it: a lost WebGL context answers zeros, or never (measured), and
 * both become a `BackendLostError` here.
 */
export interface Device {
  readonly name: DeviceName;
  /** Makes it the backend of the operations that follow. */
  activate(): Promise<void>;
  /** The values of all tensors one after the other, by one read of the device. */
  read(tensors: readonly Tensor[]): Promise<Float32Array>;
  close(): void;
}

/** What a backend knows of its own end. */
export interface Liveness {
  readonly isLost: () => boolean;
  /** Calls back once when the backend is lost; returns what ends the listening. */
  readonly onLost: (callback: () => void) => () => void;
  readonly close: () => void;
}

/** Of a backend that cannot be lost. */
export const immortal: Liveness = { isLost: () => false, onLost: () => () => {}, close: () => {} };

/** No read of a working device takes as long, first compilation included. */
const READ_TIMEOUT_MS = 60_000;
/** The event of a lost context may itself be lost: ask now and then while waiting. */
const LIVENESS_CHECK_MS = 500;
const SENTINEL = 1;

export function deviceOf(name: DeviceName, liveness: Liveness = immortal): Device {
  const assertAlive = (): void => {
    if (liveness.isLost()) throw new BackendLostError(`the ${name} backend was lost`);
  };
  return {
    name,
    async activate() {
      enableProdMode();
      if (!(await setBackend(name))) throw new BackendLostError(`the ${name} backend could not be started`);
    },
    async read(tensors) {
      assertAlive();
      // The sentinel comes back with the values: zeros in its place are the answer of a dead device.
      const all = tidy(() => concat([...tensors.map((tensor) => reshape(tensor, [-1])), tensor1d([SENTINEL])]));
      try {
        const values = (await orLost(all.data(), name, liveness)) as Float32Array;
        assertAlive();
        if (values.at(-1) !== SENTINEL) throw new BackendLostError(`the ${name} backend answers with zeros`);
        return values.subarray(0, -1);
      } finally {
        all.dispose();
      }
    },
    close: liveness.close,
  };
}

async function orLost<Value>(value: Promise<Value>, name: DeviceName, liveness: Liveness): Promise<Value> {
  const stops: (() => void)[] = [];
  const lost = new Promise<never>((_, reject) => {
    const fail = (why: string) => reject(new BackendLostError(`the ${name} backend ${why}`));
    const timeout = setTimeout(() => fail('does not answer'), READ_TIMEOUT_MS);
    const check = setInterval(() => liveness.isLost() && fail('was lost'), LIVENESS_CHECK_MS);
    stops.push(
      () => clearTimeout(timeout),
      () => clearInterval(check),
      liveness.onLost(() => fail('was lost')),
    );
  });
  try {
    return await Promise.race([value, lost]);
  } finally {
    for (const stop of stops) stop();
  }
}
