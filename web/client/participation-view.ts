import type { TaskId } from '../../shared/ids.ts';
import { COURTESY_CAUSES } from './courtesy.ts';
import type { Assigned, Joined, Memory, State } from './participation-state.ts';
import type { ClientView, ParticipationState, PauseCause } from './view.ts';

/** What the interpreter knows and the stepper does not. */
export interface ViewContext {
  readonly task: TaskId;
  readonly atMs: number;
  readonly sentBytes: number;
  readonly receivedBytes: number;
}

/** The state as a surface shows it. Pure; nested values are those of the state itself, so that identity tells change. */
export function viewOf({ life, memory }: State, { task, atMs, sentBytes, receivedBytes }: ViewContext): ClientView {
  const link = life.kind === 'joined' ? life.link : null;
  const work = life.kind === 'joined' ? life.work : null;
  const assignment = work?.kind === 'assigned' || work?.kind === 'reported' ? work.assignment : null;
  const stage = work?.kind === 'assigned' ? work.stage : null;
  const said = headline(life, memory);
  const shown = said.isShown === true ? memory.shown : null;
  return {
    task,
    state: said.state,
    reason: said.reason ?? null,
    detail: said.detail ?? null,
    round: assignment?.round ?? shown?.round ?? memory.status?.round?.number ?? null,
    purpose: assignment === null ? (shown?.purpose ?? 'train') : (assignment.purpose ?? 'train'),
    version: assignment?.base.version ?? shown?.version ?? memory.status?.version ?? null,
    sha256: assignment?.base.sha256 ?? memory.status?.sha256 ?? null,
    slot: assignment?.slot ?? null,
    status: memory.status,
    progress: memory.progress,
    losses: memory.losses,
    uploadShare: stage?.kind === 'uploading' ? stage.share : work?.kind === 'reported' ? 1 : 0,
    backend: memory.backend,
    examples: memory.examples ?? 0,
    sentBytes,
    receivedBytes,
    retryInMs: said.retryAtMs === undefined ? null : Math.max(0, said.retryAtMs - atMs),
    lastReport: memory.lastReport,
    notes: memory.notes,
    counted: memory.counted,
    connected: link?.kind === 'online',
  };
}

interface Headline {
  readonly state: ParticipationState;
  readonly reason?: string | null;
  readonly detail?: string | null;
  readonly retryAtMs?: number;
  /** The last round's end is what is told. */
  readonly isShown?: boolean;
}

const PAUSES: Readonly<Record<PauseCause, ParticipationState>> = {
  person: 'paused',
  'battery-low': 'paused-battery',
  'on-battery': 'paused-battery',
  'data-saver': 'paused-data',
  metered: 'paused-data',
  'day-data': 'paused-data',
  'day-time': 'paused',
  hidden: 'paused',
};

function headline(life: State['life'], memory: Memory): Headline {
  if (life.kind !== 'joined') return { state: life.kind };
  const { lock, stopped, pauses, link, work } = life;
  if (lock === 'elsewhere') return { state: 'other-tab' };
  if (stopped !== null) return stopped;
  const cause = (['person', ...COURTESY_CAUSES] as const).find((one) => pauses.includes(one));
  if (cause !== undefined) return { state: PAUSES[cause], reason: cause === 'person' ? null : cause };
  if (memory.examples === 0) return { state: 'needs-data' };
  if (work.kind === 'assigned') return ofAssigned(life, work);
  if (link.kind === 'away') {
    const state = link.reason === 'other-tab' ? 'other-tab' : 'server-away';
    return { state, reason: link.reason, retryAtMs: link.retryAtMs };
  }
  if (link.kind === 'off') return { state: 'connecting' };
  if (link.kind === 'connecting') return { state: link.attempt === 0 ? 'connecting' : 'server-away' };
  if (work.kind === 'reported') return { state: 'accepted' };
  const { shown } = memory;
  if (shown !== null) return { state: shown.state, reason: shown.reason, detail: shown.detail, isShown: true };
  if (life.trainer !== 'ready' || memory.examples === null) return { state: 'preparing' };
  if (work.kind !== 'retrying') return { state: 'waiting' };
  return {
    state: work.reason === 'not-selected' ? 'not-selected' : 'waiting',
    reason: work.reason === 'not-selected' ? null : (work.failure?.reason ?? work.reason),
    detail: work.failure?.detail ?? null,
    retryAtMs: work.retryAtMs,
  };
}

/** Training goes on without the server; whatever needs it says that it is away. */
function ofAssigned({ link, trainer }: Joined, { stage, standing }: Assigned): Headline {
  const away: Headline =
    link.kind === 'away'
      ? { state: 'server-away', reason: link.reason, retryAtMs: link.retryAtMs }
      : { state: 'server-away' };
  switch (stage.kind) {
    case 'training':
      return { state: 'training' };
    case 'new':
    case 'downloading':
      return link.kind === 'online' || stage.kind === 'downloading' ? { state: 'downloading' } : away;
    case 'downloaded':
      return link.kind === 'online' || trainer === 'preparing' ? { state: 'preparing' } : away;
    case 'trained':
    case 'uploading':
      return link.kind === 'online' || standing === 'confirmed' ? { state: 'uploading' } : away;
    case 'upload-held':
      return { state: 'uploading', reason: stage.reason, retryAtMs: stage.retryAtMs };
  }
}
