import { version } from '../../package.json';
import type { ExampleColumns } from '../../shared/task/kinds/form.ts';
import { fromBytes, toBytes } from '../../shared/weights/vector.ts';
import { takeSteps } from '../../shared/wire/step.ts';
import { hashed } from '../client/digest.ts';
import type { Encoder } from '../client/ports.ts';
import { reportEncoder } from '../client/report-encoder.ts';
import { httpWeights } from '../client/weights-source.ts';
import { createIndexedDbMomentum, createIndexedDbResidual } from '../data/vector-stores.ts';
import { type Opened, unusable } from './core/backends/opened.ts';
import { DEVICE_NAMES } from './core/device.ts';
import type { Duty } from './core/duty.ts';
import type { DeviceOpeners } from './core/prepare.ts';
import { probedOf, probeKeyOf } from './kept-probe.ts';
import type { TrainerMethods } from './methods.ts';
import { serve } from './rpc.ts';
import { openSession, type TrainingSession } from './session.ts';

/**
 * The trainer's worker. Examples come from IndexedDB, never through the page. It also runs behind a Blob worker on
 * another site (`import 'SERVER/trainer.js'`): it finds its chunks beside itself.
 */
const openers: DeviceOpeners = {
  webgpu,
  webgl: async () => (await import('./core/backends/webgl.ts')).openWebgl(),
  wasm: async () => {
    if (!mayCompileWasm()) return unusable('forbidden', 'WebAssembly is not allowed on this page');
    const [wasm, files] = await Promise.all([import('./core/backends/wasm.ts'), import('./wasm-files.ts')]);
    return wasm.openWasm(files.WASM_FILES);
  },
  cpu: async () => (await import('./core/backends/cpu.ts')).openCpu(),
};

/** A driver that hangs must not hold up the backends that work. */
const ADAPTER_WITHIN_MS = 5_000;

/** An adapter is asked for before anything of the backend is fetched: many browsers have WebGPU and no GPU for it. */
async function webgpu(): Promise<Opened> {
  // Typed as always there: plain http and older browsers have none.
  const { gpu } = navigator as { readonly gpu?: GPU };
  const late = new Promise<null>((resolve) => setTimeout(resolve, ADAPTER_WITHIN_MS, null));
  const adapter = await Promise.race([gpu?.requestAdapter().catch(() => null), late]);
  if (!adapter) return unusable('absent', 'WebGPU is not available here');
  return (await import('./core/backends/webgpu.ts')).openWebgpu();
}

/** On another site's page, asking for WebAssembly where the page's policy forbids it is reported to that site. */
const isForeign = location.protocol === 'blob:';

/** A strict CSP without 'wasm-unsafe-eval' refuses even the empty module. */
function mayCompileWasm(): boolean {
  try {
    return new WebAssembly.Module(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0)) instanceof WebAssembly.Module;
  } catch {
    return false;
  }
}

type ReportEncoder = Pick<Encoder, 'encode' | 'settle'>;

let opened:
  | { readonly key: string; readonly session: Promise<TrainingSession>; readonly encoder: ReportEncoder }
  | undefined;
const duty: Duty = { share: 1 };
let given: readonly ExampleColumns[] | null = null;

function session(): Promise<TrainingSession> {
  if (opened === undefined) throw new Error('prepare comes first');
  return opened.session;
}

function encoder(): ReportEncoder {
  if (opened === undefined) throw new Error('prepare comes first');
  return opened.encoder;
}

serve<TrainerMethods>(self, {
  async prepare({ task, participation, requested, stored, avoided: lost }, { progress }) {
    const { topology, client, data } = participation;
    const key = JSON.stringify([task, topology, client, data, requested]);
    if (opened !== undefined && opened.key !== key) throw new Error('a worker serves one task and one backend');
    const probeKey = probeKeyOf(participation, navigator.userAgent, version);
    const known = probedOf(stored, probeKey, Date.now());
    const avoided = DEVICE_NAMES.filter((name) => lost.includes(name));
    const reluctant = isForeign ? (['wasm'] as const) : [];
    opened ??= {
      key,
      session: openSession(task, participation, requested, { openers, known, avoided, reluctant, onTry: progress }),
      encoder: reportEncoder({ residual: createIndexedDbResidual(task), momentum: createIndexedDbMomentum(task) }),
    };
    const { source, choice, probed } = await opened.session;
    source.give(given);
    // Unchanged findings keep their age.
    const isNew = probed !== null && JSON.stringify(probed) !== JSON.stringify(known);
    return { choice, probe: isNew ? { key: probeKey, atMs: Date.now(), probed } : null };
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
  async train({ params, ...given }, { signal, progress, transfer }) {
    const result = await (await session()).train(params, { ...given, signal, duty, onProgress: progress });
    if (result.ok) transfer(result.delta.buffer as ArrayBuffer);
    return result;
  },
  async fetch({ server, joinToken, sha256, bytes }, { signal, transfer }) {
    const fetched = await httpWeights(server, joinToken).fetch(sha256, bytes, signal);
    transfer(fetched.bytes.buffer as ArrayBuffer);
    return fetched;
  },
  async encode({ delta, coding }, { transfer }) {
    const report = await encoder().encode(delta, coding);
    transfer(report.bytes.buffer as ArrayBuffer);
    return report;
  },
  async advance({ weights, steps, coding }, { transfer }) {
    const advanced = await hashed(toBytes(takeSteps(fromBytes(weights), steps, coding)));
    transfer(advanced.bytes.buffer as ArrayBuffer);
    return advanced;
  },
  async settle({ isAccepted }) {
    await encoder().settle(isAccepted);
    return null;
  },
  async fit({ seed, ...fitting }, { signal, progress, transfer }) {
    const result = await (await session()).fit(fitting, { seed, signal, duty, onProgress: progress });
    if (result.ok) transfer(result.params.buffer as ArrayBuffer);
    return result;
  },
  score: async ({ params }, { signal }) => (await session()).score(params, { signal, duty }),
  evaluate: async ({ params }, { signal }) => (await session()).evaluate(params, signal),
  predict: async ({ params, features, isFitted }) => (await session()).predict(params, features, isFitted),
});
