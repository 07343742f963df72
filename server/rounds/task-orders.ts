import { type Problem, refuse } from '../../shared/errors.ts';
import type { ClientDesk } from './client-desk.ts';
import type { CoordinatorPorts } from './coordinator-ports.ts';
import { isWhole } from './damaged-version.ts';
import type { LiveTask } from './live-task.ts';
import type { Control } from './port.ts';
import type { Scoring } from './scoring.ts';
import { copyAs } from './version-copy.ts';

/** Orders that change a task outside its rounds. Each is durable when it resolves. */

export const done: Control = { ok: true };
export const notFound = (code: string, message: string): Control => ({ ok: false, status: 404, code, message });
export const invalid = (problems: readonly Problem[]): Control => ({
  ...{ ok: false, status: 422, code: 'invalid' },
  ...{ message: problems.map(({ message }) => message).join('; '), problems },
});
export const conflict = (code: string, message: string): Control => ({ ok: false, status: 409, code, message });

/** T8: the next version, with the weights and the optimizer state of an older one. */
export function rollBackTask(
  task: LiveTask,
  version: number,
  ports: Pick<CoordinatorPorts, 'storage' | 'blobs' | 'clock' | 'log'>,
  scoring: Scoring,
): Promise<Control> {
  const { storage, clock } = ports;
  const { id } = task.spec;
  return task.serial.run(async () => {
    if (task.hasRound) return conflict('state', 'a round is running');
    const target = await storage.checkpoints.get(id, version);
    if (target === null) return notFound('unknown-version', `there is no version ${version}`);
    if (!target.kept) return conflict('released', `the weights of version ${version} are not kept any more`);
    if (!(await isWhole(target, ports))) return conflict('damaged', `the weights of version ${version} are damaged`);
    const next = task.row.version + 1;
    const copy = copyAs(next, target, task.spec);
    const saved = await storage.checkpoints.append(id, task.fence, copy, clock.now());
    if (saved === 'fenced') {
      task.fenced();
      return conflict('state', 'another process has this task');
    }
    const { metrics } = target;
    task.rolledBack(next, copy, metrics);
    // The same weights have the same score.
    if (metrics === null) scoring.add({ spec: task.spec, version: next, sha256: copy.sha256 });
    else await storage.checkpoints.setMetrics(id, next, metrics);
    return done;
  });
}

/** Closes it for clients and orders; its checkpoints stay. */
export function archiveTask(
  task: LiveTask,
  { storage, clock, downlink }: Pick<CoordinatorPorts, 'storage' | 'clock' | 'downlink'>,
): Promise<Control> {
  const { id } = task.spec;
  return task.serial.run(async () => {
    if (task.row.archivedAt !== null) return done;
    if (task.hasRound || task.row.state === 'running') return conflict('state', 'stop the task first');
    const archivedAt = clock.now();
    if ((await storage.tasks.update(id, { archivedAt }, task.fence)) === 'fenced') {
      task.fenced();
      return conflict('state', 'another process has this task');
    }
    task.archived(archivedAt);
    downlink.expel(id, refuse('unknown-task', 'this task was archived'));
    return done;
  });
}

/** Takes all of it away, also from under a round; blobs that nothing else refers to go with the next sweep. */
export async function removeTask(
  task: LiveTask,
  desk: ClientDesk,
  { storage, spool, downlink }: Pick<CoordinatorPorts, 'storage' | 'spool' | 'downlink'>,
): Promise<void> {
  const { id } = task.spec;
  task.quiet();
  await desk.settled();
  await task.serial.idle();
  await task.serial.run(() => storage.tasks.remove(id));
  downlink.expel(id, refuse('unknown-task', 'this task was deleted'));
  await task.round?.aggregate.drop();
  await spool.dropTask(id);
  await task.release();
}
