import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Caller, callerOf, type MessageEnd, serve } from './rpc.ts';

type Sums = {
  add: { input: readonly number[]; progress: never; output: number };
  countTo: { input: number; progress: number; output: string };
  wait: { input: null; progress: 'waiting'; output: string };
  fill: { input: Float32Array; progress: never; output: Float32Array };
  fail: { input: string; progress: never; output: never };
};

let channel: MessageChannel;
let sums: Caller<Sums>;
beforeEach(() => {
  channel = new MessageChannel();
  channel.port1.start();
  channel.port2.start();
  serve<Sums>(channel.port2, {
    add: async (numbers) => numbers.reduce((sum, value) => sum + value, 0),
    async countTo(end, { progress }) {
      for (let i = 1; i <= end; i++) progress(i);
      return 'done';
    },
    wait: (_, { signal, progress }) =>
      new Promise((resolve) => {
        progress('waiting');
        if (signal.aborted) resolve('stopped');
        signal.addEventListener('abort', () => resolve('stopped'));
      }),
    async fill(vector, { transfer }) {
      transfer(vector.buffer as ArrayBuffer);
      return vector.fill(7);
    },
    fail: async (message) => {
      throw new TypeError(message);
    },
  });
  sums = callerOf<Sums>(channel.port1);
});
afterEach(() => {
  channel.port1.close();
  channel.port2.close();
});

test('calls are answered, each its own, in whatever order they end', async () => {
  const waiting = new AbortController();
  const slow = sums.call('wait', null, { signal: waiting.signal });
  expect(await sums.call('add', [1, 2, 3])).toEqual({ ok: true, value: 6 });
  waiting.abort();
  expect(await slow).toEqual({ ok: true, value: 'stopped' });
});

test('progress comes in order and before the answer', async () => {
  const seen: number[] = [];
  expect(await sums.call('countTo', 3, { onProgress: (value) => seen.push(value) })).toEqual({
    ok: true,
    value: 'done',
  });
  expect(seen).toEqual([1, 2, 3]);
});

test('a signal that was aborted before the call is seen', async () => {
  const signal = AbortSignal.abort();
  expect(await sums.call('wait', null, { signal })).toEqual({ ok: true, value: 'stopped' });
});

test('buffers move both ways without a copy', async () => {
  const vector = new Float32Array(4);
  const answer = await sums.call('fill', vector, { transfer: [vector.buffer] });
  expect(vector.length).toBe(0);
  expect(answer).toEqual({ ok: true, value: Float32Array.of(7, 7, 7, 7) });
});

test('a throw on the other side is a value here', async () => {
  expect(await sums.call('fail', 'no')).toEqual({ ok: false, reason: 'failed', message: 'TypeError: no' });
});

test('a method that is not there is a value too', async () => {
  const other = sums as unknown as Caller<{ toString: { input: null; progress: never; output: null } }>;
  expect(await other.call('toString', null)).toMatchObject({
    ok: false,
    message: 'Error: there is no method toString',
  });
});

test('when the other side ends, open and later calls are answered as gone', async () => {
  const open = sums.call('wait', null);
  sums.end('the thread ended');
  const gone = { ok: false, reason: 'gone', message: 'the thread ended' };
  expect(await open).toEqual(gone);
  expect(await sums.call('add', [1])).toEqual(gone);
});

describe('a call that is not answered', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  /** Two ends; what goes to `b` is lost while `isStuck`, as on a thread that never comes back to its messages. */
  function pair() {
    const state = { isStuck: false };
    const listeners = { a: new Set<(event: MessageEvent) => void>(), b: new Set<(event: MessageEvent) => void>() };
    const end = (own: 'a' | 'b', other: 'a' | 'b'): MessageEnd => ({
      postMessage: (data) =>
        queueMicrotask(() => {
          if (other === 'b' && state.isStuck) return;
          for (const listener of listeners[other]) listener({ data } as MessageEvent);
        }),
      addEventListener: (_, listener) => void listeners[own].add(listener),
      removeEventListener: (_, listener) => void listeners[own].delete(listener),
    });
    return { a: end('a', 'b'), b: end('b', 'a'), state };
  }
  type Waits = {
    wait: { input: null; progress: never; output: null };
    train: { input: null; progress: never; output: null };
  };
  function watched() {
    const { a, b, state } = pair();
    const forever = () => new Promise<null>(() => {});
    serve<Waits>(b, { wait: forever, train: forever });
    const told: string[] = [];
    const caller = callerOf<Waits>(a, {
      ...{ silentMs: 60_000, answerMs: 600_000, long: ['train'] },
      onStuck(message) {
        told.push(message);
        caller.end(message, 'lost');
      },
    });
    return { caller, state, told };
  }

  test('by a thread that is stuck ends after the silence, as lost, and no timer is left', async () => {
    const { caller, state, told } = watched();
    const open = [caller.call('wait', null), caller.call('train', null)];
    await vi.advanceTimersByTimeAsync(300_000);
    expect(told).toEqual([]);
    state.isStuck = true;
    await vi.advanceTimersByTimeAsync(55_000);
    expect(told).toEqual([]);
    await vi.advanceTimersByTimeAsync(10_000);
    const lost = { ok: false, reason: 'lost', message: 'no answer for 60 seconds' };
    expect(await Promise.all(open)).toEqual([lost, lost]);
    expect(await caller.call('wait', null)).toEqual(lost);
    expect([told.length, vi.getTimerCount()]).toEqual([1, 0]);
  });

  test('by a thread that is there ends as well, unless it is a long one', async () => {
    const { caller, told } = watched();
    void caller.call('train', null);
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(told).toEqual([]);
    const open = caller.call('wait', null);
    await vi.advanceTimersByTimeAsync(595_000);
    expect(told).toEqual([]);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(await open).toEqual({ ok: false, reason: 'lost', message: 'no wait in 600 seconds' });
  });

  test('has as much time after its own side stood still: what a frozen page misses does not count', async () => {
    const { caller, state, told } = watched();
    void caller.call('train', null);
    state.isStuck = true;
    for (let hour = 0; hour < 3; hour++) {
      vi.setSystemTime(Date.now() + 3_600_000);
      const { now } = performance;
      const standing = vi.spyOn(performance, 'now').mockImplementation(() => now.call(performance) + 3_600_000);
      await vi.advanceTimersByTimeAsync(5_000);
      standing.mockRestore();
    }
    expect(told).toEqual([]);
  });
});
