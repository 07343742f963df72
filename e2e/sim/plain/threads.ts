import { Worker } from 'node:worker_threads';
import type { CountResult, TrainResult } from '../../../web/client/ports.ts';
import type { Examples } from '../../../web/trainer/core/examples.ts';
import type { PlainAnswer, PlainCall } from './messages.ts';

type Result = TrainResult | CountResult;
type Work = Omit<Extract<PlainCall, { kind: 'train' | 'score' }>, 'id'>;

interface Thread {
  readonly worker: Worker;
  readonly known: Set<number>;
  open: number;
}

/** Threads that train: whichever has least to do takes the next job. What they make does not depend on which it was. */
export class PlainThreads {
  readonly #threads: readonly Thread[];
  readonly #waiting = new Map<
    number,
    { readonly resolve: (result: Result) => void; readonly reject: (why: unknown) => void }
  >();
  #lastId = 0;

  constructor(count: number) {
    this.#threads = Array.from({ length: count }, () => {
      const worker = new Worker(new URL('./plain-worker.ts', import.meta.url));
      const thread = { worker, known: new Set<number>(), open: 0 };
      worker.on('message', ({ id, result }: PlainAnswer) => {
        thread.open--;
        this.#waiting.get(id)?.resolve(result);
        this.#waiting.delete(id);
      });
      worker.on('error', (error) => {
        for (const { reject } of this.#waiting.values()) reject(error);
        this.#waiting.clear();
      });
      return thread;
    });
  }

  run(work: Work, examples: Examples): Promise<Result> {
    const [first, ...others] = this.#threads as [Thread, ...Thread[]];
    const thread = others.reduce((least, other) => (other.open < least.open ? other : least), first);
    const id = ++this.#lastId;
    thread.open++;
    if (!thread.known.has(work.owner)) {
      thread.known.add(work.owner);
      thread.worker.postMessage({ kind: 'examples', owner: work.owner, examples } satisfies PlainCall);
    }
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      thread.worker.postMessage({ ...work, id } satisfies PlainCall);
    });
  }

  async close(): Promise<void> {
    await Promise.all(this.#threads.map(({ worker }) => worker.terminate()));
  }
}

/** The same examples where threads share their memory instead of copying it. */
export function inSharedMemory(examples: Examples): Examples {
  const parts = examples.parts.map((part) => {
    const features = new (part.features.constructor as Uint8ArrayConstructor)(
      new SharedArrayBuffer(part.features.byteLength) as unknown as ArrayBuffer,
    );
    features.set(part.features);
    return { ...part, features };
  });
  return { ...examples, parts };
}
