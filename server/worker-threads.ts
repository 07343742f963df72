import type { WorkerOptions } from 'node:worker_threads';
import { Worker } from 'node:worker_threads';

const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';

/** V8 would let the young generation of each thread grow to 48 MB; ours make little garbage but array buffers. */
const resourceLimits = { maxYoungGenerationSizeMb: 6 };

/**
 * Starts the worker thread whose entry is `server/<name>.ts`, for instance `learning/fold-worker`. The build makes one
 * file of every `*-worker.ts` under server/, beside this one and under the same name; run from the sources (tests, e2e
 * scripts), the process's own TypeScript loader is inherited by the thread.
 */
export function startThread(name: `${string}-worker`, options: WorkerOptions = {}): Worker {
  return new Worker(new URL(`./${name}.${extension}`, import.meta.url), { name, resourceLimits, ...options });
}
