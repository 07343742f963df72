import type { CohortMember } from '../../shared/protocol/index.ts';
import type { ClientView, ParticipationState } from './view.ts';

/** Which dot a state of one's own is. */
const DOTS: Partial<Readonly<Record<ParticipationState, CohortMember['state']>>> = {
  downloading: 'downloading',
  preparing: 'waiting',
  training: 'training',
  uploading: 'uploading',
  accepted: 'done',
  late: 'dropped',
  surplus: 'done',
  rejected: 'dropped',
};

/** The person's own dot, fresher than the server's status; null where they are not in the cohort. */
export function youOf(view: ClientView): CohortMember | null {
  if (view.slot === null) return null;
  const state = DOTS[view.state];
  return state === undefined ? null : { slot: view.slot, state, share: shareOf(view) };
}

function shareOf({ state, progress, uploadShare }: ClientView): number {
  if (state === 'uploading') return uploadShare;
  if (state === 'training') return progress && progress.steps > 0 ? progress.step / progress.steps : 0;
  if (state === 'downloading') return 0.5;
  return state === 'accepted' || state === 'surplus' ? 1 : 0;
}
