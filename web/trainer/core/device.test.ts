import { findBackend, type KernelBackend, scalar, tensor1d, zeros } from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { openCpu } from './backends/cpu.ts';
import { BackendLostError, deviceOf, type Liveness } from './device.ts';

let backend: KernelBackend;
beforeEach(async () => {
  await openCpu();
  backend = findBackend('cpu');
  vi.useFakeTimers();
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

/** As a lost WebGL context may: what is read never comes. */
const neverAnswers = () => vi.spyOn(backend, 'read').mockReturnValue(new Promise(() => {}));

/** Settled or not, as it stands once every timer up to `ms` from now has fired. */
async function stateAfter(ms: number, reading: Promise<unknown>): Promise<unknown> {
  let state: unknown = 'pending';
  reading.then(
    (value) => (state = value),
    (error: unknown) => (state = error),
  );
  await vi.advanceTimersByTimeAsync(ms);
  return state;
}

const alive: Liveness = { isLost: () => false, onLost: () => () => {}, close: () => {} };

describe('a read of a device', () => {
  test('comes back as one vector, without what was added to it', async () => {
    const values = await deviceOf('cpu').read([tensor1d([1, 2]), scalar(3)]);
    expect(values).toEqual(Float32Array.of(1, 2, 3));
    expect(vi.getTimerCount()).toBe(0);
  });

  test('that never settles is a loss after 60 seconds, not before, and no timer is left', async () => {
    neverAnswers();
    const reading = deviceOf('cpu', alive).read([scalar(1)]);
    expect(await stateAfter(59_999, reading)).toBe('pending');
    const error = await stateAfter(1, reading);
    expect(error).toBeInstanceOf(BackendLostError);
    expect(error).toMatchObject({ message: 'the cpu backend does not answer' });
    expect(vi.getTimerCount()).toBe(0);
  });

  test('ends within half a second of a loss that no event told of', async () => {
    neverAnswers();
    let isLost = false;
    const reading = deviceOf('cpu', { ...alive, isLost: () => isLost }).read([scalar(1)]);
    expect(await stateAfter(10_000, reading)).toBe('pending');
    isLost = true;
    const error = await stateAfter(500, reading);
    expect(error).toBeInstanceOf(BackendLostError);
    expect(error).toMatchObject({ message: 'the cpu backend was lost' });
    expect(vi.getTimerCount()).toBe(0);
  });

  test('ends at once with the event, and listens no longer', async () => {
    neverAnswers();
    const listeners = new Set<() => void>();
    const onLost = (callback: () => void) => {
      listeners.add(callback);
      return () => void listeners.delete(callback);
    };
    const reading = deviceOf('cpu', { ...alive, onLost }).read([scalar(1)]);
    expect(await stateAfter(10_000, reading)).toBe('pending');
    expect(listeners.size).toBe(1);
    for (const tell of listeners) tell();
    expect(await stateAfter(0, reading)).toBeInstanceOf(BackendLostError);
    expect([listeners.size, vi.getTimerCount()]).toEqual([0, 0]);
  });

  test('whose sentinel comes back as zero is a loss, whatever the other values are', async () => {
    vi.spyOn(backend, 'read').mockResolvedValue(Float32Array.of(0.25, 0.5, 0));
    const reading = deviceOf('cpu', alive).read([tensor1d([0.25, 0.5])]);
    const error = await stateAfter(0, reading);
    expect(error).toBeInstanceOf(BackendLostError);
    expect(error).toMatchObject({ message: 'the cpu backend answers with zeros' });
  });

  test('of true zeros is believed while the sentinel is right', async () => {
    expect(await deviceOf('cpu', alive).read([zeros([3])])).toEqual(Float32Array.of(0, 0, 0));
  });

  test('answered by a device that is lost by then is a loss, with the right sentinel too', async () => {
    let asked = 0;
    const reading = deviceOf('cpu', { ...alive, isLost: () => ++asked > 1 }).read([scalar(1)]);
    expect(await stateAfter(0, reading)).toMatchObject({
      name: 'BackendLostError',
      message: 'the cpu backend was lost',
    });
    expect(asked).toBe(2);
  });

  test('that is refused is a loss with the reason', async () => {
    vi.spyOn(backend, 'read').mockRejectedValue(new Error('Instance dropped'));
    expect(await stateAfter(0, deviceOf('cpu', alive).read([scalar(1)]))).toMatchObject({
      name: 'BackendLostError',
      message: 'the cpu backend could not be read (Instance dropped)',
    });
  });
});
