// `node --import ./e2e/typescript.mjs file.ts` runs TypeScript sources as they are, on every Node from 20 on. Threads
// started by such a process inherit the flag, so that `new Worker(new URL('./x.ts', import.meta.url))` works too.
import module from 'node:module';

process.setSourceMapsEnabled(true);

if (module.registerHooks) {
  const { load } = await import('./typescript-hooks.mjs');
  module.registerHooks({ load });
} else {
  module.register('./typescript-hooks.mjs', import.meta.url);
}
