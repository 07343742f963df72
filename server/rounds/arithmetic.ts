import type { Worker } from 'node:worker_threads';
import type { BlobPlace } from '../storage/blobs/port.ts';
import { startThread } from '../worker-threads.ts';
import type { ArithmeticAnswer, ArithmeticCall } from './arithmetic-messages.ts';
import type { Arithmetic } from './port.ts';

interface Waiting {
  readonly resolve: (value: never) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * The port in a thread of its own. Calls are carried out one after another in the order in which they were made. If
 * the thread dies, what was under way rejects and the next call starts another; aggregates that were open are gone then,
 * and the reports must be folded again.
 */
export function startArithmetic(blobs: BlobPlace): Arithmetic {
  const waiting = new Map<number, Waiting>();
  let thread: Worker | null = null;
  let lastId = 0;
  let isClosed = false;

  function start(): Worker {
    const started = startThread('rounds/arithmetic-worker', { workerData: blobs });
    const die = (error: unknown): void => {
      if (thread !== started) return;
      thread = null;
      const lost = [...waiting.values()];
      waiting.clear();
      for (const { reject } of lost) reject(error);
    };
    started.on('message', (answer: ArithmeticAnswer) => {
      const call = waiting.get(answer.id);
      waiting.delete(answer.id);
      if (answer.ok) call?.resolve(answer.value as never);
      else call?.reject(answer.error);
    });
    started.on('error', die);
    started.on('exit', (code) => die(new Error(`the arithmetic thread ended with code ${code}`)));
    return started;
  }

  const call = <Value>(method: ArithmeticCall['method'], ...args: readonly unknown[]): Promise<Value> =>
    post(method, args, []);

  /** What is given away goes to the thread as it lies, without a copy. */
  function post<Value>(
    method: ArithmeticCall['method'],
    args: readonly unknown[],
    given: readonly ArrayBuffer[],
  ): Promise<Value> {
    if (isClosed) return Promise.reject(new Error('the arithmetic thread is closed'));
    thread ??= start();
    const id = ++lastId;
    const answer = new Promise<Value>((resolve, reject) => waiting.set(id, { resolve, reject }));
    thread.postMessage({ id, method, args } satisfies ArithmeticCall, given);
    return answer;
  }

  return {
    initial: ({ model }) => call('initial', { model }),
    keep: (bytes) => post('keep', [bytes], bytes.buffer instanceof ArrayBuffer ? [bytes.buffer] : []),
    check: (path, announced, expected, rule) => call('check', path, announced, expected, rule),
    begin: (key, fold, values) =>
      call('begin', key, fold === 'sum' ? fold : { strategy: fold.strategy, client: fold.client }, values),
    fold: (key, path, expected, staleness = 0) => call('fold', key, path, expected, staleness),
    save: (key, path) => call('save', key, path),
    merge: (key, path, saved) => call('merge', key, path, saved),
    join: (key, other) => call('join', key, other),
    finish: (key, { strategy, client, model, codec }, base) =>
      call('finish', key, { strategy, client, model, codec }, base),
    total: (key) => call('total', key),
    drop: (key) => call('drop', key),
    async close() {
      isClosed = true;
      await thread?.terminate();
    },
  };
}
