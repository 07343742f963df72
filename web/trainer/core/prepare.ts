import type { ModelTopology } from '../../../shared/model/topology.ts';
import { emptyColumns } from '../../../shared/task/kinds/form.ts';
import type { ClientPlan } from '../../../shared/task/spec.ts';
import type { Opened } from './backends/opened.ts';
import type { Device, DeviceName } from './device.ts';
import { evaluate } from './evaluate.ts';
import { examplesOf } from './examples.ts';
import { buildModel, type DeviceModel } from './model.ts';
import { isRight, type ProbeStep, probeStep, referenceStep, stepError } from './probe.ts';

/** Opens each backend when it is its turn; `cpu` is the one that is always there. */
export interface DeviceOpeners {
  readonly webgl: () => Promise<Opened>;
  readonly wasm: () => Promise<Opened>;
  readonly cpu: () => Promise<Device>;
}

export type Requested = 'auto' | 'webgpu' | DeviceName;

export interface PreparedModel {
  readonly model: DeviceModel;
  readonly requested: Requested;
  readonly used: DeviceName;
  /** Why `used` is not what was asked for, in one sentence; null when it is. */
  readonly reason: string | null;
}

/**
 * Builds the model on the backend asked for, if that trains right here: one real step of this very model, in the shapes
 * of the plan, is compared with the same step in plain JavaScript. This also compiles what training will need. Falls
 * back to the plain CPU, and says why.
 */
export async function prepareModel(
  topology: ModelTopology,
  plan: ClientPlan,
  requested: Requested,
  openers: DeviceOpeners,
): Promise<PreparedModel> {
  const cpu = await openers.cpu();
  const build = (device: Device): DeviceModel => buildModel(topology, plan.loss, device);
  const plainCpu = (reason: string | null): PreparedModel => ({ model: build(cpu), requested, used: 'cpu', reason });
  if (requested === 'cpu') return plainCpu(null);

  const notice = requested === 'webgpu' ? 'WebGPU is not available in this build' : null;
  const wanted = requested === 'wasm' ? 'wasm' : 'webgl';
  const reference = await referenceStep(topology, plan.loss, cpu);
  const opened = await openers[wanted]();
  const tried = opened.ok ? await tryTraining(() => build(opened.device), topology, plan, reference) : opened;
  if (tried.ok) {
    const reason = notice && `${notice}; ${LABELS[wanted]} trains instead.`;
    return { model: tried.model, requested, used: wanted, reason };
  }
  if (opened.ok) opened.device.close();
  await cpu.activate();
  return plainCpu(`${notice ? `${notice}, and ` : ''}${tried.reason}; the plain CPU trains instead, which is slower.`);
}

const LABELS: Readonly<Record<DeviceName, string>> = { webgl: 'WebGL', wasm: 'WebAssembly', cpu: 'the plain CPU' };

async function tryTraining(
  build: () => DeviceModel,
  topology: ModelTopology,
  plan: ClientPlan,
  reference: ProbeStep,
): Promise<{ readonly ok: true; readonly model: DeviceModel } | { readonly ok: false; readonly reason: string }> {
  const model = build();
  const label = LABELS[model.device.name];
  try {
    const error = stepError(await probeStep(model, topology, plan.batchSize), reference);
    if (isRight(error)) {
      await warmUp(model);
      return { ok: true, model };
    }
    const share = Number.isFinite(error) ? `off by ${(100 * error).toFixed(error < 0.1 ? 2 : 0)} %` : 'not a number';
    return fail(model, `${label} computes this model wrongly here (${share})`);
  } catch (error) {
    return fail(model, `${label} cannot train this model here (${firstLine(error)})`);
  }
}

/** Scores one empty example, so that the first real scoring compiles nothing. */
async function warmUp(model: DeviceModel): Promise<void> {
  await evaluate(model, examplesOf(model.form, [emptyColumns(model.form, 1)]));
}

function fail(model: DeviceModel, reason: string): { readonly ok: false; readonly reason: string } {
  model.dispose();
  return { ok: false, reason };
}

const firstLine = (error: unknown): string =>
  String(error instanceof Error ? error.message : error).split('\n', 1)[0] ?? '';
