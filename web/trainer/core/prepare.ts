import type { ModelTopology } from '../../../shared/model/topology.ts';
import type { ClientPlan } from '../../../shared/task/spec.ts';
import { type Opened, type Unusable, unusable } from './backends/opened.ts';
import { BackendLostError, DEVICE_NAMES, type Device, type DeviceName } from './device.ts';
import { evaluate } from './evaluate.ts';
import { examplesOf, sizeOf } from './examples.ts';
import { type Finding, fastestOf, LABELS, type Probed, stepMsOf } from './finding.ts';
import { buildModel, type DeviceModel } from './model.ts';
import { probeStep, referenceStep, TIMED_MS, timeSteps } from './probe.ts';
import { isRight, type Reference, referenceOf, stepError } from './reference.ts';

const ACCELERATORS = ['webgpu', 'webgl', 'wasm'] as const satisfies readonly DeviceName[];
type Accelerator = (typeof ACCELERATORS)[number];

/** Opens each backend when it is its turn; one without an opener is not available. `cpu` always is. */
export type DeviceOpeners = { readonly cpu: () => Promise<Device> } & {
  readonly [Name in Accelerator]?: () => Promise<Opened>;
};

export type Requested = 'auto' | DeviceName;

export interface PrepareOptions {
  /** What an earlier probe of the same model found in the same browser. */
  readonly known?: Probed | null;
  /** Lost twice in a row: not opened again, and what was found of them is not kept. */
  readonly avoided?: readonly DeviceName[];
  /** Opened by `auto` only where no other but the plain CPU is right. */
  readonly reluctant?: readonly DeviceName[];
  /** How long each is timed. */
  readonly timedMs?: number;
}

export interface PreparedModel {
  readonly model: DeviceModel;
  readonly requested: Requested;
  readonly used: DeviceName;
  /** Why `used` is not what was asked for, in one sentence; null when it is. */
  readonly reason: string | null;
  readonly findings: readonly Finding[];
  /** For the next time; null where nothing had to be probed. */
  readonly probed: Probed | null;
}

/** The plain CPU, if it takes longer than this for the two examples of the reference, is not timed on a whole batch. */
const CPU_HOPELESS_MS = 100;

/**
 * Builds the model on the backend asked for, if it trains right here: one real step of this very model, in the shapes
 * of the plan, is compared with the same step in plain JavaScript. `auto` takes the fastest of those that are right, by
 * the time of a step with its reads. What an earlier probe found is believed as to times; the backend that is used is
 * compared again each time, since its programs must be compiled anyway. Where one is not right the next best is taken,
 * and the reason told.
 */
export async function prepareModel(
  topology: ModelTopology,
  plan: ClientPlan,
  requested: Requested,
  openers: DeviceOpeners,
  { known = null, avoided = [], reluctant = [], timedMs = TIMED_MS }: PrepareOptions = {},
): Promise<PreparedModel> {
  const cpu = await openers.cpu();
  const findings = new Map<DeviceName, Finding>(known?.findings.map((finding) => [finding.backend, finding]));
  const build = (device: Device): DeviceModel => buildModel(topology, plan.loss, device);
  const refuse = (backend: DeviceName, { fault, reason }: Unusable): void =>
    void findings.set(backend, { backend, isRight: false, fault, reason });
  const time = async (model: DeviceModel): Promise<void> => {
    const backend = model.device.name;
    const toBeatMs = stepMsOf(findings.get(best.name));
    const stepMs = await timeSteps(model, topology, plan.batchSize, { toBeatMs, timedMs });
    findings.set(backend, { backend, isRight: true, stepMs, isFloor: false });
  };
  /** The backend that is kept open, with the model on it. */
  const best: { name: DeviceName; model: DeviceModel | null } = { name: 'cpu', model: null };
  const keep = (model: DeviceModel | null): void => {
    best.model?.dispose();
    best.model?.device.close();
    best.model = model;
    best.name = model?.device.name ?? 'cpu';
  };

  const newReference = async (): Promise<Reference> => {
    const startMs = performance.now();
    const step = await referenceStep(topology, plan.loss, cpu);
    findings.set('cpu', { backend: 'cpu', isRight: true, stepMs: performance.now() - startMs, isFloor: true });
    return referenceOf(step);
  };

  /** Opens it, compares it, times it where that has not been done, and keeps it open if nothing that is open is faster. */
  const attempt = async (name: Accelerator, reference: Reference): Promise<void> => {
    const opened = await (openers[name]?.() ?? unusable('absent', `${LABELS[name]} is not available here`));
    if (!opened.ok) return refuse(name, opened);
    let model: DeviceModel | null = null;
    try {
      model = build(opened.device);
      const error = stepError(await probeStep(model, topology, plan.batchSize), reference);
      if (isRight(error)) {
        await warmUp(model);
        if (!findings.get(name)?.isRight) await time(model);
      } else refuse(name, wrong(name, error));
    } catch (error) {
      refuse(name, broken(name, error));
    }
    const isBest = findings.get(name)?.isRight && (best.model === null || isFaster(name, best.name));
    if (isBest) return keep(model);
    model?.dispose();
    opened.device.close();
  };
  const isFaster = (name: DeviceName, than: DeviceName): boolean =>
    stepMsOf(findings.get(name)) <= stepMsOf(findings.get(than));

  /** Whatever has not been probed, then the fastest; where that disappoints now, the next. */
  const attemptAll = async (reference: Reference): Promise<void> => {
    for (const name of ACCELERATORS) {
      if (!findings.has(name) && !reluctant.includes(name)) await attempt(name, reference);
    }
    for (const name of ACCELERATORS) {
      if (!findings.has(name) && !ACCELERATORS.some((other) => findings.get(other)?.isRight)) {
        await attempt(name, reference);
      }
    }
    const onCpu = findings.get('cpu');
    // Only a small model can be as fast in plain JavaScript: a step of a large one takes seconds.
    if (stepMsOf(onCpu) <= CPU_HOPELESS_MS && onCpu?.isRight && onCpu.isFloor) {
      await cpu.activate();
      const model = build(cpu);
      await time(model).finally(() => model.dispose());
    }
    for (let name = fastestOf(findings); name !== best.name; name = fastestOf(findings)) {
      if (name === 'cpu') keep(null);
      else await attempt(name, reference);
    }
  };

  let probed = known;
  if (requested !== 'cpu') {
    const reference = known?.reference ?? (await newReference());
    for (const name of avoided) refuse(name, unusable('lost', `${LABELS[name]} was lost twice in a row`));
    if (requested !== 'auto' && !avoided.includes(requested)) await attempt(requested, reference);
    if (best.model === null) await attemptAll(reference);
    probed = { reference, findings: listOf(findings).filter(({ backend }) => !avoided.includes(backend)) };
  }
  await (best.model?.device ?? cpu).activate();
  const reason = reasonOf(requested, best.name, findings, avoided);
  return { model: best.model ?? build(cpu), requested, used: best.name, reason, findings: listOf(findings), probed };
}

const listOf = (findings: ReadonlyMap<DeviceName, Finding>): readonly Finding[] =>
  DEVICE_NAMES.flatMap((name) => findings.get(name) ?? []);

/** Scores one empty example, so that the first real scoring compiles nothing. */
async function warmUp(model: DeviceModel): Promise<void> {
  const blank = { images: new Uint8Array(sizeOf(model.input)), labels: Uint8Array.of(0) };
  await evaluate(model, examplesOf(model.input, model.classCount, [blank]));
}

function wrong(name: DeviceName, error: number): Unusable {
  const share = Number.isFinite(error) ? `off by ${(100 * error).toFixed(error < 0.1 ? 2 : 0)} %` : 'not a number';
  return unusable('wrong', `${LABELS[name]} computes this model wrongly here (${share})`);
}

function broken(name: DeviceName, error: unknown): Unusable {
  const why = String(error instanceof Error ? error.message : error).split('\n', 1)[0] ?? '';
  return error instanceof BackendLostError
    ? unusable('lost', `${LABELS[name]} was lost in the test step (${why})`)
    : unusable('incapable', `${LABELS[name]} cannot train this model here (${why})`);
}

/** `auto` has nothing to explain where it took the fastest of several that are right. */
function reasonOf(
  requested: Requested,
  used: DeviceName,
  findings: ReadonlyMap<DeviceName, Finding>,
  avoided: readonly DeviceName[],
): string | null {
  if (used === requested) return null;
  const isLastResort = !ACCELERATORS.some((name) => findings.get(name)?.isRight);
  const explained = requested !== 'auto' ? [requested] : isLastResort ? ACCELERATORS : avoided;
  const clauses = explained.flatMap((name) => {
    const finding = findings.get(name);
    return finding === undefined || finding.isRight ? [] : [finding.reason];
  });
  if (clauses.length === 0) return null;
  const slower = used === 'cpu' ? ', which is slower' : '';
  return `${clauses.join(', and ')}; ${LABELS[used]} trains instead${slower}.`;
}
