import { assert } from '../../shared/assert.ts';
import { COUNTS_LAYOUT } from '../../shared/evaluation/counts.ts';
import type { ClientId, Sha256 } from '../../shared/ids.ts';
import type { RoundPurpose, Score, TaskStatus } from '../../shared/protocol/index.ts';
import { modelOf } from '../../shared/task/model-of.ts';
import { reportLayout } from '../../shared/task/report-layout.ts';
import type { TaskSpec } from '../../shared/task/spec.ts';
import type { ExpectedFrame } from '../../shared/wire/frame.ts';
import type { Lease } from '../cluster/lease.ts';
import type { CheckpointRow, OpenRound, TaskPatch, TaskRow } from '../storage/port.ts';
import { type BufferPolicy, bufferPolicyOf, openFill } from './buffer.ts';
import type { CoordinatorPorts } from './coordinator-ports.ts';
import { Guard, type Verdict } from './guard.ts';
import { Lessons } from './lessons.ts';
import {
  type FillStart,
  LiveRound,
  type MadeWeights,
  type NewWeights,
  type RoundHost,
  type RoundStart,
} from './live-round.ts';
import type { Contributors, CoordinatorEvent } from './port.ts';
import { restoreFill, restoreRound } from './recovery.ts';
import { openRound, type RoundOutcome } from './round.ts';
import type { Scoring } from './scoring.ts';
import { Serial } from './serial.ts';
import { contributorsOf, statusOf } from './status.ts';
import { StepChain } from './step-chain.ts';
import {
  patchOf,
  runOf,
  stepRun,
  type TaskOrder,
  type TaskRun,
  type TaskRunEvent,
  type TaskRunStep,
} from './task-run.ts';
import { wakeOf } from './underway.ts';
import { WaitingPool } from './waiting-pool.ts';
import { WakeTimer } from './wake-timer.ts';

export interface LiveTaskOptions {
  readonly ports: CoordinatorPorts;
  readonly scoring: Scoring;
  readonly emit: (event: CoordinatorEvent) => void;
  readonly row: TaskRow;
  readonly lease: Lease;
  /** In the order of their versions, with the newest one. */
  readonly checkpoints: readonly CheckpointRow[];
}

/** What a report of an evaluation round is, whatever the model. */
const COUNTS = { codec: 'float32', values: COUNTS_LAYOUT.size, layoutSha256: COUNTS_LAYOUT.sha256 } as const;

/** Rounds whose members are still known by their tokens after they ended. */
const ROUNDS_REMEMBERED = 2;

/** One task under this process's lease: carries out the effects of `task-run.ts`, and hosts the current round. */
export class LiveTask implements RoundHost {
  readonly spec: TaskSpec;
  readonly fence: number;
  readonly serial = new Serial();
  readonly pool = new WaitingPool();
  readonly lessons: Lessons;
  readonly steps: StepChain;
  readonly #options: LiveTaskOptions;
  readonly #ports: CoordinatorPorts;
  readonly #timer: WakeTimer;
  readonly #guard: Guard;
  /** What a report of training is. */
  readonly #model: Omit<ExpectedFrame, 'baseSha256'>;
  readonly #modelBytes: number;
  /** Null where its rounds are synchronous. */
  readonly #buffer: BufferPolicy | null;
  #row: TaskRow;
  #run: TaskRun;
  #optimizerSha256: Sha256 | null;
  #metrics: Score | null;
  #round: LiveRound | null = null;
  #past: readonly LiveRound[] = [];
  #isQuiet = false;
  #isFenced = false;
  #isRestored = false;
  #isReleased = false;
  /** Called when the current round has ended, or cannot end just now. */
  #awaitingEnd: (() => void)[] = [];

  constructor(options: LiveTaskOptions) {
    const { ports, row, lease, checkpoints } = options;
    const checkpoint = checkpoints.at(-1);
    assert(checkpoint !== undefined, 'a task without a version');
    this.#options = options;
    this.#ports = ports;
    this.#timer = new WakeTimer(ports.clock, () => this.#tick());
    this.spec = row.spec;
    this.#guard = new Guard(ports, row.spec);
    this.lessons = new Lessons(row.spec.rounds);
    this.steps = new StepChain(checkpoints);
    this.fence = lease.token;
    this.#row = row;
    this.#run = runOf(row, false);
    this.#buffer = bufferPolicyOf(row.spec);
    this.#optimizerSha256 = checkpoint.optimizerSha256;
    this.#metrics = checkpoint.metrics;
    const { layout } = modelOf(row.spec);
    const report = reportLayout(layout, row.spec.client);
    const { up: codec, range, fraction } = row.spec.codec;
    this.#model = { codec, range, fraction, values: report.size, layoutSha256: report.sha256 };
    this.#modelBytes = layout.size * 4;
    lease.lost.addEventListener('abort', () => this.fenced(), { once: true });
  }

  get row(): TaskRow {
    return this.#row;
  }
  get round(): LiveRound | null {
    return this.#round;
  }
  /** The control variates of SCAFFOLD that belong to the newest version, as a blob. */
  get controlSha256(): Sha256 | null {
    return this.spec.strategy.name === 'scaffold' ? this.#optimizerSha256 : null;
  }
  get past(): readonly LiveRound[] {
    return this.#past;
  }
  /** No assignment goes out, and nothing begins by itself: the process is about to end, or another has the task. */
  get isQuiet(): boolean {
    return this.#isQuiet;
  }
  /** Nothing may be written any more: another has the task. */
  get isFenced(): boolean {
    return this.#isFenced;
  }
  /** Its round is as it was kept, or there is none: nobody is answered from one that is not there yet. */
  get isRestored(): boolean {
    return this.#isRestored || this.#row.archivedAt !== null;
  }
  /** A round is open, or about to be. */
  get hasRound(): boolean {
    return this.#run.hasRound;
  }

  status(): TaskStatus {
    const online = this.#ports.downlink.online(this.spec.id);
    const now = this.#ports.clock.now();
    const available = this.pool.size;
    return statusOf({ row: this.#row, metrics: this.#metrics, online, available, round: this.#round, now });
  }

  contributors(limit: number): Contributors {
    return contributorsOf(this.pool, this.#round, limit);
  }

  /** Goes on with what a restart found, or with the next round. */
  async resume(open: OpenRound | null): Promise<void> {
    const clientIds = open?.assignments.map(({ clientId }) => clientId) ?? [];
    const isCorrected = this.spec.strategy.name === 'scaffold' && open?.round.purpose === 'train';
    const contributors = isCorrected ? await this.#ports.storage.rounds.contributors(this.spec.id, clientIds) : null;
    const at = this.#ports.clock.now();
    this.#run = runOf(this.#row, open !== null);
    if (open !== null) {
      const { number, purpose, startedAt } = open.round;
      const seed = this.#ports.rng.uint32();
      const restored =
        this.#buffer !== null && open.round.schedule === 'buffered'
          ? restoreFill(open, { policy: this.#buffer, seed, now: at })
          : restoreRound(open, { policy: this.lessons.policy, seed, now: at });
      this.#round = new LiveRound(this.#ports, this, {
        ...this.#start(number, purpose, startedAt),
        ...restored,
        contributors,
      });
    }
    this.#isRestored = true;
    if (this.#run.state === 'stopping') this.#round?.take({ kind: 'stop', at });
    this.#tick();
  }

  /** A person's order; resolves when it is durable, with the reason when it is not possible now. */
  order(order: TaskOrder): Promise<string | null> {
    return this.serial.run(() => this.#step({ ...order, at: this.#ports.clock.now() }));
  }

  /** Resolves when no round is open, or when its end cannot be made durable for now. */
  roundOver(): Promise<void> {
    if (this.#round === null || this.#isQuiet) return Promise.resolve();
    return new Promise((resolve) => this.#awaitingEnd.push(resolve));
  }

  rolledBack(version: number, { sha256, optimizerSha256 }: NewWeights, metrics: Score | null): void {
    this.steps.add(this.#row.sha256, sha256, null);
    this.#row = { ...this.#row, version, sha256 };
    this.#optimizerSha256 = optimizerSha256;
    this.#metrics = metrics;
    this.changed();
  }

  archived(archivedAt: number): void {
    this.#row = { ...this.#row, archivedAt };
    this.quiet();
    this.#ports.downlink.changed(this.spec.id);
  }

  scored(version: number, score: Score): void {
    if (version === this.#row.version) this.#metrics = score;
    this.changed();
  }

  /** Stops every timer. What is under way may still end. */
  quiet(): void {
    this.#isQuiet = true;
    this.#timer.set(null);
    this.#round?.close();
    this.#guard.close();
    this.#tellEnd();
  }

  async release(): Promise<void> {
    if (this.#isReleased) return;
    this.#isReleased = true;
    await this.#options.lease.release();
  }

  // what a round asks of its task

  takeWaiting(clientId: ClientId): Sha256 | null {
    return this.pool.take(clientId)?.held ?? null;
  }

  get usualRoundMs(): number | null {
    return this.lessons.usualRoundMs;
  }

  judge(sha256: Sha256): Promise<Verdict> {
    return this.#guard.judge(sha256, this.#row.version);
  }

  patchAfter(round: LiveRound, outcome: RoundOutcome): TaskPatch {
    return patchOf(stepRun(this.#run, endEvent(round.purpose, outcome, this.#ports.clock.now())).run);
  }

  goesOn(round: LiveRound, version: number): boolean {
    const outcome = { kind: 'committed', version } as const;
    return stepRun(this.#run, endEvent(round.purpose, outcome, this.#ports.clock.now())).effects.includes('open-round');
  }

  ended(round: LiveRound, outcome: RoundOutcome, made: MadeWeights | null, next: FillStart | null): LiveRound | null {
    const { clock, log } = this.#ports;
    const { id: task } = this.spec;
    const at = clock.now();
    const isStopped = outcome.kind === 'abandoned' && outcome.reason === 'stopped';
    const lesson = isStopped ? null : round.lesson(at);
    if (lesson !== null) this.lessons.add(lesson);
    this.#past = [round, ...this.#past].slice(0, ROUNDS_REMEMBERED);
    this.#round = null;
    if (outcome.kind === 'committed' && outcome.version !== null && made !== null) {
      this.steps.add(this.#row.sha256, made.sha256, made.step);
      this.#row = { ...this.#row, version: outcome.version, sha256: made.sha256 };
      this.#optimizerSha256 = made.optimizerSha256;
      this.#metrics = null;
      this.#options.scoring.add({ spec: this.spec, version: outcome.version, sha256: made.sha256 });
    }
    this.#options.emit({
      ...{ kind: 'round-ended', task, round: round.number, outcome: outcome.kind },
      reason: outcome.kind === 'abandoned' ? outcome.reason : null,
      version: outcome.kind === 'committed' ? outcome.version : null,
      seconds: Math.max(0, at - round.startedAt) / 1_000,
    });
    const dropped = this.serial.run(() => round.dropReports());
    dropped.catch((error: unknown) => {
      log.warn({ err: error, task, round: round.number }, 'the reports of a round are still there');
    });
    const step = stepRun(this.#run, endEvent(round.purpose, outcome, at));
    // What the run asks for is there: the next fill was opened with this end.
    this.#adopt(next === null ? step : { ...step, effects: [] });
    if (next !== null) this.#beginFill(next);
    this.#tellEnd();
    return next === null ? null : this.#round;
  }

  stuck(): void {
    this.#tellEnd();
  }

  fenced(): void {
    if (this.#isFenced || this.#isReleased) return;
    this.#isFenced = true;
    this.#ports.log.error({ task: this.spec.id }, 'another process has this task: nothing more is done here');
    this.quiet();
  }

  changed(): void {
    this.#timer.set(this.#wakeAt());
    this.#ports.downlink.changed(this.spec.id);
  }

  // what happens by itself

  async #step(event: TaskRunEvent): Promise<string | null> {
    const next = stepRun(this.#run, event);
    if (next.refusal !== null) return next.refusal;
    const before = patchOf(this.#run);
    const patch = patchOf(next.run);
    if (JSON.stringify(patch) !== JSON.stringify(before)) {
      const saved = await this.#ports.storage.tasks.update(this.spec.id, patch, this.fence);
      if (saved === 'fenced') {
        this.fenced();
        return 'another process has this task just now: try again';
      }
    }
    this.#adopt(next);
    return null;
  }

  /** Takes a run that is durable, and does what follows from it. */
  #adopt({ run, effects }: TaskRunStep): void {
    const before = this.#run;
    this.#run = run;
    this.#row = { ...this.#row, ...patchOf(run) };
    if (run.state !== before.state || run.pausedReason !== before.pausedReason)
      this.#options.emit({ kind: 'task-state', task: this.spec.id, state: run.state, reason: run.pausedReason });
    for (const effect of effects) {
      if (effect === 'stop-round') this.#round?.take({ kind: 'stop', at: this.#ports.clock.now() });
      else if (!this.#isQuiet) {
        const purpose = effect === 'open-evaluation' ? 'evaluate' : 'train';
        void this.serial.run(() => this.#open(purpose));
      }
    }
    this.changed();
  }

  async #open(purpose: RoundPurpose): Promise<void> {
    const { storage, clock, log } = this.#ports;
    const { id: task, rounds } = this.spec;
    if (this.#isQuiet) return;
    try {
      const number = (await storage.rounds.lastNumber(task)) + 1;
      const startedAt = clock.now();
      const selectionEndsAt = startedAt + rounds.selectionDeadlineMs;
      const baseVersion = this.#row.version;
      const opening = { task, number, purpose, baseVersion, selectionEndsAt, startedAt };
      const isFill = this.#buffer !== null && purpose === 'train';
      const reportingEndsAt = startedAt + rounds.reportingDeadlineMs;
      const saved = isFill
        ? await storage.rounds.openFill(this.fence, { task, number, baseVersion, startedAt, reportingEndsAt })
        : await storage.rounds.open(this.fence, opening);
      if (saved === 'fenced') this.fenced();
      else if (isFill) this.#beginFill({ number, startedAt, parts: [], members: [] });
      else this.#begin(number, purpose, startedAt);
    } catch (error) {
      log.error({ err: error, task }, 'a round could not be opened');
      const failed = stepRun(this.#run, endEvent(purpose, { kind: 'abandoned', reason: 'failed' }, clock.now()));
      await storage.tasks.update(task, patchOf(failed.run), this.fence).catch(() => {}); // what is not durable is counted again
      this.#adopt(failed);
    }
  }

  #begin(number: number, purpose: RoundPurpose, startedAt: number): void {
    const { rng, downlink } = this.#ports;
    const opened = openRound({
      ...{ policy: this.lessons.policy, seed: rng.uint32(), at: startedAt, utilities: this.lessons.utilities },
      ...{ available: this.pool.clientIds(), networks: this.pool.networks(), online: downlink.online(this.spec.id) },
    });
    this.#round = new LiveRound(this.#ports, this, {
      ...this.#start(number, purpose, startedAt),
      ...{ state: opened.state, members: [] },
    });
    this.#options.emit({ kind: 'round-started', task: this.spec.id, round: number });
    this.#round.adopt(opened.state, opened.effects);
    this.changed();
  }

  /** A fill that is open: with those who go on in it, and those who wait. */
  #beginFill({ number, startedAt, parts, members }: FillStart): void {
    if (this.#buffer === null) return;
    const opened = openFill({
      ...{ policy: this.#buffer, seed: this.#ports.rng.uint32(), version: this.#row.version },
      ...{ carried: parts, waiting: this.#isQuiet ? [] : this.pool.clientIds(), at: startedAt },
      networks: this.pool.networks(),
    });
    const round = new LiveRound(this.#ports, this, {
      ...this.#start(number, 'train', startedAt),
      ...{ state: opened.state, members },
    });
    this.#round = round;
    if (this.#isQuiet) round.close();
    this.#options.emit({ kind: 'round-started', task: this.spec.id, round: number });
    round.open(opened.effects);
    this.changed();
  }

  #start(number: number, purpose: RoundPurpose, startedAt: number): Omit<RoundStart, 'state' | 'members'> {
    const { version, sha256 } = this.#row;
    const base = { version, sha256, optimizerSha256: this.#optimizerSha256, bytes: this.#modelBytes };
    const report = purpose === 'evaluate' ? COUNTS : this.#model;
    return { number, purpose, startedAt, base, expected: { ...report, baseSha256: sha256 } };
  }

  #wakeAt(): number | null {
    if (this.#isQuiet) return null;
    const roundWake = this.#round === null ? null : wakeOf(this.#round.state);
    return roundWake ?? (this.#run.state === 'running' && !this.#run.hasRound ? this.#run.restsUntil : null);
  }

  #tick(): void {
    const at = this.#ports.clock.now();
    if (this.#round !== null) {
      this.#round.take({ kind: 'tick', at });
      this.changed();
      return;
    }
    this.serial
      .run(async () => {
        await this.#step({ kind: 'tick', at: this.#ports.clock.now() });
        this.changed();
      })
      .catch((error: unknown) => this.#ports.log.error({ err: error, task: this.spec.id }, 'a task could not go on'));
  }

  #tellEnd(): void {
    for (const tell of this.#awaitingEnd.splice(0)) tell();
  }
}

const endEvent = (purpose: RoundPurpose, outcome: RoundOutcome, at: number): TaskRunEvent =>
  purpose === 'evaluate' ? { kind: 'evaluated', at } : { kind: 'ended', outcome, at };
