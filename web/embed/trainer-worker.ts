import { trustedScriptUrl } from './trusted-types.ts';

/**
 * The trainer in this page's own origin: a Blob worker that imports the module from the server. A worker cannot be
 * started from another origin's address, and in this origin it reads this origin's IndexedDB.
 */
export function trainerWorker(server: string): Worker {
  const source = `import ${JSON.stringify(`${server}/trainer.js`)};`;
  const address = URL.createObjectURL(new Blob([source], { type: 'text/javascript' }));
  // TypeScript's DOM knows no Trusted Types: a TrustedScriptURL stands in for the string.
  const worker = new Worker(trustedScriptUrl(address) as string, { type: 'module', name: 'fedtab-trainer' });
  // The script is fetched later; the address is let go with the worker's first word, or with its failure.
  const release = (): void => URL.revokeObjectURL(address);
  worker.addEventListener('message', release, { once: true });
  worker.addEventListener('error', release, { once: true });
  return worker;
}
