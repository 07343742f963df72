import { codecByName } from '../../shared/codec/index.ts';
import type { TaskId } from '../../shared/ids.ts';
import type { Participation, Score } from '../../shared/protocol/index.ts';
import { modelOf } from '../../shared/task/model-of.ts';
import type { TaskSpec } from '../../shared/task/spec.ts';
import type { CheckpointRow, RoundRow, TaskRow } from '../storage/port.ts';
import type { HttpDependencies } from './dependencies.ts';

const iso = (at: number): string => new Date(at).toISOString();

/** A task as `GET /api/tasks` lists it (DESIGN §8). */
export interface TaskView {
  readonly id: TaskId;
  readonly title: string;
  readonly state: TaskRow['state'];
  readonly version: number;
  readonly sha256: string;
  readonly parameters: number;
  /** Of the weights: four a parameter. */
  readonly bytes: number;
  /** Of what a report says in the task's codec, at most: what consent is asked for. */
  readonly reportBytes: number;
  /** The current round, else the last one; 0 before the first. */
  readonly round: number;
  readonly roundsLeft: number;
  readonly online: number;
  readonly metrics: Score | null;
  /** Takes a join token to take part in. */
  readonly closed: boolean;
  /** Why it paused by itself. */
  readonly pausedReason?: string;
  readonly participation?: Participation;
  /** The page that asks is of a site that the task does not list. */
  readonly allowsOrigin?: false;
  // for admins
  readonly spec?: TaskSpec;
  readonly createdAt?: string;
  readonly archivedAt?: string | null;
}

const reportBytesOf = ({ codec }: TaskSpec, values: number): number =>
  codecByName(codec.up).bodyBytes(values, codec).maximum;

export async function viewTask(
  { coordinator, storage }: Pick<HttpDependencies, 'coordinator' | 'storage'>,
  row: TaskRow,
  options: { readonly isAdmin: boolean; readonly isWhole: boolean; readonly allowsOrigin?: boolean },
): Promise<TaskView> {
  const { spec } = row;
  const status = coordinator.status(spec.id);
  const participation = coordinator.participation(spec.id);
  const parameters = participation?.parameters ?? modelOf(spec).layout.size;
  // What another process was last heard to say of it may be of an older version.
  const known = status?.version === row.version ? status.metrics : null;
  const metrics = known ?? (await storage.checkpoints.get(spec.id, row.version))?.metrics ?? null;
  return {
    id: spec.id,
    title: spec.title,
    state: row.state,
    version: row.version,
    sha256: row.sha256,
    parameters,
    bytes: parameters * 4,
    reportBytes: reportBytesOf(spec, participation?.report?.values ?? parameters),
    round: status?.round?.number ?? (await storage.rounds.lastNumber(spec.id)),
    roundsLeft: row.roundsLeft,
    online: status?.online ?? 0,
    metrics,
    closed: spec.access.joinToken !== undefined,
    ...(row.pausedReason === null ? {} : { pausedReason: row.pausedReason }),
    ...(options.isWhole && participation !== undefined ? { participation } : {}),
    ...(options.allowsOrigin === false ? { allowsOrigin: false } : {}),
    ...(options.isAdmin
      ? { spec, createdAt: iso(row.createdAt), archivedAt: row.archivedAt === null ? null : iso(row.archivedAt) }
      : {}),
  };
}

/** A round as `GET /api/tasks/:id/rounds` lists it; absent keys have no meaning yet. */
export function viewRound(round: RoundRow, metrics: Score | null) {
  return {
    number: round.number,
    ...(round.purpose === 'train' ? {} : { purpose: round.purpose }),
    outcome: round.outcome,
    ...(round.reason === null ? {} : { reason: round.reason }),
    baseVersion: round.baseVersion,
    ...(round.version === null ? {} : { version: round.version }),
    selected: round.selected,
    accepted: round.accepted,
    rejected: round.rejected,
    late: round.late,
    surplus: round.surplus,
    dropped: round.dropped,
    uplinkBytes: round.uplinkBytes,
    downlinkBytes: round.downlinkBytes,
    startedAt: iso(round.startedAt),
    endedAt: round.endedAt === null ? null : iso(round.endedAt),
    metrics,
    ...(round.evaluation === null ? {} : { evaluation: round.evaluation }),
  };
}

/** A checkpoint as `GET /api/tasks/:id/checkpoints` lists it. */
export const viewCheckpoint = (row: CheckpointRow) => ({
  version: row.version,
  sha256: row.sha256,
  bytes: row.bytes,
  createdAt: iso(row.createdAt),
  metrics: row.metrics,
  origin: row.origin,
  ...(row.round === null ? {} : { round: row.round }),
  ...(row.copyOf === null ? {} : { copyOf: row.copyOf }),
  /** False once retention took the weights. */
  kept: row.kept,
});
