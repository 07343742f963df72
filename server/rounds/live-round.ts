import { unreachable } from '../../shared/assert.ts';
import type { RejectionReason } from '../../shared/errors.ts';
import { evaluationOf } from '../../shared/evaluation/result.ts';
import type { AssignmentToken, ClientId, Sha256 } from '../../shared/ids.ts';
import { LIMITS } from '../../shared/limits.ts';
import type { Assignment, ControlOffer, RoundPurpose } from '../../shared/protocol/index.ts';
import { formOf } from '../../shared/task/kinds/index.ts';
import type { TaskSpec } from '../../shared/task/spec.ts';
import type { ExpectedFrame } from '../../shared/wire/frame.ts';
import type { FencingToken, ReceiptRow, RoundEndRow, RoundStore, TaskPatch } from '../storage/port.ts';
import type { CoordinatorPorts } from './coordinator-ports.ts';
import { deliver, type RoundPicture } from './delivery.ts';
import type { Verdict } from './guard.ts';
import { assignmentOf, type Member, newMember, rowOfMember } from './member.ts';
import { type PaceNote, retryWindow } from './pace.ts';
import type { ReportRule } from './port.ts';
import {
  type Part,
  type RoundEffect,
  type RoundEvent,
  type RoundOutcome,
  type RoundState,
  step,
  tally,
} from './round.ts';
import { RoundAggregate } from './round-aggregate.ts';
import { countsOf, endOf, yoursOf } from './round-ending.ts';
import type { ClientNote } from './selection.ts';
import type { Serial } from './serial.ts';

/** What a round needs of its task. */
export interface RoundHost {
  readonly spec: TaskSpec;
  readonly fence: FencingToken;
  /** Jobs of the task, in order. */
  readonly serial: Serial;
  /** Takes a waiting client out of the pool; true if it said that it holds these weights. */
  takeWaiting(clientId: ClientId, sha256: Sha256): boolean;
  /** Of the rounds before; null where there was none. */
  readonly usualRoundMs: number | null;
  /** Whether weights that were made may be published. */
  judge(sha256: Sha256): Promise<Verdict>;
  /** What the task row will say once the round has ended so. */
  patchAfter(round: LiveRound, outcome: RoundOutcome): TaskPatch;
  /** The end is durable and announced. */
  ended(round: LiveRound, outcome: RoundOutcome, made: NewWeights | null): void;
  /** The end could not be made durable yet; it is tried again. */
  stuck(): void;
  /** Somebody else has the lease: nothing may be written any more. */
  fenced(): void;
  /** The picture, or the time of the next tick, may be another. */
  changed(): void;
}

/** The params of a new version, and the state of the server optimizer that belongs to them. */
export interface NewWeights {
  readonly sha256: Sha256;
  readonly optimizerSha256: Sha256 | null;
}

export interface RoundStart {
  readonly number: number;
  readonly purpose: RoundPurpose;
  readonly base: NewWeights & { readonly version: number; readonly bytes: number };
  readonly expected: ExpectedFrame;
  readonly startedAt: number;
  readonly state: RoundState;
  /** Of a round that a restart found; empty else. */
  readonly members: readonly Member[];
  /** Who has had a part, in such a round of SCAFFOLD. */
  readonly contributors?: Contributors | null;
}

/** What one round tells the next ones. */
export interface Lesson {
  readonly pace: PaceNote;
  readonly reports: readonly ({ readonly clientId: ClientId } & ClientNote)[];
}

type Contributors = Awaited<ReturnType<RoundStore['contributors']>>;

type Saved = 'fenced' | Exclude<Verdict, 'fit'> | { readonly version: number | null; readonly made: NewWeights | null };

/** One round under way: carries out the effects of `round.ts`. */
export class LiveRound {
  readonly number: number;
  readonly purpose: RoundPurpose;
  readonly base: RoundStart['base'];
  readonly expected: ExpectedFrame;
  readonly rule: ReportRule;
  readonly startedAt: number;
  readonly aggregate: RoundAggregate;
  readonly #ports: CoordinatorPorts;
  readonly host: RoundHost;
  readonly #bytes = { up: 0, down: 0 };
  readonly #byToken = new Map<AssignmentToken, Member>();
  readonly #byClient = new Map<ClientId, Member>();
  #state: RoundState;
  #members: readonly Member[] = [];
  /** True once the cohort is durable: before that no token leaves the house. */
  #isAssigned: boolean;
  #cancelRetry: () => void = () => {};
  /** Null in a round that a restart found: what the time out took is in it. */
  #assignedAt: number | null = null;
  #contributors: Contributors | null;

  constructor(ports: CoordinatorPorts, host: RoundHost, start: RoundStart) {
    this.#ports = ports;
    this.host = host;
    this.number = start.number;
    this.purpose = start.purpose;
    this.base = start.base;
    this.expected = start.expected;
    this.startedAt = start.startedAt;
    this.#state = start.state;
    this.#contributors = start.contributors ?? null;
    this.#isAssigned = start.members.length > 0;
    this.#setMembers(start.members);
    const { arithmetic, spool, log } = ports;
    const { spec } = host;
    const isEvaluation = start.purpose === 'evaluate';
    this.rule = isEvaluation
      ? { kind: 'counts', target: formOf(spec.data).target.type }
      : { kind: 'delta', maxNorm: spec.maxDeltaNorm };
    const fold = isEvaluation ? 'sum' : spec;
    const key = `${host.spec.id}/${start.number}`;
    const pathOf = (updateId: Member['updateId']) => spool.path(host.spec.id, start.number, updateId);
    this.aggregate = new RoundAggregate({ arithmetic, log, key, fold, expected: start.expected, pathOf });
    for (const receipt of this.receipts()) {
      this.#bytes.up += receipt.bytes;
      this.aggregate.add(receipt);
    }
  }

  get state(): RoundState {
    return this.#state;
  }

  get members(): readonly Member[] {
    return this.#members;
  }

  get parts(): readonly Part[] {
    return this.#state.phase === 'selecting' ? [] : this.#state.parts;
  }

  byToken(token: AssignmentToken, clientId: ClientId): Member | undefined {
    const member = this.#byToken.get(token);
    return member?.clientId === clientId ? member : undefined;
  }

  byClient(clientId: ClientId): Member | undefined {
    return this.#byClient.get(clientId);
  }

  partOf(member: Member): Part | undefined {
    return this.parts[member.slot];
  }

  /** Durable receipts of accepted reports, in their order. */
  receipts(): ReceiptRow[] {
    return this.#members
      .flatMap(({ receipt }) => (receipt === null ? [] : [receipt]))
      .sort((a, b) => a.order - b.order);
  }

  /** What pace and selection learn of it (R22, R23); null where it tells nothing. */
  lesson(endedAt: number): Lesson | null {
    const assignedAt = this.#assignedAt;
    if (assignedAt === null || this.purpose === 'evaluate') return null;
    const { accepted, surplus } = tally(this.parts);
    const reports = this.receipts().map(({ clientId, examples, metrics, acceptedAt }) => ({
      ...{ clientId, examples, loss: metrics.lossBefore, reportMs: Math.max(0, acceptedAt - assignedAt) },
    }));
    const selected = this.#members.length;
    const pace = {
      ...{ selected, lost: selected - accepted - surplus, roundMs: Math.max(0, endedAt - this.startedAt) },
      reportMs: reports.map(({ reportMs }) => reportMs),
    };
    return { pace, reports };
  }

  countBytes(direction: 'up' | 'down', bytes: number): void {
    this.#bytes[direction] += bytes;
  }

  take(event: RoundEvent): void {
    const next = step(this.#state, event);
    this.adopt(next.state, next.effects);
  }

  /** Goes on from a step that was made elsewhere: the opening, or a restart. */
  adopt(state: RoundState, effects: readonly RoundEffect[]): void {
    if (state === this.#state && effects.length === 0) return;
    this.#state = state;
    for (const effect of effects) this.#perform(effect);
    this.host.changed();
  }

  /** Nothing is tried again by itself. */
  close(): void {
    this.#cancelRetry();
  }

  /** The assignment once more, for a member that came back; null before the cohort is durable. */
  assignmentAgain(member: Member, isHolder = member.isHolder): Assignment | null {
    if (!this.#isAssigned) return null;
    return assignmentOf(member, this.#picture(), isHolder ? 'held' : 'http');
  }

  /** A rejection, also where the report never came to be checked; durable soon after. */
  reject(member: Member, reason: RejectionReason): void {
    this.take({ kind: 'rejected', slot: member.slot, reason, at: this.#ports.clock.now() });
    if (this.partOf(member)?.standing !== 'rejected') return;
    this.#ports.storage.rounds
      .reject(this.host.spec.id, member.updateId, reason)
      .catch((error: unknown) => this.#warn(error, 'a rejection is not durable'));
  }

  #perform(effect: RoundEffect): void {
    switch (effect.kind) {
      case 'assign':
        this.#assign(effect);
        break;
      case 'aggregate':
        this.#commit();
        break;
      case 'abandon':
        this.#abandon({ kind: 'abandoned', reason: effect.reason }, LIMITS.abandonedBackoffMs);
        break;
      default:
        unreachable(effect);
    }
  }

  /** D1: the cohort is durable before the first assignment goes out. */
  #assign({ cohort, others, reportingEndsAt }: Extract<RoundEffect, { kind: 'assign' }>): void {
    const { storage, downlink } = this.#ports;
    const { spec, fence } = this.host;
    const takeHolder = (clientId: ClientId) => this.host.takeWaiting(clientId, this.base.sha256);
    this.#assignedAt = this.#ports.clock.now();
    this.#setMembers(cohort.map((clientId, slot) => newMember(slot, clientId, takeHolder(clientId), this.#ports)));
    for (const clientId of others) {
      takeHolder(clientId);
      downlink.retry(spec.id, clientId, retryWindow(this.number, others.length, this.host.usualRoundMs));
    }
    this.#job(
      async () => {
        const rows = this.#members.map(rowOfMember);
        const saved = await storage.rounds.assign(fence, spec.id, this.number, reportingEndsAt, rows);
        if (saved === 'fenced') return this.host.fenced();
        if (spec.strategy.name === 'scaffold' && this.purpose === 'train')
          this.#contributors = await storage.rounds.contributors(spec.id, cohort);
        if (this.#state.phase === 'reporting') await this.#send();
      },
      (error) => {
        this.#warn(error, 'the cohort could not be assigned');
        this.take({ kind: 'failed', at: this.#ports.clock.now() });
      },
    );
  }

  async #send(): Promise<void> {
    this.#isAssigned = true;
    const awaited = () => this.#members.filter((member) => this.partOf(member)?.standing === 'open');
    this.countBytes('down', await deliver(this.#ports, this.host.spec.id, () => this.#picture(), awaited));
  }

  /** D4: blob, then one transaction, and only then anything else. */
  #commit(): void {
    const { clock } = this.#ports;
    this.#job(
      async () => {
        if (this.#state.phase !== 'aggregating') return;
        const saved = this.purpose === 'evaluate' ? await this.#conclude() : await this.#makeVersion();
        if (saved === 'fenced') return this.host.fenced();
        if (saved === 'interrupted') return;
        if (saved === 'unfit') return this.take({ kind: 'unfit', at: clock.now() });
        const { version, made } = saved;
        this.take({ kind: 'committed', version, at: clock.now() });
        this.#end({ kind: 'committed', version }, made);
      },
      (error) => {
        this.#ports.log.error({ err: error, ...this.#names() }, 'the round could not be committed');
        this.take({ kind: 'failed', at: clock.now() });
      },
    );
  }

  async #makeVersion(): Promise<Saved> {
    const { spec, fence } = this.host;
    const version = this.base.version + 1;
    const base = { params: this.base.sha256, optimizer: this.base.optimizerSha256 };
    const made = await this.aggregate.finish(this.receipts(), spec, base);
    const verdict = await this.host.judge(made.sha256);
    if (verdict !== 'fit') return verdict;
    const end = this.#endRow({ kind: 'committed', version });
    const origin = { origin: 'round', round: this.number, copyOf: null } as const;
    const saved = await this.#ports.storage.rounds.commit(fence, end, { version, ...made, ...origin });
    return saved === 'fenced' ? saved : { version, made };
  }

  /** E1: what is kept is of all together; the counts of each go with the spool. */
  async #conclude(): Promise<Saved> {
    const { spec, fence } = this.host;
    const receipts = this.receipts();
    const sums = await this.aggregate.total(receipts);
    const evaluation = evaluationOf(sums, receipts.length, formOf(spec.data).target);
    const end = this.#endRow({ kind: 'committed', version: null });
    const saved = await this.#ports.storage.rounds.conclude(fence, end, evaluation);
    return saved === 'fenced' ? saved : { version: null, made: null };
  }

  #abandon(outcome: Extract<RoundOutcome, { kind: 'abandoned' }>, retryMs: number): void {
    const { storage, clock } = this.#ports;
    this.#job(
      async () => {
        const saved = await storage.rounds.abandon(this.host.fence, this.#endRow(outcome), outcome.reason);
        if (saved === 'fenced') return this.host.fenced();
        this.#end(outcome, null);
      },
      (error) => {
        this.#ports.log.error({ err: error, ...this.#names() }, 'the end of the round is not durable yet');
        this.#cancelRetry = clock.after(retryMs, () =>
          this.#abandon(outcome, Math.min(retryMs * 2, LIMITS.abandonedBackoffMaximumMs)),
        );
        this.host.stuck();
      },
    );
  }

  #end(outcome: RoundOutcome, made: NewWeights | null): void {
    const { downlink } = this.#ports;
    const yours = new Map(this.parts.map((part) => [part.clientId, yoursOf(part)]));
    const { accepted } = tally(this.parts);
    const how =
      outcome.kind === 'committed'
        ? made === null || outcome.version === null
          ? {}
          : { version: outcome.version, sha256: made.sha256 }
        : { reason: outcome.reason };
    downlink.roundEnded(this.host.spec.id, { number: this.number, outcome: outcome.kind, accepted, ...how }, yours);
    void this.aggregate.drop();
    this.host.ended(this, outcome, made);
  }

  #endRow(outcome: RoundOutcome): RoundEndRow {
    return {
      task: this.host.spec.id,
      number: this.number,
      counts: countsOf(this.parts, this.#bytes),
      assignments: this.#members.map(({ updateId, slot }) => ({ updateId, end: endOf(this.parts[slot]) })),
      endedAt: this.#ports.clock.now(),
      taskPatch: this.host.patchAfter(this, outcome),
    };
  }

  #picture(): RoundPicture {
    const { version, sha256, bytes } = this.base;
    const endsAt = this.#state.phase === 'reporting' ? this.#state.reportingEndsAt : 0;
    return {
      number: this.number,
      cohort: this.#members.length,
      purpose: this.purpose,
      base: { version, sha256, bytes },
      remainingMs: Math.max(0, Math.round(endsAt - this.#ports.clock.now())),
      controlOf: this.#contributors && this.#controlOf(this.#contributors),
    };
  }

  /** The control variate of this version, and whose c_i each is to go on from. */
  #controlOf({ count, counted }: Contributors): (clientId: ClientId) => ControlOffer {
    const { optimizerSha256, bytes } = this.base;
    const sum = optimizerSha256 === null ? null : { sha256: optimizerSha256, bytes };
    return (clientId) => ({ sum, contributors: count, counted: counted.get(clientId) ?? null });
  }

  #setMembers(members: readonly Member[]): void {
    this.#members = members;
    for (const member of members) {
      this.#byToken.set(member.token, member);
      this.#byClient.set(member.clientId, member);
    }
  }

  #job(job: () => Promise<void>, failed: (error: unknown) => void): void {
    this.host.serial.run(job).catch(failed);
  }

  #names() {
    return { task: this.host.spec.id, round: this.number };
  }

  #warn(error: unknown, message: string): void {
    this.#ports.log.warn({ err: error, ...this.#names() }, message);
  }
}
