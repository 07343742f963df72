import { unreachable } from '../../shared/assert.ts';
import type { RejectionReason } from '../../shared/errors.ts';
import { evaluationOf } from '../../shared/evaluation/result.ts';
import type { AssignmentToken, ClientId, Sha256, UpdateId } from '../../shared/ids.ts';
import { LIMITS } from '../../shared/limits.ts';
import type { Assignment, ControlOffer, RoundPurpose } from '../../shared/protocol/index.ts';
import { formOf } from '../../shared/task/kinds/index.ts';
import type { TaskSpec } from '../../shared/task/spec.ts';
import type { ExpectedFrame } from '../../shared/wire/frame.ts';
import type { FencingToken, NextFill, ReceiptRow, RoundEndRow, RoundStore, TaskPatch } from '../storage/port.ts';
import type { FillPart } from './buffer.ts';
import type { CoordinatorPorts } from './coordinator-ports.ts';
import { deliver, type RoundPicture } from './delivery.ts';
import type { Verdict } from './guard.ts';
import { assignmentOf, type Member, newMember, rowOfMember } from './member.ts';
import { type PaceNote, retryWindow } from './pace.ts';
import type { MadeVersion, ReportRule } from './port.ts';
import { type Part, type RoundOutcome, tally } from './round.ts';
import { InterruptedError, RoundAggregate } from './round-aggregate.ts';
import { countsOf, endOf, yoursOf } from './round-ending.ts';
import type { ClientNote } from './selection.ts';
import type { Serial } from './serial.ts';
import type { StepChain } from './step-chain.ts';
import type { SharedRound } from './sums-elsewhere.ts';
import {
  endingPartsOf,
  FILL_PLACE,
  isFill,
  partsOf,
  stepUnderway,
  type Underway,
  type UnderwayEffect,
  type UnderwayEvent,
} from './underway.ts';

/** What a round needs of its task. */
export interface RoundHost {
  readonly spec: TaskSpec;
  readonly fence: FencingToken;
  /** Jobs of the task, in order. */
  readonly serial: Serial;
  /** Takes a waiting client out of the pool; the hash of the weights that it said it holds. */
  takeWaiting(clientId: ClientId): Sha256 | null;
  /** What leads from one version's weights to another's. */
  readonly steps: StepChain;
  /** Of the rounds before; null where there was none. */
  readonly usualRoundMs: number | null;
  /** Whether weights that were made may be published. */
  judge(sha256: Sha256): Promise<Verdict>;
  /** What the task row will say once the round has ended so. */
  patchAfter(round: LiveRound, outcome: RoundOutcome): TaskPatch;
  /** Another fill follows this one, if it is committed (B4). */
  goesOn(round: LiveRound, version: number): boolean;
  /** The end is durable and announced; `next`: so is the opening of the fill that follows, which is returned. */
  ended(round: LiveRound, outcome: RoundOutcome, made: MadeWeights | null, next: FillStart | null): LiveRound | null;
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
export type MadeWeights = NewWeights & Pick<MadeVersion, 'step'>;

/** A fill that was opened with the end of the one before it, and who goes on in it. */
export interface FillStart {
  readonly number: number;
  readonly startedAt: number;
  readonly parts: readonly FillPart[];
  readonly members: readonly Member[];
}

export interface RoundStart {
  readonly number: number;
  readonly purpose: RoundPurpose;
  readonly base: NewWeights & { readonly version: number; readonly bytes: number };
  readonly expected: ExpectedFrame;
  readonly startedAt: number;
  readonly state: Underway;
  /** Of a round that a restart found, or who go on in this fill; empty else. */
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

type Saved =
  | 'fenced'
  | Exclude<Verdict, 'fit'>
  | { readonly version: number | null; readonly made: MadeWeights | null; readonly next: NextFill | null };

/** One round under way: carries out the effects of `round.ts`, or of `buffer.ts` for one fill of a buffer. */
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
  readonly #byUpdate = new Map<UpdateId, Member>();
  #state: Underway;
  #members: readonly Member[] = [];
  /** The fill that followed this one. */
  #next: LiveRound | null = null;
  /** Called when the state has changed. */
  #awaitingMove: (() => void)[] = [];
  #isClosed = false;
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
    this.#setMembers(start.members);
    const { arithmetic, spool, log, elsewhere = null } = ports;
    const { spec } = host;
    const isEvaluation = start.purpose === 'evaluate';
    this.rule = isEvaluation
      ? { kind: 'counts', target: formOf(spec.data).target.type }
      : { kind: 'delta', maxNorm: spec.maxDeltaNorm, client: spec.client };
    const round: SharedRound = {
      ...{ task: spec.id, number: start.number, place: this.place, expected: start.expected },
      fold: isEvaluation ? 'sum' : { strategy: spec.strategy, client: spec.client },
    };
    const reportOf = (updateId: UpdateId) => {
      const member = this.#byUpdate.get(updateId);
      const expected = member === undefined ? start.expected : this.expectedOf(member);
      return { expected, staleness: start.base.version - (member?.own?.baseVersion ?? start.base.version) };
    };
    this.aggregate = new RoundAggregate({ arithmetic, spool, elsewhere, log, round, reportOf });
    for (const receipt of this.receipts()) {
      this.#bytes.up += receipt.bytes;
      this.aggregate.add(receipt);
    }
  }

  get state(): Underway {
    return this.#state;
  }

  get members(): readonly Member[] {
    return this.#members;
  }

  get parts(): readonly Part[] {
    return partsOf(this.#state);
  }

  /** Where its reports lie in the spool. */
  get place(): number {
    return isFill(this.#state) ? FILL_PLACE : this.number;
  }

  /** A report that finds the buffer full may be of the next fill (B3). */
  get hasNext(): boolean {
    return isFill(this.#state) && !this.#isClosed;
  }

  /** Resolves when the round has moved on. */
  moved(): Promise<void> {
    return new Promise((resolve) => this.#awaitingMove.push(resolve));
  }

  /** The checkpoint that this member trains from. */
  baseOf({ own }: Member): Assignment['base'] {
    const { version, sha256, bytes } = this.base;
    return own === null ? { version, sha256, bytes } : { version: own.baseVersion, sha256: own.baseSha256, bytes };
  }

  expectedOf(member: Member): ExpectedFrame {
    return { ...this.expected, baseSha256: this.baseOf(member).sha256 };
  }

  byToken(token: AssignmentToken, clientId: ClientId): Member | undefined {
    const member = this.#byToken.get(token);
    return member?.clientId === clientId ? member : undefined;
  }

  /** Its last part, where it has several. */
  byClient(clientId: ClientId): Member | undefined {
    return this.#byClient.get(clientId);
  }

  membersOf(clientId: ClientId): Member[] {
    return this.#members.filter((member) => member.clientId === clientId);
  }

  partOf(member: Member): Part | undefined {
    return this.#has(member) ? this.parts[member.slot] : undefined;
  }

  /** The fill that this member is in by now: this round, or one that followed. */
  presentOf(member: Member): LiveRound {
    let round: LiveRound = this;
    for (;;) {
      const next: LiveRound | null = round.#next;
      if (next === null || !next.#byToken.has(member.token)) return round;
      round = next;
    }
  }

  #has(member: Member): boolean {
    return this.#members[member.slot] === member;
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

  take(event: UnderwayEvent): void {
    const next = stepUnderway(this.#state, event);
    this.adopt(next.state, next.effects);
  }

  /** Goes on from a step that was made elsewhere: the opening, or a restart. */
  adopt(state: Underway, effects: readonly UnderwayEffect[]): void {
    if (state === this.#state && effects.length === 0) return;
    this.#state = state;
    for (const effect of effects) this.#perform(effect);
    this.host.changed();
    this.#tellMove();
  }

  /** Carries out what followed from its opening. */
  open(effects: readonly UnderwayEffect[]): void {
    this.adopt(this.#state, effects);
  }

  /** Nothing is tried again by itself. */
  close(): void {
    this.#cancelRetry();
    this.aggregate.interrupt();
    this.#isClosed = true;
    this.#tellMove();
  }

  /** Removes the reports that ended with this round. */
  async dropReports(): Promise<void> {
    const { spool } = this.#ports;
    const { id: task } = this.host.spec;
    if (!isFill(this.#state)) return spool.drop(task, this.number);
    for (const { updateId } of this.#ending()) await spool.remove(task, FILL_PLACE, updateId);
  }

  /** The assignment once more, for a member that came back; null before the cohort is durable. */
  assignmentAgain(member: Member, held = member.held): Assignment | null {
    if (!member.isSaved) return null;
    const picture = this.#pictureOf(member);
    const isHolder = held === picture.base.sha256;
    const way = isHolder
      ? { delivery: 'held' as const }
      : { delivery: 'http' as const, steps: picture.stepsFrom(held) };
    return assignmentOf(member, picture, way);
  }

  /** A rejection, also where the report never came to be checked; durable soon after. */
  reject(member: Member, reason: RejectionReason): void {
    this.take({ kind: 'rejected', slot: member.slot, reason, at: this.#ports.clock.now() });
    if (this.partOf(member)?.standing !== 'rejected') return;
    this.#ports.storage.rounds
      .reject(this.host.spec.id, member.updateId, reason)
      .catch((error: unknown) => this.#warn(error, 'a rejection is not durable'));
  }

  #perform(effect: UnderwayEffect): void {
    switch (effect.kind) {
      case 'assign':
        this.#assign(effect);
        break;
      case 'join':
        this.#join(effect.slots);
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
  #assign({ cohort, others, reportingEndsAt }: Extract<UnderwayEffect, { kind: 'assign' }>): void {
    const { storage, downlink } = this.#ports;
    const { spec, fence } = this.host;
    this.#assignedAt = this.#ports.clock.now();
    this.#setMembers(
      cohort.map((clientId, slot) => newMember(slot, clientId, this.host.takeWaiting(clientId), this.#ports)),
    );
    for (const clientId of others) {
      this.host.takeWaiting(clientId);
      downlink.retry(spec.id, clientId, retryWindow(this.number, others.length, this.host.usualRoundMs));
    }
    this.#job(
      async () => {
        const rows = this.#members.map(rowOfMember);
        const saved = await storage.rounds.assign(fence, spec.id, this.number, reportingEndsAt, rows);
        if (saved === 'fenced') return this.host.fenced();
        if (spec.strategy.name === 'scaffold' && this.purpose === 'train')
          this.#contributors = await storage.rounds.contributors(spec.id, cohort);
        if (this.#state.phase === 'reporting') await this.#send(this.#members);
      },
      (error) => {
        this.#warn(error, 'the cohort could not be assigned');
        this.take({ kind: 'failed', at: this.#ports.clock.now() });
      },
    );
  }

  /** D1 of those who join a fill. When it is their turn they may be in the next one already. */
  #join(slots: readonly number[]): void {
    const { version, sha256 } = this.base;
    const members = slots.flatMap((slot) => {
      const part = this.parts[slot];
      if (part === undefined || !('endsAt' in part)) return [];
      const own = { baseVersion: version, baseSha256: sha256, endsAt: (part as FillPart).endsAt };
      return [newMember(slot, part.clientId, this.host.takeWaiting(part.clientId), this.#ports, own)];
    });
    this.#setMembers([...this.#members, ...members]);
    this.#job(
      () => this.#newest().#save(members),
      (error) => {
        this.#warn(error, 'a part could not be assigned');
        this.#newest().take({ kind: 'failed', at: this.#ports.clock.now() });
      },
    );
  }

  #newest(): LiveRound {
    return this.#next === null ? this : this.#next.#newest();
  }

  async #save(joined: readonly Member[]): Promise<void> {
    const { storage } = this.#ports;
    const { spec, fence } = this.host;
    const members = joined.filter((member) => this.#has(member));
    if (members.length === 0 || this.#state.phase === 'ended') return;
    const saved = await storage.rounds.join(fence, spec.id, this.number, members.map(rowOfMember));
    if (saved === 'fenced') return this.host.fenced();
    await this.#send(members);
  }

  async #send(members: readonly Member[]): Promise<void> {
    for (const member of members) member.isSaved = true;
    const [first] = members;
    if (first === undefined) return;
    const awaited = () => members.filter((member) => this.partOf(member)?.standing === 'open');
    const pictureOf = (member: Member) => this.#pictureOf(member);
    const { id } = this.host.spec;
    this.countBytes('down', await deliver(this.#ports, id, this.baseOf(first), pictureOf, awaited));
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
        const { version, made, next } = saved;
        this.take({ kind: 'committed', version, at: clock.now() });
        this.#end({ kind: 'committed', version }, made, next);
      },
      (error) => {
        // As where the guard is interrupted: whoever has the task next commits it.
        if (error instanceof InterruptedError) return;
        this.#ports.log.error({ err: error, ...this.#names() }, 'the round could not be committed');
        this.take({ kind: 'failed', at: clock.now() });
      },
    );
  }

  async #makeVersion(): Promise<Saved> {
    const { spec, fence } = this.host;
    const version = this.base.version + 1;
    const goesOn = isFill(this.#state) && this.host.goesOn(this, version);
    this.take({ kind: 'settle', goesOn, at: this.#ports.clock.now() });
    const base = { params: this.base.sha256, optimizer: this.base.optimizerSha256 };
    const made = await this.aggregate.finish(this.receipts(), spec, base);
    const verdict = await this.host.judge(made.sha256);
    if (verdict !== 'fit') return verdict;
    const end = this.#endRow({ kind: 'committed', version });
    const origin = { origin: 'round', round: this.number, copyOf: null } as const;
    const next = goesOn ? this.#nextFill() : null;
    const saved = await this.#ports.storage.rounds.commit(fence, end, { version, ...made, ...origin }, next);
    return saved === 'fenced' ? saved : { version, made, next };
  }

  /** E1: what is kept is of all together; the counts of each go with the spool. */
  async #conclude(): Promise<Saved> {
    const { spec, fence } = this.host;
    const receipts = this.receipts();
    const sums = await this.aggregate.total(receipts);
    const evaluation = evaluationOf(sums, receipts.length, formOf(spec.data).target);
    const end = this.#endRow({ kind: 'committed', version: null });
    const saved = await this.#ports.storage.rounds.conclude(fence, end, evaluation);
    return saved === 'fenced' ? saved : { version: null, made: null, next: null };
  }

  /** B11: those that are not durable yet join the next fill when it is their turn. */
  #nextFill(): NextFill {
    const startedAt = this.#ports.clock.now();
    const carried = this.#carried().map((member, slot) => ({ member, slot }));
    return {
      ...{ number: this.number + 1, startedAt },
      reportingEndsAt: startedAt + this.host.spec.rounds.reportingDeadlineMs,
      carried: carried.flatMap(({ member, slot }) => (member.isSaved ? [{ updateId: member.updateId, slot }] : [])),
    };
  }

  #carried(): Member[] {
    if (!isFill(this.#state) || this.#state.phase === 'reporting') return [];
    return (this.#state.carried ?? []).flatMap((slot) => this.#members[slot] ?? []);
  }

  #ending(): readonly Member[] {
    const carried = new Set(this.#carried());
    return this.#members.filter((member) => !carried.has(member));
  }

  #abandon(outcome: Extract<RoundOutcome, { kind: 'abandoned' }>, retryMs: number): void {
    const { storage, clock } = this.#ports;
    this.#job(
      async () => {
        const saved = await storage.rounds.abandon(this.host.fence, this.#endRow(outcome), outcome.reason);
        if (saved === 'fenced') return this.host.fenced();
        this.#end(outcome, null, null);
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

  #end(outcome: RoundOutcome, made: MadeWeights | null, next: NextFill | null): void {
    const { downlink } = this.#ports;
    const ending = endingPartsOf(this.#state);
    const yours = new Map(ending.map((part) => [part.clientId, yoursOf(part)]));
    const carried = this.#carried();
    const parts = carried.flatMap((member) => (this.partOf(member) as FillPart | undefined) ?? []);
    for (const { clientId } of carried) yours.delete(clientId);
    const { accepted } = tally(ending);
    const how =
      outcome.kind === 'committed'
        ? made === null || outcome.version === null
          ? {}
          : { version: outcome.version, sha256: made.sha256 }
        : { reason: outcome.reason };
    downlink.roundEnded(this.host.spec.id, { number: this.number, outcome: outcome.kind, accepted, ...how }, yours);
    void this.aggregate.end();
    for (const [slot, member] of next === null ? [] : carried.entries()) member.slot = slot;
    const start = next && { number: next.number, startedAt: next.startedAt, parts, members: carried };
    this.#next = this.host.ended(this, outcome, made, start);
    this.#tellMove();
  }

  #tellMove(): void {
    for (const tell of this.#awaitingMove.splice(0)) tell();
  }

  #endRow(outcome: RoundOutcome): RoundEndRow {
    return {
      task: this.host.spec.id,
      number: this.number,
      counts: countsOf(endingPartsOf(this.#state), this.#bytes),
      assignments: this.#ending().map(({ updateId, slot }) => ({ updateId, end: endOf(this.parts[slot]) })),
      endedAt: this.#ports.clock.now(),
      taskPatch: this.host.patchAfter(this, outcome),
    };
  }

  #pictureOf(member: Member): RoundPicture {
    const endsAt = member.own?.endsAt ?? (this.#state.phase === 'reporting' ? this.#state.reportingEndsAt : 0);
    const base = this.baseOf(member);
    return {
      number: this.number,
      isFill: isFill(this.#state),
      cohort: isFill(this.#state) ? this.#state.policy.size : this.#members.length,
      purpose: this.purpose,
      base,
      stepsFrom: (held) => this.host.steps.between(held, base),
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
      this.#byUpdate.set(member.updateId, member);
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
