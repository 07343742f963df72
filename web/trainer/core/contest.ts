import type { ModelTopology } from '../../../shared/model/topology.ts';
import { emptyColumns } from '../../../shared/task/kinds/form.ts';
import type { ClientPlan } from '../../../shared/task/spec.ts';
import { type Opened, type Unusable, unusable } from './backends/opened.ts';
import { BackendLostError, DEVICE_NAMES, type Device, type DeviceName } from './device.ts';
import { evaluate } from './evaluate.ts';
import { examplesOf } from './examples.ts';
import { type Finding, LABELS, stepMsOf } from './finding.ts';
import { buildModel, type DeviceModel } from './model.ts';
import { type ProbeStep, probeStep, timeSteps } from './probe.ts';
import { isRight, type Reference, stepError } from './reference.ts';

export const ACCELERATORS = ['webgpu', 'webgl', 'wasm'] as const satisfies readonly DeviceName[];
export type Accelerator = (typeof ACCELERATORS)[number];

/** Opens each backend when it is its turn; one without an opener is not available. `cpu` always is. */
export type DeviceOpeners = { readonly cpu: () => Promise<Device> } & {
  readonly [Name in Accelerator]?: () => Promise<Opened>;
};

export interface ContestJob {
  readonly topology: ModelTopology;
  readonly plan: ClientPlan;
  readonly openers: DeviceOpeners;
  readonly known: readonly Finding[];
  /** How long each is timed. */
  readonly timedMs: number;
  readonly onTry: (name: DeviceName) => void;
}

/**
 * One model on one backend after the other. The best so far stays open with the model on it, the rest is closed; what was
 * found of each stands in `findings`.
 */
export class Contest {
  readonly findings: Map<DeviceName, Finding>;
  readonly #job: ContestJob;
  readonly #open = new Map<Accelerator, Device>();
  #best: DeviceModel | null = null;

  constructor(job: ContestJob) {
    this.#job = job;
    this.findings = new Map(job.known.map((finding) => [finding.backend, finding]));
  }

  /** Null: the plain CPU. */
  get best(): DeviceModel | null {
    return this.#best;
  }
  get leader(): DeviceName {
    return this.#best?.device.name ?? 'cpu';
  }

  list(): readonly Finding[] {
    return DEVICE_NAMES.flatMap((name) => this.findings.get(name) ?? []);
  }

  refuse(backend: DeviceName, { fault, reason }: Unusable): void {
    this.findings.set(backend, { backend, isRight: false, fault, reason });
  }

  /** The backend's own step, for comparison with others'; null and refused where it makes none. It stays open. */
  async step(name: Accelerator): Promise<ProbeStep | null> {
    const made = await this.#make(name);
    made?.model.dispose();
    return made?.step ?? null;
  }

  /** Compares it, times it where that has not been done, and keeps it if nothing that is open is faster. */
  async attempt(name: Accelerator, reference: Reference): Promise<void> {
    const made = await this.#make(name);
    if (made === null) return this.#close(name);
    const error = stepError(made.step, reference);
    if (!isRight(error)) this.refuse(name, wrong(name, error));
    else await this.#run(name, () => this.#ready(made.model));
    const isBest = this.findings.get(name)?.isRight && (this.#best === null || this.#isFaster(name, this.leader));
    if (isBest) return this.keep(made.model);
    made.model.dispose();
    this.#close(name);
  }

  /** The plain CPU must be active. It is timed like the others. */
  async timePlain(cpu: Device): Promise<void> {
    const model = buildModel(this.#job.topology, this.#job.plan.loss, cpu);
    await this.#time(model).finally(() => model.dispose());
  }

  /** From now on this one is kept open. */
  keep(model: DeviceModel | null): void {
    const before = this.#best;
    this.#best = model;
    before?.dispose();
    if (before !== null && before.device.name !== this.leader) this.#close(before.device.name as Accelerator);
  }

  closeOthers(): void {
    for (const name of [...this.#open.keys()]) if (name !== this.leader) this.#close(name);
  }

  /** The model on that backend, with its step. */
  async #make(name: Accelerator): Promise<{ readonly model: DeviceModel; readonly step: ProbeStep } | null> {
    const device = await this.#activate(name);
    if (device === null) return null;
    const { topology, plan } = this.#job;
    let model: DeviceModel | undefined;
    const step = await this.#run(name, () => {
      model = buildModel(topology, plan.loss, device);
      return probeStep(model, topology, plan.batchSize);
    });
    if (step !== null && model !== undefined) return { model, step };
    model?.dispose();
    return null;
  }

  async #activate(name: Accelerator): Promise<Device | null> {
    this.#job.onTry(name);
    const device = this.#open.get(name);
    await device?.activate();
    if (device !== undefined) return device;
    const open = this.#job.openers[name];
    const opened = await (open?.() ?? unusable('absent', `${LABELS[name]} is not available here`));
    if (opened.ok) this.#open.set(name, opened.device);
    else this.refuse(name, opened);
    return opened.ok ? opened.device : null;
  }

  /** Whatever goes wrong in it is the backend's fault. */
  async #run<Value>(name: Accelerator, work: () => Promise<Value>): Promise<Value | null> {
    try {
      return await work();
    } catch (error) {
      this.refuse(name, broken(name, error));
      return null;
    }
  }

  /** Scores one empty example, so that the first real scoring compiles nothing. */
  async #ready(model: DeviceModel): Promise<void> {
    await evaluate(model, examplesOf(model.form, [emptyColumns(model.form, 1)]));
    if (!this.findings.get(model.device.name)?.isRight) await this.#time(model);
  }

  async #time(model: DeviceModel): Promise<void> {
    const { topology, plan, timedMs } = this.#job;
    const toBeatMs = stepMsOf(this.findings.get(this.leader));
    const stepMs = await timeSteps(model, topology, plan.batchSize, { toBeatMs, timedMs });
    this.findings.set(model.device.name, { backend: model.device.name, isRight: true, stepMs, isFloor: false });
  }

  #isFaster(name: DeviceName, than: DeviceName): boolean {
    return stepMsOf(this.findings.get(name)) <= stepMsOf(this.findings.get(than));
  }

  #close(name: Accelerator): void {
    this.#open.get(name)?.close();
    this.#open.delete(name);
  }
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
