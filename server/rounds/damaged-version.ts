import type { Lease } from '../cluster/lease.ts';
import { CorruptBlobError } from '../storage/blobs/port.ts';
import type { CheckpointRow, OpenRound, RoundEndRow, TaskPatch } from '../storage/port.ts';
import type { CoordinatorPorts } from './coordinator-ports.ts';
import { copyAs } from './version-copy.ts';

type Ports = Pick<CoordinatorPorts, 'storage' | 'blobs' | 'clock' | 'log'>;

/**
 * T11, before a task is loaded: where its newest version is damaged or gone, the open round is abandoned, the newest version that is
 * whole becomes the next one, and a task that ran is paused. Rejects with a `CorruptBlobError` where none is whole.
 */
export async function leaveDamaged({ task, token }: Lease, ports: Ports): Promise<void> {
  const { storage, clock, log } = ports;
  const row = await storage.tasks.get(task);
  const newest = row && (await storage.checkpoints.get(task, row.version));
  if (row === null || newest === null || (await isWhole(newest, ports))) return;
  const whole = await newestWhole((await storage.checkpoints.list(task)).slice(0, -1), ports);
  if (whole === null) throw new CorruptBlobError(`no version of the task ${task} is whole`);
  const open = await storage.rounds.unfinished(task);
  const isStopped = row.state !== 'running' && row.state !== 'paused';
  const taskPatch: TaskPatch = {
    ...(isStopped ? {} : { state: 'paused', pausedReason: 'damaged' }),
    // It was tried once (T10).
    ...(open?.round.purpose === 'evaluate' ? { evaluationWanted: false } : {}),
  };
  // In this order: what a crash leaves undone is found undone, and a task that goes on has been paused.
  if (!isStopped && (await storage.tasks.update(task, taskPatch, token)) === 'fenced') return;
  if (
    open !== null &&
    (await storage.rounds.abandon(token, endOf(open, taskPatch, clock.now()), 'failed')) === 'fenced'
  )
    return;
  const version = newest.version + 1;
  const copy = copyAs(version, whole, row.spec);
  if ((await storage.checkpoints.append(task, token, copy, clock.now())) === 'fenced') return;
  if (whole.metrics !== null) await storage.checkpoints.setMetrics(task, version, whole.metrics);
  log.error(
    { task, damaged: newest.version, version, copyOf: whole.version },
    'the newest version is damaged: the task goes back to the last one that is whole',
  );
}

/** Its weights and its optimizer's state are there and what their names say. What cannot be read now is not called damaged. */
export async function isWhole(
  { version, sha256, optimizerSha256 }: CheckpointRow,
  { blobs, log }: Pick<Ports, 'blobs' | 'log'>,
): Promise<boolean> {
  try {
    if ((await blobs.size(sha256)) === null) return false;
    return optimizerSha256 === null || (await blobs.size(optimizerSha256)) !== null;
  } catch (error) {
    if (error instanceof CorruptBlobError) return false;
    log.warn({ err: error, version, sha256 }, 'a version could not be checked');
    return true;
  }
}

async function newestWhole(checkpoints: readonly CheckpointRow[], ports: Ports): Promise<CheckpointRow | null> {
  for (const checkpoint of checkpoints.toReversed())
    if (checkpoint.kept && (await isWhole(checkpoint, ports))) return checkpoint;
  return null;
}

/** Its receipts are abandoned; whoever had not reported is dropped. */
function endOf({ round, assignments, receipts }: OpenRound, taskPatch: TaskPatch, endedAt: number): RoundEndRow {
  const accepted = new Set(receipts.map(({ updateId }) => updateId));
  const ends = assignments.map(({ updateId, end }) => ({
    updateId,
    end: accepted.has(updateId) ? ('accepted' as const) : (end ?? ('dropped' as const)),
  }));
  const rejected: Partial<Record<NonNullable<(typeof assignments)[number]['rejection']>, number>> = {};
  for (const { rejection } of assignments) if (rejection !== null) rejected[rejection] = (rejected[rejection] ?? 0) + 1;
  const count = (wanted: string): number => ends.filter(({ end }) => end === wanted).length;
  const { uplinkBytes, downlinkBytes } = round;
  const counts = {
    ...{ selected: assignments.length, accepted: count('accepted'), rejected, late: count('late') },
    ...{ surplus: count('surplus'), dropped: count('dropped'), uplinkBytes, downlinkBytes },
  };
  return { task: round.task, number: round.number, counts, assignments: ends, endedAt, taskPatch };
}
