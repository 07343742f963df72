import type { ModelTopology } from '../../../shared/model/topology.ts';
import type { ClientPlan } from '../../../shared/task/spec.ts';
import { unusable } from './backends/opened.ts';
import { ACCELERATORS, Contest, type DeviceOpeners } from './contest.ts';
import type { Device, DeviceName } from './device.ts';
import { type Finding, fastestOf, LABELS, type Probed, stepMsOf } from './finding.ts';
import { buildModel, type DeviceModel } from './model.ts';
import { PROBE_EXAMPLES, plainLoss, referenceStep, TIMED_MS } from './probe.ts';
import { isRight, isSameLoss, type Reference, referenceOf, stepError } from './reference.ts';

export type { DeviceOpeners } from './contest.ts';

export type Requested = 'auto' | DeviceName;

export interface PrepareOptions {
  /** What an earlier probe of the same model found in the same browser. */
  readonly known?: Probed | null;
  /** Lost twice in a row, or with the whole thread: not opened again, and what was found of them is not kept. */
  readonly avoided?: readonly DeviceName[];
  /** Opened only when asked for, or where no other but the plain CPU is right. */
  readonly reluctant?: readonly DeviceName[];
  readonly timedMs?: number;
  /** Told before each backend is opened, used or used again: a driver may take the whole thread with it. */
  readonly onTry?: (name: DeviceName) => void;
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

/** A model whose loss on two examples takes the plain CPU longer is large: its step would take seconds. */
const LARGE_MS = 60;
/** So is one that takes longer than this where a backend is asked for by name: two that vouch are one more than it needs. */
const LARGE_FOR_ONE_MS = 1_000;
/** A training step is about three passes: forward, and the gradients of inputs and of weights. */
const PASSES_OF_STEP = 3;
/** The plain CPU is not timed where a step must take longer than this, unless the best takes about as long. */
const CPU_HOPELESS_MS = 1_000;

/**
 * Builds the model on the backend asked for, if it trains right here: one real step of this very model, in the shapes
 * of the plan, is compared with a reference. `auto` takes the fastest of those that are right, by the time of a step
 * with its reads. What an earlier probe found is believed as to times; the backend that is used is compared again each
 * time, since its programs must be compiled anyway. Where one is not right the next best is taken, and the reason told.
 */
export async function prepareModel(
  topology: ModelTopology,
  plan: ClientPlan,
  requested: Requested,
  openers: DeviceOpeners,
  { known = null, avoided = [], reluctant = [], timedMs = TIMED_MS, onTry = () => {} }: PrepareOptions = {},
): Promise<PreparedModel> {
  const plain = await openers.cpu();
  const cpu: Device = {
    ...plain,
    activate() {
      onTry('cpu');
      return plain.activate();
    },
  };
  const contest = new Contest({ topology, plan, openers, known: known?.findings ?? [], timedMs, onTry });
  const { findings } = contest;
  const willing = ACCELERATORS.filter((name) => !avoided.includes(name) && !reluctant.includes(name));
  /** About what a step of the plain CPU takes; known once it made the reference here. */
  let cpuAboutMs = Number.POSITIVE_INFINITY;
  let probed = known;

  if (requested !== 'cpu') {
    const reference = known?.reference ?? (await newReference());
    for (const name of avoided) contest.refuse(name, unusable('lost', `${LABELS[name]} was lost here before`));
    if (requested !== 'auto' && !avoided.includes(requested)) await contest.attempt(requested, reference);
    if (contest.best === null) await attemptAll(reference);
    contest.closeOthers();
    probed = { reference, findings: contest.list().filter(({ backend }) => !avoided.includes(backend)) };
  }
  onTry(contest.leader);
  await (contest.best?.device ?? plain).activate();
  const model = contest.best ?? buildModel(topology, plan.loss, cpu);
  const used = contest.leader;
  return {
    model,
    requested,
    used,
    reason: reasonOf(requested, used, findings, avoided),
    findings: contest.list(),
    probed,
  };

  /** Whatever has not been probed, then the fastest; where that disappoints now, the next. */
  async function attemptAll(reference: Reference): Promise<void> {
    for (const name of willing) if (!findings.has(name)) await contest.attempt(name, reference);
    for (const name of ACCELERATORS) {
      if (!findings.has(name) && !someIsRight(findings)) await contest.attempt(name, reference);
    }
    const bestMs = stepMsOf(findings.get(contest.leader));
    if (contest.best !== null && cpuAboutMs > CPU_HOPELESS_MS && cpuAboutMs <= 2 * bestMs) await timeCpu();
    for (let name = fastestOf(findings); name !== contest.leader; name = fastestOf(findings)) {
      if (name === 'cpu') contest.keep(null);
      else await contest.attempt(name, reference);
    }
  }

  /**
   * The right step. A small model makes it in plain JavaScript. For a large one, where that takes seconds, two backends
   * that share no kernel vouch for each other: they agree in every gradient, and with the plain CPU in the loss. Where no
   * two agree, or where only one is asked for and the plain CPU is no slower than starting another, it decides alone.
   */
  async function newReference(): Promise<Reference> {
    let startMs = performance.now();
    let loss = await plainLoss(topology, plan.loss, cpu);
    if (performance.now() - startMs > LARGE_MS) {
      // The first time a small model is slow too: the browser compiles.
      startMs = performance.now();
      loss = await plainLoss(topology, plan.loss, cpu);
    }
    const lossMs = performance.now() - startMs;
    const largeMs = requested === 'auto' ? LARGE_MS : LARGE_FOR_ONE_MS;
    const agreed = lossMs > largeMs ? await agreement(loss) : null;
    if (agreed !== null) {
      boundCpu(lossMs, PASSES_OF_STEP * lossMs);
      return agreed;
    }
    await cpu.activate();
    const stepStartMs = performance.now();
    const step = await referenceStep(topology, plan.loss, cpu);
    const stepMs = performance.now() - stepStartMs;
    boundCpu(stepMs, stepMs);
    if (cpuAboutMs <= CPU_HOPELESS_MS) await timeCpu();
    return referenceOf(step);
  }

  async function timeCpu(): Promise<void> {
    await cpu.activate();
    await contest.timePlain(cpu);
  }

  async function agreement(loss: number): Promise<Reference | null> {
    const steps: Reference[] = [];
    for (const name of willing) {
      const step = await contest.step(name);
      if (step === null || !isSameLoss(step.loss, loss)) continue;
      if (steps.some((other) => isRight(stepError(step, other)))) return referenceOf(step);
      steps.push(referenceOf(step));
    }
    return null;
  }

  /** At least `floorMs` for a step, since it took that for a part; `partMs` for so few examples, so about that much for all. */
  function boundCpu(floorMs: number, partMs: number): void {
    findings.set('cpu', { backend: 'cpu', isRight: true, stepMs: floorMs, isFloor: true });
    cpuAboutMs = (partMs * plan.batchSize) / PROBE_EXAMPLES;
  }
}

const someIsRight = (findings: ReadonlyMap<DeviceName, Finding>): boolean =>
  ACCELERATORS.some((name) => findings.get(name)?.isRight);

/** `auto` has nothing to explain where it took the fastest of several that are right. */
function reasonOf(
  requested: Requested,
  used: DeviceName,
  findings: ReadonlyMap<DeviceName, Finding>,
  avoided: readonly DeviceName[],
): string | null {
  if (used === requested) return null;
  const explained = requested !== 'auto' ? [requested] : someIsRight(findings) ? avoided : ACCELERATORS;
  const clauses = explained.flatMap((name) => {
    const finding = findings.get(name);
    return finding === undefined || finding.isRight ? [] : [finding.reason];
  });
  if (clauses.length === 0) return null;
  const slower = used === 'cpu' ? ', which is slower' : '';
  return `${clauses.join(', and ')}; ${LABELS[used]} trains instead${slower}.`;
}
