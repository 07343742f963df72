import type { ClientId } from '../../shared/ids.ts';
import type { CohortMember, Progress, Score, TaskStatus } from '../../shared/protocol/index.ts';
import type { TaskRow } from '../storage/port.ts';
import type { LiveRound } from './live-round.ts';
import type { Member } from './member.ts';
import type { Contributors, ContributorView } from './port.ts';
import { cohortSize, type Part, tally } from './round.ts';
import type { Underway } from './underway.ts';
import type { WaitingPool } from './waiting-pool.ts';

/** A larger cohort is shown as counts alone. */
const MEMBERS_SHOWN = 60;

export interface Picture {
  readonly row: TaskRow;
  readonly metrics: Score | null;
  readonly online: number;
  readonly available: number;
  readonly round: LiveRound | null;
  readonly now: number;
}

/** The live picture of a task, as everybody may see it. */
export function statusOf({ row, metrics, online, available, round, now }: Picture): TaskStatus {
  return {
    ...{ state: row.state, version: row.version, sha256: row.sha256, metrics, online, roundsLeft: row.roundsLeft },
    ...(row.pausedReason === null ? {} : { pausedReason: row.pausedReason }),
    round: round === null || round.state.phase === 'ended' ? null : roundOf(round, row, available, now),
  };
}

function roundOf(round: LiveRound, row: TaskRow, available: number, now: number): NonNullable<TaskStatus['round']> {
  const { state, parts } = round;
  const members = parts.map((part, slot) => memberOf(part, round.members[slot], slot));
  const counts = { waiting: 0, downloading: 0, training: 0, uploading: 0, done: 0, dropped: 0 };
  for (const member of members) counts[member.state] += 1;
  return {
    number: round.number,
    ...(round.purpose === 'evaluate' ? { purpose: 'evaluate' as const } : {}),
    phase: state.phase === 'selecting' || state.phase === 'reporting' ? state.phase : 'aggregating',
    available,
    goal: row.spec.rounds.goal,
    selected: parts.length,
    accepted: tally(parts).accepted,
    endsInMs: Math.max(0, Math.round(endOf(state) - now)),
    members: Math.max(cohortSize(row.spec.rounds), members.length) <= MEMBERS_SHOWN ? members : null,
    counts,
  };
}

function endOf(state: Underway): number {
  if (state.phase === 'selecting') return state.selectionEndsAt;
  return state.phase === 'reporting' ? state.reportingEndsAt : 0;
}

const SHOWN_AS: Record<Progress['phase'], CohortMember['state']> = {
  downloading: 'downloading',
  preparing: 'training',
  training: 'training',
  uploading: 'uploading',
};

function memberOf(part: Part, member: Member | undefined, slot: number): CohortMember {
  if (part.standing === 'accepted') return { slot, state: 'done', share: 1 };
  if (part.standing === 'storing') return { slot, state: 'uploading', share: 1 };
  if (part.standing !== 'open') return { slot, state: 'dropped', share: 0 };
  const progress = member?.progress;
  if (progress === undefined || progress === null) return { slot, state: 'waiting', share: 0 };
  return { slot, state: SHOWN_AS[progress.phase], share: progress.phase === 'preparing' ? 0 : progress.share };
}

/** For the dashboard: who waits, who has a part, who is there besides. Where that is a crowd, those with a part come first. */
export function contributorsOf(pool: WaitingPool, round: LiveRound | null, limit: number): Contributors {
  const known = pool.known();
  const members = (round?.members ?? []).filter((member) => round?.partOf(member)?.standing !== 'dropped');
  const memberIds = new Set(members.map(({ clientId }) => clientId));
  const isPending = (clientId: ClientId): boolean => {
    const member = round?.byClient(clientId);
    const standing = member && round?.partOf(member)?.standing;
    return standing === 'open' || standing === 'storing';
  };
  const viewOf = (clientId: ClientId): ContributorView => {
    const member = isPending(clientId) ? round?.byClient(clientId) : undefined;
    const said = known.get(clientId);
    return {
      client: clientId.slice(0, 8),
      state: member !== undefined ? 'assigned' : pool.has(clientId) ? 'available' : 'connected',
      slot: member?.slot ?? null,
      phase: member?.progress?.phase ?? null,
      backend: said?.backend ?? null,
      examples: said?.examples ?? null,
    };
  };
  const count = known.size + [...memberIds].filter((clientId) => !known.has(clientId)).length;
  const first = count > limit ? [...memberIds].filter(isPending) : [];
  const shown = new Set<ClientId>();
  for (const some of [first, known.keys(), memberIds])
    for (const clientId of some) {
      if (shown.size === limit) break;
      shown.add(clientId);
    }
  return { shown: [...shown].map(viewOf), count };
}
