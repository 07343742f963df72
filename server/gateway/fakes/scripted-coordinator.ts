import { type Refusal, type RejectionReason, refuse } from '../../../shared/errors.ts';
import { sha256Hex } from '../../../shared/hash.ts';
import type { AssignmentToken, ClientId, Sha256, TaskId } from '../../../shared/ids.ts';
import {
  type Assignment,
  type CheckIn,
  type Participation,
  type Progress,
  type Receipt,
  type ResumeAck,
  type TaskStatus,
  updateIdOf,
} from '../../../shared/protocol/index.ts';
import { modelOf, topologyOf } from '../../../shared/task/model-of.ts';
import type { TaskSpec } from '../../../shared/task/spec.ts';
import { TEMPLATES } from '../../../shared/task/templates/index.ts';
import type {
  AdmittedReport,
  ArrivedReport,
  Contributors,
  ContributorView,
  Control,
  Coordinator,
  CoordinatorEvent,
} from '../../rounds/port.ts';
import type { TaskRow } from '../../storage/port.ts';

const done: Control = { ok: true };

/**
 * A coordinator that does what the test says: it keeps the port's promises about identities and receipts, and runs no
 * rounds. `assign` gives a client a part; `refuseWith` makes a door refuse.
 */
export class ScriptedCoordinator implements Coordinator {
  readonly tokens = new Map<AssignmentToken, ClientId>();
  readonly receipts = new Map<AssignmentToken, { readonly receipt: Receipt; readonly sha256: Sha256 }>();
  /** Where those came from that checked in, in their order. */
  readonly networks: (string | undefined)[] = [];
  readonly calls: [name: string, ...rest: unknown[]][] = [];
  readonly refuseWith: { checkIn?: Refusal; admit?: Refusal; report?: Refusal } = {};
  /** Awaited before a report is answered. */
  gate: Promise<void> = Promise.resolve();
  /** Thrown by the named door. */
  readonly breaks = new Map<string, Error>();
  participants: readonly ContributorView[] = [];
  /** Contributors that a dashboard is only told the number of. */
  unshown = 0;
  readonly #rows = new Map<TaskId, TaskRow>();
  readonly #listeners = new Set<(event: CoordinatorEvent) => void>();
  readonly #base = sha256Hex(new Uint8Array(4));

  constructor(...specs: Partial<TaskSpec>[]) {
    for (const spec of specs.length > 0 ? specs : [{}]) this.addTask(spec);
  }

  addTask(patch: Partial<TaskSpec>, sha256: Sha256 = this.#base): TaskId {
    const spec: TaskSpec = { ...TEMPLATES.digits, ...patch };
    this.#rows.set(spec.id, {
      spec,
      state: 'running',
      roundsLeft: 10,
      evaluationWanted: false,
      pausedReason: null,
      abandonedInARow: 0,
      createdAt: 0,
      archivedAt: null,
      version: 0,
      sha256,
    });
    return spec.id;
  }

  dropTask(task: TaskId): void {
    this.#rows.delete(task);
  }

  setArchived(task: TaskId): void {
    const row = this.#rows.get(task);
    if (row) this.#rows.set(task, { ...row, archivedAt: 1 });
  }

  assign(clientId: ClientId, token: AssignmentToken, patch: Partial<Assignment> = {}): Assignment {
    this.tokens.set(token, clientId);
    return {
      round: 1,
      token,
      updateId: updateIdOf(token),
      slot: 0,
      cohort: 3,
      base: { version: 0, sha256: this.#base, bytes: 796_840 },
      delivery: 'http',
      seed: 1,
      remainingMs: 60_000,
      ...patch,
    };
  }

  emit(event: CoordinatorEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  named(name: string): [name: string, ...rest: unknown[]][] {
    return this.calls.filter(([called]) => called === name);
  }

  start = async (): Promise<void> => {};
  drain = async (): Promise<void> => {};

  async checkIn(
    task: TaskId,
    clientId: ClientId,
    message: CheckIn,
    network?: string,
  ): Promise<{ readonly ok: true } | Refusal> {
    this.networks.push(network);
    this.#note('checkIn', task, clientId, message);
    return this.refuseWith.checkIn ?? { ok: true };
  }
  checkOut(task: TaskId, clientId: ClientId): void {
    this.#note('checkOut', task, clientId);
  }
  disconnected(task: TaskId, clientId: ClientId): void {
    this.#note('disconnected', task, clientId);
  }
  async resume(task: TaskId, clientId: ClientId, token: AssignmentToken): Promise<ResumeAck> {
    this.#note('resume', task, clientId, token);
    const receipt = this.receipts.get(token)?.receipt ?? null;
    return { ok: true, assignment: null, receipt };
  }
  progress(task: TaskId, clientId: ClientId, message: Progress): void {
    this.#note('progress', task, clientId, message);
  }
  async admit(task: TaskId, clientId: ClientId, token: AssignmentToken): Promise<AdmittedReport | Refusal> {
    this.#note('admit', task, clientId, token);
    if (this.tokens.get(token) !== clientId) return refuse('not-assigned', 'there is no such assignment of yours');
    if (this.refuseWith.admit !== undefined) return this.refuseWith.admit;
    const { spec, sha256 } = this.#row(task);
    const { layout } = modelOf(spec);
    return {
      round: 1,
      updateId: updateIdOf(token),
      expected: { codec: 'float32', values: layout.size, layoutSha256: layout.sha256, baseSha256: sha256 },
      rule: { kind: 'delta', maxNorm: spec.maxDeltaNorm, client: spec.client },
    };
  }
  async receiptOf(_task: TaskId, clientId: ClientId, token: AssignmentToken) {
    return this.tokens.get(token) === clientId ? (this.receipts.get(token) ?? null) : null;
  }
  async report(task: TaskId, clientId: ClientId, report: ArrivedReport) {
    this.#note('report', task, clientId, report);
    await this.gate;
    if (this.refuseWith.report !== undefined) {
      await report.writer.discard();
      return this.refuseWith.report;
    }
    await report.writer.finish();
    const order = this.receipts.size + 1;
    const receipt: Receipt = { updateId: updateIdOf(report.token), round: 1, status: 'accepted', order };
    this.receipts.set(report.token, { receipt, sha256: report.sha256 });
    return { ok: true, receipt } as const;
  }
  rejected(task: TaskId, clientId: ClientId, token: AssignmentToken, reason: RejectionReason): void {
    this.#note('rejected', task, clientId, token, reason);
  }
  async forget(task: TaskId, clientId: ClientId): Promise<void> {
    this.#note('forget', task, clientId);
  }
  countBytes(task: TaskId, direction: 'up' | 'down', bytes: number): void {
    this.#note('countBytes', task, direction, bytes);
  }

  async refresh(): Promise<void> {}

  tasks = (): readonly TaskRow[] => [...this.#rows.values()];
  task = (task: TaskId): TaskRow | undefined => {
    this.#break('task');
    return this.#rows.get(task);
  };
  status(task: TaskId): TaskStatus | undefined {
    const row = this.#rows.get(task);
    if (row === undefined) return undefined;
    const { version, sha256, roundsLeft } = row;
    return {
      state: 'running',
      version,
      sha256,
      metrics: null,
      online: this.participants.length,
      roundsLeft,
      round: null,
    };
  }
  control(): null {
    return null;
  }
  participation(task: TaskId): Participation | undefined {
    const row = this.#rows.get(task);
    if (row === undefined) return undefined;
    const { layout } = modelOf(row.spec);
    return {
      topology: topologyOf(row.spec),
      layoutSha256: layout.sha256,
      parameters: layout.size,
      data: row.spec.data,
      client: row.spec.client,
      codec: row.spec.codec,
      courtesy: row.spec.courtesy,
      minimum: row.spec.rounds.minimum,
      goal: row.spec.rounds.goal,
      maxDeltaNorm: row.spec.maxDeltaNorm,
      closed: row.spec.access.joinToken !== undefined,
    };
  }
  contributors = (): Contributors => ({ shown: this.participants, count: this.participants.length + this.unshown });
  listContributors = async (): Promise<readonly ContributorView[]> => this.participants;

  create = async (): Promise<Control> => done;
  startRounds = async (): Promise<Control> => done;
  evaluate = async (): Promise<Control> => done;
  pause = async (): Promise<Control> => done;
  resumeRounds = async (): Promise<Control> => done;
  stop = async (): Promise<Control> => done;
  rollback = async (): Promise<Control> => done;
  archive = async (): Promise<Control> => done;
  remove = async (): Promise<Control> => done;

  subscribe(listener: (event: CoordinatorEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #note(name: string, ...rest: unknown[]): void {
    this.calls.push([name, ...rest]);
    this.#break(name);
  }

  #break(name: string): void {
    const error = this.breaks.get(name);
    if (error !== undefined) throw error;
  }

  #row(task: TaskId): TaskRow {
    const row = this.#rows.get(task);
    if (row === undefined) throw new Error(`no task ${task}`);
    return row;
  }
}
