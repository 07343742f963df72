import { isRejection, type Refusal, type RejectionReason, refuse } from '../../shared/errors.ts';
import type { AssignmentToken, ClientId } from '../../shared/ids.ts';
import { LIMITS } from '../../shared/limits.ts';
import { type CheckIn, type Progress, type ResumeAck, updateIdOf } from '../../shared/protocol/index.ts';
import type { CoordinatorPorts } from './coordinator-ports.ts';
import { eligibilityProblem } from './eligibility.ts';
import type { LiveRound } from './live-round.ts';
import type { LiveTask } from './live-task.ts';
import { type Member, receiptOfRow } from './member.ts';
import type { AdmittedReport, ArrivedReport, Coordinator, CoordinatorEvent } from './port.ts';
import type { ReportIntake } from './report-intake.ts';
import { refusalOf } from './round-ending.ts';

const draining = refuse('draining', 'the server is shutting down', 1_000);
const notAssigned = refuse('not-assigned', 'there is no such assignment');

/** What clients ask of one task, as round events. */
export class ClientDesk {
  readonly #ports: CoordinatorPorts;
  readonly #task: LiveTask;
  readonly #intake: ReportIntake;
  readonly #emit: (event: CoordinatorEvent) => void;
  /** Reports on their way to being durable. */
  readonly #arriving = new Set<Promise<unknown>>();

  constructor(ports: CoordinatorPorts, task: LiveTask, intake: ReportIntake, emit: (event: CoordinatorEvent) => void) {
    this.#ports = ports;
    this.#task = task;
    this.#intake = intake;
    this.#emit = emit;
  }

  checkIn(clientId: ClientId, message: CheckIn, network?: string): { readonly ok: true } | Refusal {
    const { downlink } = this.#ports;
    const { round, pool, spec } = this.#task;
    if (this.#task.isQuiet) return draining;
    if (message.examples < 1) return refuse('count', 'there is no example to train on');
    const problem = eligibilityProblem(message, spec.eligibility);
    if (problem !== null) return refuse('ineligible', problem, LIMITS.ineligibleRetryMs);
    const member = round?.byClient(clientId);
    if (round && member && round.partOf(member)?.standing === 'open') {
      // It lost its assignment, in a reload for instance: the same one again.
      pool.note(clientId, message);
      round.take({ kind: 'back', slot: member.slot, at: this.#now() });
      const assignment = round.assignmentAgain(member, message.held);
      if (assignment !== null) downlink.assign(spec.id, clientId, assignment);
      return { ok: true };
    }
    pool.add(clientId, message, network);
    round?.take({ kind: 'available', clientId, network, online: downlink.online(spec.id), at: this.#now() });
    this.#task.changed();
    return { ok: true };
  }

  checkOut(clientId: ClientId): void {
    this.#task.pool.take(clientId);
    this.#leave(clientId, 'gone');
  }

  disconnected(clientId: ClientId): void {
    this.#task.pool.forget(clientId);
    // Everybody goes when the process ends, and comes back to the next one.
    if (!this.#task.isQuiet) this.#leave(clientId, 'away');
  }

  async resume(clientId: ClientId, token: AssignmentToken): Promise<ResumeAck> {
    const { round } = this.#task;
    const member = round?.byToken(token, clientId);
    if (round && member) {
      if (member.arriving !== null) await member.arriving;
      const present = round.presentOf(member);
      if (present.partOf(member)?.standing === 'open') {
        present.take({ kind: 'back', slot: member.slot, at: this.#now() });
        return { ok: true, assignment: present.assignmentAgain(member), receipt: null };
      }
    }
    const known = await this.receiptOf(clientId, token);
    if (known !== null) return { ok: true, assignment: null, receipt: known.receipt };
    return this.#whyNot(clientId, token);
  }

  progress(clientId: ClientId, { token, phase, share }: Progress): void {
    const member = this.#task.round?.byToken(token, clientId);
    if (member === undefined) return;
    member.progress = { phase, share };
    this.#task.changed();
  }

  admit(clientId: ClientId, token: AssignmentToken): AdmittedReport | Refusal {
    if (this.#task.isQuiet) return draining;
    const { round } = this.#task;
    const member = round?.byToken(token, clientId);
    if (!round || !member) return this.#whyNot(clientId, token);
    // The deadline decides, also before its timer fires.
    round.take({ kind: 'tick', at: this.#now() });
    const refusal = whyNot(round, member);
    if (refusal !== null) return refusal;
    return { round: round.place, updateId: member.updateId, expected: round.expectedOf(member), rule: round.rule };
  }

  async receiptOf(clientId: ClientId, token: AssignmentToken): ReturnType<Coordinator['receiptOf']> {
    const row =
      this.#task.round?.byToken(token, clientId)?.receipt ??
      (await this.#ports.storage.rounds.receipt(updateIdOf(token)));
    if (row === null || row.task !== this.#task.spec.id || row.clientId !== clientId) return null;
    return { receipt: receiptOfRow(row), sha256: row.sha256 };
  }

  async report(clientId: ClientId, report: ArrivedReport): ReturnType<Coordinator['report']> {
    const work = this.#report(clientId, report);
    this.#arriving.add(work);
    try {
      return await work;
    } finally {
      this.#arriving.delete(work);
    }
  }

  rejected(clientId: ClientId, token: AssignmentToken, reason: RejectionReason): void {
    const { round, spec } = this.#task;
    const member = round?.byToken(token, clientId);
    if (!round || !member || round.partOf(member)?.standing !== 'open') return;
    round.reject(member, reason);
    this.#emit({ kind: 'report', task: spec.id, outcome: reason, bytes: 0 });
  }

  /** D6. What is committed stays. If it rejects it may be asked for again. */
  forget(clientId: ClientId): Promise<void> {
    const { storage, spool } = this.#ports;
    const { serial, spec, pool } = this.#task;
    pool.forget(clientId);
    this.#task.lessons.forget(clientId);
    this.#leave(clientId, 'gone');
    return serial.run(async () => {
      this.#leave(clientId, 'gone'); // nothing of it waits for a later fill: that one would wait for this
      const { round } = this.#task;
      const members = round?.membersOf(clientId) ?? [];
      for (const member of members) while (member.arriving) await member.arriving;
      this.#leave(clientId, 'gone'); // also if what was arriving could not be stored
      // The row first: a file without a receipt goes at the next start, a receipt without its file could not be folded.
      await storage.rounds.withdraw(spec.id, clientId);
      if (!round || members.length === 0) return;
      for (const member of members) {
        member.receipt = null;
        round.take({ kind: 'withdrawn', slot: member.slot, at: this.#now() });
      }
      await round.aggregate.settled(); // it may be reading these files
      const updateIds = members.map(({ updateId }) => updateId);
      await round.aggregate.forget(updateIds); // first: that goes on, whatever becomes of the spool
      for (const updateId of updateIds) await spool.remove(spec.id, round.place, updateId);
    });
  }

  /** Resolves when no report is on its way to being durable. */
  async settled(): Promise<void> {
    while (this.#arriving.size > 0) await Promise.allSettled(this.#arriving);
  }

  async #report(clientId: ClientId, report: ArrivedReport): ReturnType<Coordinator['report']> {
    const { round, spec, isFenced } = this.#task;
    const member = round?.byToken(report.token, clientId);
    if (!round || !member || isFenced) {
      const refusal = isFenced ? draining : this.#whyNot(clientId, report.token);
      await report.writer.discard();
      this.#count(refusal, report.bytes);
      return refusal;
    }
    const answer = await this.#intake.take(round, member, report);
    if (!answer.ok) {
      this.#count(answer, report.bytes);
      return answer;
    }
    const outcome = answer.isDuplicate ? 'duplicate' : 'accepted';
    this.#emit({ kind: 'report', task: spec.id, outcome, bytes: report.bytes });
    return { ok: true, receipt: answer.receipt };
  }

  #count({ reason }: Refusal, bytes: number): void {
    if (!isCounted(reason)) return;
    this.#emit({ kind: 'report', task: this.#task.spec.id, outcome: reason, bytes });
  }

  #leave(clientId: ClientId, kind: 'gone' | 'away'): void {
    const { round } = this.#task;
    const member = round?.byClient(clientId);
    const at = this.#now();
    if (member) round?.take({ kind, slot: member.slot, at });
    round?.take({ kind: 'unavailable', clientId, at });
    this.#task.changed();
  }

  #whyNot(clientId: ClientId, token: AssignmentToken): Refusal {
    for (const round of [this.#task.round, ...this.#task.past]) {
      const member = round?.byToken(token, clientId);
      if (round && member)
        return whyNot(round, member) ?? refuse('wrong-round', 'the round of this assignment is over');
    }
    return notAssigned;
  }

  #now(): number {
    return this.#ports.clock.now();
  }
}

/** Refusals that end a report in a class of its own; others say only that it may be tried again. */
const isCounted = (reason: Refusal['reason']): reason is RejectionReason | 'late' | 'surplus' | 'conflict' =>
  isRejection(reason) || reason === 'late' || reason === 'surplus' || reason === 'conflict';

const whyNot = (round: LiveRound, member: Member): Refusal | null => {
  const part = round.partOf(member);
  return part === undefined ? notAssigned : refusalOf(part);
};
