import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { REFUSAL_REASONS } from '../../shared/errors.ts';
import type { AssignmentToken, TaskId } from '../../shared/ids.ts';
import { COURTESY_CAUSES } from './courtesy.ts';
import { assignmentOf, backend, metrics, Play, receiptOf, sha256Of, status, tokenOf, welcome } from './fakes/play.ts';
import { INITIAL, nextWakeMs, step } from './participation.ts';
import type { Effect, Happening, ParticipationEvent, State } from './participation-state.ts';
import { viewOf } from './participation-view.ts';
import { PARTICIPATION_STATES } from './view.ts';

const ROUNDS = 2;
const round = fc.integer({ min: 1, max: ROUNDS });
const token = round.map(tokenOf);
const reason = fc.constantFrom(...REFUSAL_REASONS);
const hint = fc.option(fc.integer({ min: 0, max: 60_000 }));
const cause = fc.constantFrom('person' as const, ...COURTESY_CAUSES);
const one = <Kind extends Happening['kind']>(kind: Kind) => fc.record({ kind: fc.constant(kind) });
const receipt = fc
  .tuple(round, fc.constantFrom('accepted' as const, 'counted' as const, 'abandoned' as const, 'withdrawn' as const))
  .map(([number, standing]) => receiptOf(number, { status: standing }));

const happening = fc.oneof(
  { weight: 3, arbitrary: one('start') },
  { weight: 1, arbitrary: one('leave') },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('pause' as const), cause }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('resume' as const), cause }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('lock' as const), held: fc.boolean() }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('examples' as const),
      count: fc.option(fc.integer({ min: 0, max: 9 }), { freq: 9 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('broken' as const),
      reason: fc.constant('storage'),
      message: fc.constant('x'),
      endsWith: fc.constantFrom('person' as const, 'data' as const),
    }),
  },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('welcome' as const), welcome: fc.constant(welcome) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('refused' as const),
      reason,
      message: fc.constant('x'),
      retryAfterMs: hint,
    }),
  },
  { weight: 3, arbitrary: one('disconnected') },
  { weight: 1, arbitrary: one('slept') },
  { weight: 1, arbitrary: one('woken') },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('status' as const), status: fc.constant(status) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('draining' as const), retryAfterMs: fc.nat(60_000) }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('prepared' as const), backend: fc.constant(backend) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('unprepared' as const), message: fc.constant('x') }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('checked-in' as const),
      answer: fc.oneof(
        fc.constant({ ok: true } as const),
        fc.record({ ok: fc.constant(false as const), reason, message: fc.constant('x') }),
      ),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('retry' as const),
      window: fc.record({ round, afterMs: fc.nat(9_000), beforeMs: fc.nat(20_000) }),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({ kind: fc.constant('assign' as const), assignment: round.map((n) => assignmentOf(n)) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('resumed' as const),
      token,
      answer: fc.oneof(
        fc.record({
          ok: fc.constant(true as const),
          assignment: fc.option(round.map((n) => assignmentOf(n))),
          receipt: fc.option(receipt),
        }),
        fc.record({ ok: fc.constant(false as const), reason, message: fc.constant('x') }),
      ),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'choose' as const }) },
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('weights' as const), token }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('weights-failed' as const), token, message: fc.constant('x') }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('progress' as const),
      token,
      progress: fc.record({ step: fc.nat(9), steps: fc.constant(9), loss: fc.option(fc.double({ noNaN: true })) }),
    }),
  },
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('trained' as const), token, metrics: fc.constant(metrics) }) },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('training-failed' as const),
      token,
      reason: fc.constantFrom(
        'aborted',
        'no-examples',
        'dataset-damaged',
        'not-finite',
        'exploded',
        'backend-lost',
        'failed' as const,
      ),
      message: fc.constant('x'),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('upload-progress' as const), token, share: fc.constant(0.5) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('report-accepted' as const), token, receipt, sentBytes: fc.nat(999) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('report-refused' as const),
      token,
      reason,
      message: fc.constant('x'),
      retryAfterMs: hint,
      sentBytes: fc.nat(999),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('round' as const),
      end: fc.record({
        number: round,
        outcome: fc.constantFrom('committed' as const, 'abandoned' as const),
        version: fc.constant(5),
        sha256: fc.constant(sha256Of(5)),
        accepted: fc.constant(2),
        yours: fc.constantFrom(
          'accepted' as const,
          'rejected' as const,
          'late' as const,
          'surplus' as const,
          'dropped' as const,
          null,
        ),
      }),
    }),
  },
  { weight: 4, arbitrary: one('tick') },
) as fc.Arbitrary<Happening>;

/** Either something at random, or what a good world does next: that is how a sequence gets to the late stages. */
type Move = { readonly next: Happening | 'oblige'; readonly afterMs: number; readonly roll: number };
const moves: fc.Arbitrary<readonly Move[]> = fc.array(
  fc.record({
    next: fc.oneof({ weight: 1, arbitrary: fc.constant('oblige' as const) }, { weight: 1, arbitrary: happening }),
    afterMs: fc.oneof(
      { weight: 6, arbitrary: fc.constant(0) },
      { weight: 2, arbitrary: fc.nat(3_000) },
      fc.nat(80_000),
    ),
    roll: fc.double({ min: 0, max: 0.999, noNaN: true }),
  }),
  { maxLength: 80, size: 'max' },
);

interface Moment {
  readonly before: State;
  readonly event: ParticipationEvent;
  readonly after: State;
  readonly effects: readonly Effect[];
}

const playedOut = (list: readonly Move[]): readonly Moment[] => {
  let before = INITIAL;
  let atMs = 0;
  return list.map(({ next, afterMs, roll }) => {
    atMs += afterMs;
    const obliging = next === 'oblige' ? obligingNext(before, atMs) : { happening: next, afterMs: 0 };
    atMs += obliging.afterMs;
    const event = { ...obliging.happening, atMs, roll };
    const { state: after, effects } = step(before, event);
    const moment = { before, event, after, effects };
    before = after;
    return moment;
  });
};

const placesOf = ({ after: { life } }: Moment): string[] => {
  if (life.kind !== 'joined') return [];
  return [life.work.kind === 'assigned' ? life.work.stage.kind : life.work.kind];
};

const always = (check: (moments: readonly Moment[]) => void): void =>
  fc.assert(
    fc.property(moves, (list) => check(playedOut(list))),
    { numRuns: 200 },
  );

const WORK: readonly Effect['kind'][] = [
  'obtain',
  'train',
  'upload',
  'check-in',
  'connect',
  'prepare',
  'ask-resume',
  'tell',
];
const isWork = ({ kind }: Effect): boolean => WORK.includes(kind);

describe('whatever happens', () => {
  it('these sequences reach every stage', () => {
    const reached = new Set(
      fc.sample(moves, { numRuns: 200, seed: 1 }).flatMap((list) => playedOut(list).flatMap(placesOf)),
    );
    expect([...reached].sort()).toEqual([
      'checking-in',
      'downloaded',
      'downloading',
      'new',
      'none',
      'reported',
      'retrying',
      'trained',
      'training',
      'upload-held',
      'uploading',
      'waiting',
    ]);
  });

  it('C1: nothing is done before start or after leave', () => {
    always((moments) => {
      for (const { before, event, effects } of moments) {
        if (before.life.kind !== 'joined' && event.kind !== 'start') expect(effects).toEqual([]);
        if (event.kind === 'leave') expect(effects.filter(isWork)).toEqual([]);
      }
    });
  });

  it('C2, C3, C4: work begins only with the lock, with examples, unpaused and while nothing stops the tab', () => {
    always((moments) => {
      for (const { after, effects } of moments) {
        if (!effects.some(isWork)) continue;
        expect(after.life).toMatchObject({ kind: 'joined', lock: 'held', pauses: [], stopped: null });
        expect(after.memory.examples).not.toBe(0);
        if (effects.some(({ kind }) => kind === 'check-in')) expect(after.memory.examples).toBeGreaterThan(0);
      }
    });
  });

  it('C5, C7: messages go out only over an open session, and stages begin only when the server confirmed the part', () => {
    always((moments) => {
      for (const { after, effects } of moments) {
        if (after.life.kind !== 'joined') continue;
        if (effects.some(({ kind }) => ['check-in', 'ask-resume', 'tell', 'upload'].includes(kind)))
          expect(after.life.link.kind).toBe('online');
        if (effects.some(({ kind }) => ['obtain', 'train', 'upload'].includes(kind)))
          expect(after.life.work).toMatchObject({ kind: 'assigned', standing: 'confirmed' });
        if (effects.some(({ kind }) => kind === 'check-in')) expect(after.life.trainer).toBe('ready');
      }
    });
  });

  it('C8: one assignment is worked on at a time, in the order of its stages', () => {
    always((moments) => {
      let open: { readonly token: AssignmentToken; stage: number } | null = null;
      for (const { effects, after } of moments) {
        for (const effect of effects) {
          if (effect.kind === 'stop-work') open = null;
          if (effect.kind === 'obtain') {
            expect(open).toBeNull();
            open = { token: effect.assignment.token, stage: 0 };
          }
          if (effect.kind === 'train') {
            expect(open).toMatchObject({ token: effect.token });
            if (open !== null) open.stage = 1;
          }
          if (effect.kind === 'upload') expect(open).toMatchObject({ token: effect.token, stage: 1 });
        }
        // What is worked on is what the state says.
        const work = after.life.kind === 'joined' && after.life.work.kind === 'assigned' ? after.life.work : null;
        expect(open?.token ?? null).toBe(work === null || work.stage.kind === 'new' ? null : work.assignment.token);
      }
    });
  });

  it('C10: one note a round, and only accepted reports are counted', () => {
    always((moments) => {
      const last = moments.at(-1)?.after.memory ?? INITIAL.memory;
      expect(new Set(last.notes.map((note) => note.round)).size).toBe(last.notes.length);
      const received = moments.filter(({ before, after }) => after.memory.counted > before.memory.counted);
      for (const { event } of received) expect(['report-accepted', 'resumed', 'round']).toContain(event.kind);
    });
  });

  it('C19: a wake-up leads on, and every state that waits for itself has one', () => {
    always((moments) => {
      for (const { after, event } of moments) {
        const wakeMs = nextWakeMs(after);
        // A frozen page waits for its browser alone.
        const waits = after.life.kind === 'joined' && after.life.lock !== 'let-go' ? after.life : null;
        if (waits !== null && (waits.link.kind === 'away' || waits.work.kind === 'retrying'))
          expect(wakeMs).not.toBeNull();
        if (wakeMs === null) continue;
        const atMs = Math.max(wakeMs, event.atMs);
        let woken = after;
        for (let tick = 0; tick < 4 && (nextWakeMs(woken) ?? Infinity) <= atMs; tick++)
          woken = step(woken, { kind: 'tick', atMs, roll: 0.5 }).state;
        expect(nextWakeMs(woken) ?? Infinity).toBeGreaterThan(atMs);
      }
    });
  });

  it('shows one of the states there are, and never more than one row per fact', () => {
    always((moments) => {
      for (const { after, event } of moments) {
        const view = viewOf(after, { task: 'digits' as TaskId, atMs: event.atMs, sentBytes: 0, receivedBytes: 0 });
        expect(PARTICIPATION_STATES).toContain(view.state);
        if (view.retryInMs !== null) expect(view.retryInMs).toBeGreaterThanOrEqual(0);
        expect(view.connected).toBe(after.life.kind === 'joined' && after.life.link.kind === 'online');
      }
    });
  });

  it('C19: with an obliging server and a person who wants to, every tab gets to a counted report', () => {
    fc.assert(
      fc.property(moves, (list) => {
        const last = playedOut(list).at(-1);
        const play = new Play();
        play.state = last?.after ?? INITIAL;
        play.atMs = last?.event.atMs ?? 0;
        const countedBefore = play.view.counted;
        play.on({ kind: 'start' }, { kind: 'lock', held: true }, { kind: 'resume', cause: 'person' });
        play.on({ kind: 'examples', count: 9 });
        for (let turn = 0; turn < 60 && play.view.counted === countedBefore; turn++) {
          const { happening: next, afterMs } = obligingNext(play.state, play.atMs);
          play.after(afterMs, next);
        }
        expect(play.view.counted).toBe(countedBefore + 1);
      }),
      { numRuns: 300 },
    );
  });
});

/** What a willing person, a good server, trainer and network do next, and after how long. */
function obligingNext(state: State, atMs: number): { readonly happening: Happening; readonly afterMs: number } {
  const now = (next: Happening) => ({ happening: next, afterMs: 0 });
  const { life } = state;
  if (life.kind !== 'joined') return now({ kind: 'start' });
  const { link, work, trainer, lock, pauses, stopped } = life;
  if (lock !== 'held') return now({ kind: 'lock', held: true });
  if (!state.memory.examples) return now({ kind: 'examples', count: 9 });
  if (pauses.length > 0 || stopped !== null) return now({ kind: 'resume', cause: 'person' });
  if (link.kind === 'connecting') return now({ kind: 'welcome', welcome });
  if (link.kind === 'online' && trainer === 'preparing') return now({ kind: 'prepared', backend });
  if (work.kind === 'checking-in') return now({ kind: 'checked-in', answer: { ok: true } });
  if (work.kind === 'waiting')
    return now({
      kind: 'assign',
      assignment: assignmentOf(1 + (Math.max(0, ...state.memory.notes.map((note) => note.round)) % ROUNDS)),
    });
  if ((work.kind === 'assigned' || work.kind === 'reported') && link.kind === 'online') {
    const { assignment, standing } = work;
    const mine = assignment.token;
    const known = work.kind === 'reported' ? work.receipt : null;
    if (standing === 'asking')
      return now({ kind: 'resumed', token: mine, answer: { ok: true, assignment, receipt: known } });
    if (work.kind === 'reported') {
      const end = {
        number: assignment.round,
        outcome: 'committed',
        version: 9,
        accepted: 3,
        yours: 'accepted',
      } as const;
      return now({ kind: 'round', end });
    }
    if (work.stage.kind === 'downloading') return now({ kind: 'weights', token: mine });
    if (work.stage.kind === 'training') return now({ kind: 'trained', token: mine, metrics });
    if (work.stage.kind === 'uploading')
      return now({ kind: 'report-accepted', token: mine, receipt: receiptOf(assignment.round), sentBytes: 1 });
  }
  return { happening: { kind: 'tick' }, afterMs: Math.max(0, (nextWakeMs(state) ?? atMs) - atMs) };
}
