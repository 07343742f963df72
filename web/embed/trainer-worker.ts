import { trustedScriptUrl } from './trusted-types.ts';

/**
 * The trainer in this page's own origin: a Blob worker that imports the module from the server. A worker cannot be
 * started from another origin's address, and in this origin it reads this origin's IndexedDB.
 */
export function trainerWorker(server: string): Worker {
  const address = URL.createObjectURL(new Blob([sourceOf(`${server}/trainer.js`)], { type: 'text/javascript' }));
  // A classic worker: in a sandboxed frame, whose origin is opaque, a Blob is no module. TypeScript's DOM knows no
  // Trusted Types: a TrustedScriptURL stands in for the string.
  const worker = new Worker(trustedScriptUrl(address) as string, { name: 'fedtab-trainer' });
  // The script is fetched later; the address is let go with the worker's first word, or with its failure.
  const release = (): void => URL.revokeObjectURL(address);
  worker.addEventListener('message', release, { once: true });
  worker.addEventListener('error', release, { once: true });
  return worker;
}

/**
 * A static import of a worker is held to worker-src, which has only blob: in it; a dynamic one to script-src. Until it
 * has come nobody listens, so messages are kept for it; a module that does not come is an error of the worker's.
 */
const sourceOf = (trainer: string): string => `
const early = [];
const keep = (event) => early.push(event.data);
addEventListener('message', keep);
import(${JSON.stringify(trainer)}).then(
  () => {
    removeEventListener('message', keep);
    for (const data of early) dispatchEvent(new MessageEvent('message', { data }));
  },
  (error) => setTimeout(() => { throw error; }),
);`;
