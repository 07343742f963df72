import type { ExampleColumns } from '../../shared/task/kinds/form.ts';
import type { Duty } from './core/duty.ts';
import type { DeviceOpeners } from './core/prepare.ts';
import type { TrainerMethods } from './methods.ts';
import { serve } from './rpc.ts';
import { openSession, type TrainingSession } from './session.ts';

/**
 * The trainer's worker. Examples come from IndexedDB, never through the page. It also runs behind a Blob worker on
 * another site (`import 'SERVER/trainer.js'`): it finds its chunks beside itself.
 */
const openers: DeviceOpeners = {
  webgl: async () => (await import('./core/backends/webgl.ts')).openWebgl(),
  wasm: async () => {
    if (!mayCompileWasm()) return { ok: false, reason: 'WebAssembly is not allowed on this page' };
    const [wasm, files] = await Promise.all([import('./core/backends/wasm.ts'), import('./wasm-files.ts')]);
    return wasm.openWasm(files.WASM_FILES);
  },
  cpu: async () => (await import('./core/backends/cpu.ts')).openCpu(),
};

/** A strict CSP without 'wasm-unsafe-eval' refuses even the empty module. */
function mayCompileWasm(): boolean {
  try {
    return new WebAssembly.Module(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0)) instanceof WebAssembly.Module;
  } catch {
    return false;
  }
}

let opened: { readonly key: string; readonly session: Promise<TrainingSession> } | undefined;
const duty: Duty = { share: 1 };
let given: readonly ExampleColumns[] | null = null;

function session(): Promise<TrainingSession> {
  if (opened === undefined) throw new Error('prepare comes first');
  return opened.session;
}

serve<TrainerMethods>(self, {
  async prepare({ task, participation, requested }) {
    const { topology, client, data } = participation;
    const key = JSON.stringify([task, topology, client, data, requested]);
    if (opened !== undefined && opened.key !== key) throw new Error('a worker serves one task and one backend');
    opened ??= { key, session: openSession(task, participation, requested, openers) };
    const { source, choice } = await opened.session;
    source.give(given);
    return choice;
  },
  async give(parts) {
    given = parts;
    if (opened !== undefined) (await session()).source.give(parts);
    return null;
  },
  async ease({ share }) {
    duty.share = share;
    return null;
  },
  examples: async () => (await session()).source.count(),
  async train({ params, seed }, { signal, progress, transfer }) {
    const result = await (await session()).train(params, { seed, signal, duty, onProgress: progress });
    if (result.ok) transfer(result.delta.buffer as ArrayBuffer);
    return result;
  },
  evaluate: async ({ params }, { signal }) => (await session()).evaluate(params, signal),
  predict: async ({ params, features }) => (await session()).predict(params, features),
});
