import type { AssignmentToken, ClientId, Sha256, TaskId, UpdateId } from '../../../shared/ids.ts';
import type {
  Assignment,
  Participation,
  Receipt,
  ReportMetrics,
  TaskStatus,
  Welcome,
} from '../../../shared/protocol/index.ts';
import { modelOf } from '../../../shared/task/model-of.ts';
import { COURTESY } from '../../../shared/task/spec.ts';
import { digits } from '../../../shared/task/templates/digits.ts';
import { INITIAL, step } from '../participation.ts';
import type { Effect, Happening, State } from '../participation-state.ts';
import { viewOf } from '../participation-view.ts';
import type { BackendChoice } from '../ports.ts';
import type { ClientView } from '../view.ts';

/** Messages of a small task, and a stepper with a clock to play them to. */

const hex = (digit: number, length: number): string => digit.toString(16).repeat(length);
export const tokenOf = (number: number): AssignmentToken => hex(number, 32) as AssignmentToken;
export const sha256Of = (number: number): Sha256 => hex(number, 64) as Sha256;

export const participation: Participation = {
  topology: {
    input: [2],
    layers: [{ class_name: 'Dense', config: { name: 'output', units: 1, activation: 'linear' } }],
  },
  layoutSha256: modelOf({ model: { zoo: 'softmax', seed: 1 } }).layout.sha256,
  parameters: 3,
  data: digits.data as Participation['data'],
  client: digits.client as Participation['client'],
  codec: { up: 'float32', down: 'float32' },
  courtesy: COURTESY,
  minimum: 2,
  goal: 3,
  maxDeltaNorm: 100,
  closed: false,
};

export const status: TaskStatus = {
  state: 'running',
  version: 4,
  sha256: sha256Of(4),
  metrics: null,
  online: 3,
  roundsLeft: 5,
  round: null,
};

export const welcome: Welcome = {
  protocol: 1,
  task: 'digits' as TaskId,
  clientId: hex(12, 32) as ClientId,
  participation,
  status,
};

export const assignmentOf = (number: number, more: Partial<Assignment> = {}): Assignment => ({
  round: number,
  token: tokenOf(number),
  updateId: hex(number, 32) as UpdateId,
  slot: 0,
  cohort: 3,
  base: { version: number - 1, sha256: sha256Of(number), bytes: 12 },
  delivery: 'broadcast',
  seed: 7,
  remainingMs: 60_000,
  ...more,
});

export const receiptOf = (number: number, more: Partial<Receipt> = {}): Receipt => ({
  updateId: hex(number, 32) as UpdateId,
  round: number,
  status: 'accepted',
  order: 1,
  ...more,
});

export const metrics: ReportMetrics = {
  lossBefore: 2,
  lossAfter: 1,
  accuracyBefore: 0.25,
  accuracyAfter: 0.5,
  trainingMs: 30,
};

export const backend: BackendChoice = { requested: 'auto', used: 'webgl', reason: null };

/** A participation that is played step by step. */
export class Play {
  state: State = INITIAL;
  atMs = 0;
  /** Effects of the last `on`. */
  effects: readonly Effect[] = [];

  on(...happenings: readonly Happening[]): readonly Effect['kind'][] {
    const effects: Effect[] = [];
    for (const happening of happenings) {
      const next = step(this.state, { ...happening, atMs: this.atMs, roll: 0.5 });
      this.state = next.state;
      effects.push(...next.effects);
    }
    this.effects = effects;
    return effects.map(({ kind }) => kind);
  }

  after(delayMs: number, ...happenings: readonly Happening[]): readonly Effect['kind'][] {
    this.atMs += delayMs;
    return this.on(...(happenings.length === 0 ? [{ kind: 'tick' } as const] : happenings));
  }

  get view(): ClientView {
    return viewOf(this.state, { task: 'digits' as TaskId, atMs: this.atMs, sentBytes: 0, receivedBytes: 0 });
  }

  get shows(): string {
    const { state, reason } = this.view;
    return reason === null ? state : `${state}(${reason})`;
  }
}

const ok = { ok: true } as const;

/** Plays up to a named place. */
export function playedTo(
  place: 'online' | 'waiting' | 'downloading' | 'training' | 'trained' | 'uploading' | 'reported',
  round = 1,
): Play {
  const play = new Play();
  play.on(
    { kind: 'start' },
    { kind: 'lock', held: true },
    { kind: 'examples', count: 20 },
    { kind: 'welcome', welcome },
  );
  if (place === 'online') return play;
  play.on({ kind: 'prepared', backend }, { kind: 'checked-in', answer: ok });
  if (place === 'waiting') return play;
  play.on({ kind: 'assign', assignment: assignmentOf(round) });
  if (place === 'downloading') return play;
  const token = tokenOf(round);
  play.on({ kind: 'weights', token });
  if (place === 'training') return play;
  if (place === 'trained') play.on({ kind: 'disconnected' });
  play.on({ kind: 'trained', token, metrics });
  if (place === 'trained' || place === 'uploading') return play;
  play.on({ kind: 'report-accepted', token, receipt: receiptOf(round), sentBytes: 108 });
  return play;
}
