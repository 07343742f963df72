import { BugError } from '../../shared/assert.ts';
import { refuse } from '../../shared/errors.ts';
import type { TaskId } from '../../shared/ids.ts';
import { LIMITS } from '../../shared/limits.ts';
import type { Participation } from '../../shared/protocol/index.ts';
import { modelOf, topologyOf } from '../../shared/task/model-of.ts';
import { reportLayout } from '../../shared/task/report-layout.ts';
import type { TaskSpec } from '../../shared/task/spec.ts';
import type { Lease } from '../cluster/lease.ts';
import type { CheckpointRow, OpenRound } from '../storage/port.ts';
import { ClientDesk } from './client-desk.ts';
import type { CoordinatorPorts } from './coordinator-ports.ts';
import { leaveDamaged } from './damaged-version.ts';
import { LiveTask } from './live-task.ts';
import type { Control, Coordinator, CoordinatorEvent } from './port.ts';
import { ReceiptBatches } from './receipt-batches.ts';
import { ReportIntake } from './report-intake.ts';
import { Scoring } from './scoring.ts';
import { archiveTask, conflict, done, invalid, notFound, removeTask, rollBackTask } from './task-orders.ts';
import { FILL_PLACE } from './underway.ts';

interface Entry {
  readonly task: LiveTask;
  readonly desk: ClientDesk;
  readonly participation: Participation;
}

const unknownTask = refuse('unknown-task', 'there is no such task');
const noTask = notFound('unknown-task', 'there is no such task');

const noHeldOut =
  'this task trains on all examples of its contributors, so that none are left to score on: create a task with client.heldOut';

export interface SettlingCoordinator extends Coordinator {
  /** Resolves when nothing is under way but time and clients: for the simulator and tests. */
  settled(): Promise<void>;
  /** One of several processes got this lease: the task goes on here. It is given back if that fails. */
  adopt(lease: Lease): Promise<void>;
  /** It has the task, as far as it knows. */
  holds(task: TaskId): boolean;
  /** Tasks that another process turned out to have; they are dismissed here. */
  dismissLost(): Promise<void>;
  /** No round of the task is open: another process may have it without anybody being asked to wait. */
  isAtRest(task: TaskId): boolean;
  /** Lets a task go to another process, once what is under way has ended; its lease is given back. */
  dismiss(task: TaskId): Promise<void>;
}

/** The tasks of this process: who is who, and nothing of how a round goes (`live-task.ts`, `live-round.ts`). */
export function createCoordinator(ports: CoordinatorPorts): SettlingCoordinator {
  const { storage, spool, leases, arithmetic, clock, log } = ports;
  const entries = new Map<TaskId, Entry>();
  const listeners = new Set<(event: CoordinatorEvent) => void>();
  const intake = new ReportIntake(ports, new ReceiptBatches(storage.rounds, clock));
  const creating = new Set<TaskId>();
  let isDraining = false;

  const emit = (event: CoordinatorEvent): void => {
    for (const listener of [...listeners]) {
      try {
        listener(event);
      } catch (error) {
        log.error({ err: error, event: event.kind }, 'a listener failed');
      }
    }
  };
  const scoring = new Scoring(ports, ({ spec, version }, score) => {
    entries.get(spec.id)?.task.scored(version, score);
    emit({ kind: 'scored', task: spec.id, version, score });
  });

  /** Makes the task live; its rounds do not begin yet. */
  async function add(lease: Lease): Promise<{ readonly entry: Entry; readonly open: OpenRound | null }> {
    const { task: taskId } = lease;
    await leaveDamaged(lease, ports);
    const row = await storage.tasks.get(taskId);
    const checkpoints = await storage.checkpoints.list(taskId);
    if (!row || checkpoints.length === 0) throw new BugError(`the task ${taskId} has no checkpoint`);
    const open = row.archivedAt === null ? await storage.rounds.unfinished(taskId) : null;
    const task = new LiveTask({ ports, scoring, emit, row, lease, checkpoints });
    const entry = {
      task,
      desk: new ClientDesk(ports, task, intake, emit),
      participation: participationOf(row.spec, ports.hasSamples(row.spec.data)),
    };
    entries.set(taskId, entry);
    return { entry, open };
  }

  /** Its rounds begin, or go on. */
  async function goOn({ task }: Entry, open: OpenRound | null): Promise<void> {
    const { spec, archivedAt } = task.row;
    await spool
      .sweep(spec.id, open === null ? null : reportsOf(open))
      .catch((error: unknown) => log.warn({ err: error, task: spec.id }, 'reports that are over are still there'));
    if (archivedAt !== null) return;
    await task.resume(open);
    scoreAll(spec, await storage.checkpoints.list(spec.id));
  }

  /** An entry that clients and orders may see: archived tasks are closed. */
  function active(taskId: TaskId): Entry | undefined {
    const entry = entries.get(taskId);
    return entry?.task.row.archivedAt === null ? entry : undefined;
  }

  async function order(taskId: TaskId, give: (task: LiveTask) => Promise<string | null>): Promise<Control> {
    const entry = active(taskId);
    if (entry === undefined) return entries.has(taskId) ? conflict('archived', 'the task is archived') : noTask;
    const refusal = await give(entry.task);
    return refusal === null ? done : conflict('state', refusal);
  }

  function scoreAll(spec: TaskSpec, checkpoints: readonly CheckpointRow[]): void {
    const missing = checkpoints.filter(({ metrics, kept }) => metrics === null && kept);
    for (const { version, sha256 } of missing.slice(-LIMITS.checkpointsKeptCount))
      scoring.add({ spec, version, sha256 });
  }

  async function dismiss(taskId: TaskId): Promise<void> {
    const entry = entries.get(taskId);
    if (entry === undefined) return;
    entry.task.quiet();
    scoring.forget(taskId);
    await entry.desk.settled();
    await entry.task.serial.idle();
    if (entries.get(taskId) === entry) entries.delete(taskId);
    const { round } = entry.task;
    await round?.aggregate.drop();
    // Whoever has the task next has them from where they are kept; how the round ends is not known here.
    for (const { updateId } of round?.receipts() ?? [])
      await spool.release(taskId, round?.place ?? 0, updateId).catch((error: unknown) => {
        log.warn({ err: error, task: taskId }, 'a report of a task that went is still here');
      });
    await entry.task.release();
  }

  async function settled(): Promise<void> {
    for (const { task, desk } of entries.values()) {
      await desk.settled();
      await task.serial.idle();
    }
  }

  return {
    settled,

    async start() {
      const restored: Awaited<ReturnType<typeof add>>[] = [];
      const rows = await storage.tasks.list();
      for (const row of rows) {
        try {
          restored.push(await add(await leases.acquire(row.spec.id)));
        } catch (error) {
          // What may be well the next time: nobody would look for the task again before the next start.
          if (error instanceof Error && /^Storage(Io|Full)Error$/.test(error.name)) throw error;
          log.error({ err: error, task: row.spec.id }, 'a task could not be loaded');
        }
      }
      await spool
        .keepOnly(rows.map(({ spec }) => spec.id))
        .catch((error: unknown) => log.warn({ err: error }, 'reports of tasks that are gone are still there'));
      for (const { entry, open } of restored) await goOn(entry, open);
    },

    holds(taskId) {
      const task = entries.get(taskId)?.task;
      return task?.isRestored === true && !task.isFenced;
    },
    isAtRest: (task) => entries.get(task)?.task.hasRound === false,
    async dismissLost() {
      for (const [taskId, { task }] of [...entries]) if (task.isFenced) await dismiss(taskId);
    },
    dismiss,

    async adopt(lease) {
      try {
        const { entry, open } = await add(lease);
        await goOn(entry, open);
      } catch (error) {
        entries.get(lease.task)?.task.quiet();
        entries.delete(lease.task);
        await lease.release();
        throw error;
      }
    },

    async drain() {
      isDraining = true;
      scoring.stop();
      for (const { task } of entries.values()) task.quiet();
      await settled();
      for (const { task } of entries.values()) await task.release();
    },

    checkIn: async (task, clientId, message, network) =>
      active(task)?.desk.checkIn(clientId, message, network) ?? unknownTask,
    checkOut: (task, clientId) => entries.get(task)?.desk.checkOut(clientId),
    disconnected: (task, clientId) => entries.get(task)?.desk.disconnected(clientId),
    resume: async (task, clientId, token) => active(task)?.desk.resume(clientId, token) ?? unknownTask,
    progress: (task, clientId, message) => active(task)?.desk.progress(clientId, message),
    admit: async (task, clientId, token) => active(task)?.desk.admit(clientId, token) ?? unknownTask,
    receiptOf: async (task, clientId, token) => entries.get(task)?.desk.receiptOf(clientId, token) ?? null,
    async report(task, clientId, report) {
      const entry = active(task);
      if (entry !== undefined) return entry.desk.report(clientId, report);
      await report.writer.discard();
      return unknownTask;
    },
    rejected: (task, clientId, token, reason) => active(task)?.desk.rejected(clientId, token, reason),
    forget: async (task, clientId) => entries.get(task)?.desk.forget(clientId),
    countBytes: (task, direction, bytes) => entries.get(task)?.task.round?.countBytes(direction, bytes),

    refresh: async () => {},
    tasks: () => [...entries.values()].map(({ task }) => task.row),
    task: (task) => entries.get(task)?.task.row,
    status: (task) => entries.get(task)?.task.status(),
    participation: (task) => entries.get(task)?.participation,
    control: (task) => active(task)?.task.controlSha256 ?? null,
    contributors: (task) =>
      entries.get(task)?.task.contributors(LIMITS.contributorsShownCount) ?? { shown: [], count: 0 },
    listContributors: async (task, limit) => entries.get(task)?.task.contributors(limit).shown ?? [],

    async create(spec) {
      if (isDraining) return conflict('draining', 'the server is shutting down');
      if (entries.has(spec.id) || creating.has(spec.id)) return conflict('taken', `a task ${spec.id} exists`);
      creating.add(spec.id);
      try {
        const weights = await arithmetic.initial(spec);
        if ('problem' in weights) return invalid([{ path: 'model.weights', message: weights.problem }]);
        const initial = {
          version: 0,
          ...weights,
          optimizerSha256: null,
          step: null,
          round: null,
          copyOf: null,
        } as const;
        const saved = await storage.tasks.create(spec, { ...initial, origin: 'initial' }, clock.now());
        if (saved === 'taken') return conflict('taken', `a task ${spec.id} exists`);
        const lease = await leases.attempt(spec.id);
        // Another process was faster: the task is there all the same.
        if (lease !== null) {
          const { entry } = await add(lease);
          await entry.task.resume(null);
          scoring.add({ spec, version: 0, sha256: weights.sha256 });
        }
        emit({ kind: 'task-created', task: spec.id });
        return done;
      } finally {
        creating.delete(spec.id);
      }
    },

    startRounds: (task, count) => order(task, (live) => live.order({ kind: 'start', count })),
    async evaluate(task) {
      const entry = active(task);
      if (entry !== undefined && entry.task.spec.client.heldOut !== true) return conflict('no-held-out', noHeldOut);
      return order(task, (live) => live.order({ kind: 'evaluate' }));
    },
    pause: (task) => order(task, (live) => live.order({ kind: 'pause' })),
    resumeRounds: (task) => order(task, (live) => live.order({ kind: 'resume' })),
    stop: (task) =>
      order(task, async (live) => {
        const refusal = await live.order({ kind: 'stop' });
        if (refusal === null) await live.roundOver();
        return refusal;
      }),
    async rollback(task, version) {
      const entry = active(task);
      return entry === undefined ? noTask : rollBackTask(entry.task, version, ports, scoring);
    },
    async archive(task) {
      const entry = entries.get(task);
      return entry === undefined ? noTask : archiveTask(entry.task, ports);
    },
    async remove(task) {
      const entry = entries.get(task);
      if (entry === undefined) return noTask;
      scoring.forget(task);
      await removeTask(entry.task, entry.desk, ports);
      entries.delete(task);
      emit({ kind: 'task-removed', task });
      return done;
    },

    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** The reports that are or may still come to be accepted: those of an assignment that has no end. */
export const reportsOf = ({ round: { number, schedule }, assignments }: OpenRound) => ({
  round: schedule === 'buffered' ? FILL_PLACE : number,
  reports: assignments.filter(({ end }) => end === null).map(({ updateId }) => updateId),
});

/** What everybody may know of a task, as far as it is true of this server. */
export function participationOf(spec: TaskSpec, hasSamples: boolean): Participation {
  const { layout } = modelOf(spec);
  const report = reportLayout(layout, spec.client);
  const { sample, ...data } = spec.data;
  return {
    ...{ topology: topologyOf(spec), layoutSha256: layout.sha256, parameters: layout.size },
    ...(report === layout ? {} : { report: { values: report.size, layoutSha256: report.sha256 } }),
    ...{ data: hasSamples ? spec.data : data, client: spec.client, codec: spec.codec, courtesy: spec.courtesy },
    ...{ minimum: spec.rounds.minimum, goal: spec.rounds.goal, maxDeltaNorm: spec.maxDeltaNorm },
    closed: spec.access.joinToken !== undefined,
  };
}
