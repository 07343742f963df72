import { giveBack } from './participation-ends.ts';
import type { Effect, Joined, Stage, State } from './participation-state.ts';
import type { BackendChoice } from './ports.ts';

/** Nothing hinders this tab from taking part but the network. */
const mayWork = ({ lock, isCounting, stopped, pauses }: Joined, examples: number | null): boolean =>
  lock === 'held' && !isCounting && stopped === null && pauses.length === 0 && examples !== 0;

/** What follows from the facts: connections, preparation, check-in and the next stage of an assignment. */
export function settle(state: State, atMs: number, effects: Effect[]): State {
  if (state.life.kind !== 'joined') return state;
  const { examples } = state.memory;
  // C7: a part outlives a freeze, but nothing goes on before the lock is held again.
  if (state.life.lock === 'let-go') return state;
  if (mayWork(state.life, examples)) return advance(state, state.life, atMs, effects);
  const given = giveBack(state, state.life, effects);
  const { life } = given;
  if (life.kind !== 'joined') return given;
  // C4: a pause keeps an open session for the live picture, and opens none.
  const { link } = life;
  const mayStay = life.lock === 'held' && life.stopped === null && examples !== 0 && link.kind === 'online';
  if (mayStay || link.kind === 'off') return given;
  if (link.kind !== 'away') effects.push({ kind: 'disconnect' });
  return { ...given, life: { ...life, link: { kind: 'off' } } };
}

function advance(state: State, life: Joined, atMs: number, effects: Effect[]): State {
  const { link, work, trainer } = life;
  const { participation, examples, backend, held } = state.memory;
  if (link.kind === 'off') {
    effects.push({ kind: 'connect' });
    return { ...state, life: { ...life, link: { kind: 'connecting', attempt: 0 } } };
  }
  if (link.kind !== 'online' || participation === null) return state;
  if ((work.kind === 'assigned' || work.kind === 'reported') && work.standing === 'unconfirmed') {
    const { token, updateId } = work.assignment;
    effects.push({ kind: 'ask-resume', token, updateId });
    return advance(state, { ...life, work: { ...work, standing: 'asking' } }, atMs, effects);
  }
  if (trainer === 'none' || trainer === 'lost') {
    effects.push({ kind: 'prepare', participation, isAnew: trainer === 'lost' });
    return advance(state, { ...life, trainer: 'preparing' }, atMs, effects);
  }
  if (work.kind === 'none' && trainer === 'ready' && backend !== null && examples !== null) {
    const stepMs = stepMsOf(backend);
    effects.push({ kind: 'check-in', examples, backend: backend.used, held, stepMs });
    return { ...state, life: { ...life, work: { kind: 'checking-in' } } };
  }
  if (work.kind !== 'assigned' || work.standing !== 'confirmed') return { ...state, life };
  const next = nextStage(work.stage, trainer);
  if (next === null) return { ...state, life };
  const { assignment } = work;
  effects.push({ kind: 'tell', token: assignment.token, phase: next.kind, share: 0 });
  if (next.kind === 'downloading') effects.push({ kind: 'obtain', assignment, participation });
  else if (next.kind === 'training') effects.push({ kind: 'train', token: assignment.token, participation });
  else effects.push({ kind: 'upload', token: assignment.token });
  return { ...state, life: { ...life, work: { ...work, toldAtMs: atMs, stage: next } } };
}

function nextStage(
  stage: Stage,
  trainer: Joined['trainer'],
): Extract<Stage, { kind: 'downloading' | 'training' | 'uploading' }> | null {
  if (stage.kind === 'new') return { kind: 'downloading' };
  if (stage.kind === 'downloaded' && trainer === 'ready') return { kind: 'training' };
  if (stage.kind === 'trained') return { kind: 'uploading', share: 0 };
  return null;
}

/** As the probe timed it; what it only knows a floor of is at least that. */
function stepMsOf({ used, findings = [] }: BackendChoice): number | null {
  const finding = findings.find(({ backend }) => backend === used);
  return finding?.isRight ? finding.stepMs : null;
}
