import {
  concat,
  enableProdMode,
  findBackendFactory,
  registerBackend,
  removeBackend,
  reshape,
  setBackend,
  type Tensor,
  tensor1d,
  tidy,
} from '@tensorflow/tfjs-core';

/** From the likely fastest to the one that is always there. */
export const DEVICE_NAMES = ['webgpu', 'webgl', 'wasm', 'cpu'] as const;
export type DeviceName = (typeof DEVICE_NAMES)[number];

/** The backend is gone (a lost graphics context): whatever it still answers is not to be believed. */
export class BackendLostError extends Error {
  override readonly name = 'BackendLostError';
}

/**
 * A TF.js backend in use. Every read goes through it: a lost graphics context answers zeros, or never (measured), and
 * both become a `BackendLostError` here.
 */
export interface Device {
  readonly name: DeviceName;
  /** Makes it the backend of the operations that follow. */
  activate(): Promise<void>;
  /** The values of all tensors one after the other, by one read of the device. */
  read(tensors: readonly Tensor[]): Promise<Float32Array>;
  /** It is gone, as far as can be told without a read. */
  isLost(): boolean;
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

/** No start and no read of a working device takes as long, first compilation included. */
const ANSWER_TIMEOUT_MS = 60_000;
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
      const isStarted = await orLost(setBackend(name), name, liveness);
      if (!isStarted) throw new BackendLostError(`the ${name} backend could not be started`);
    },
    async read(tensors) {
      assertAlive();
      // The sentinel comes back with the values: zeros in its place are the answer of a dead device.
      const all = tidy(() => concat([...tensors.map((tensor) => reshape(tensor, [-1])), tensor1d([SENTINEL])]));
      try {
        const values = (await orLost(readOf(all, name), name, liveness)) as Float32Array;
        assertAlive();
        if (values.at(-1) !== SENTINEL) throw new BackendLostError(`the ${name} backend answers with zeros`);
        return values.subarray(0, -1);
      } finally {
        all.dispose();
      }
    },
    isLost: liveness.isLost,
    close: liveness.close,
  };
}

/** Why what was thrown means that the device is gone, in a clause; null where it is an error like any other. */
export function lossIn(error: unknown, device: Device): string | null {
  if (error instanceof BackendLostError) return error.message;
  // Operations on a lost device may also throw what they like.
  return device.isLost() ? `the ${device.name} backend was lost` : null;
}

/** Ends the backend and frees what it holds; its next activation starts a new one. */
export function endBackend(name: DeviceName): void {
  const factory = findBackendFactory(name);
  removeBackend(name);
  if (factory) registerBackend(name, factory);
}

/** A device that refuses to be read is gone too: WebGPU says so before the loss itself is told. */
async function readOf(tensor: Tensor, name: DeviceName): Promise<unknown> {
  try {
    return await tensor.data();
  } catch (error) {
    throw new BackendLostError(`the ${name} backend could not be read (${messageOf(error)})`);
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

async function orLost<Value>(value: Promise<Value>, name: DeviceName, liveness: Liveness): Promise<Value> {
  const stops: (() => void)[] = [];
  const lost = new Promise<never>((_, reject) => {
    const fail = (why: string) => reject(new BackendLostError(`the ${name} backend ${why}`));
    const timeout = setTimeout(() => fail('does not answer'), ANSWER_TIMEOUT_MS);
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
