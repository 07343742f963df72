import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ABANDON_REASONS, type AbandonReason } from '../../shared/errors.ts';
import type { RoundOutcome } from './round.ts';
import { backoffMs, patchOf, runOf, stepRun, type TaskRun, type TaskRunEvent, type TaskRunStep } from './task-run.ts';

const ROW = { state: 'idle', roundsLeft: 0, evaluationWanted: false, abandonedInARow: 0, pausedReason: null } as const;
const FRESH = runOf(ROW, false);
const committed: RoundOutcome = { kind: 'committed', version: 1 };
const abandoned = (reason: AbandonReason = 'too-few'): RoundOutcome => ({ kind: 'abandoned', reason });

const take = (run: TaskRun, ...events: readonly Record<string, unknown>[]): TaskRunStep =>
  events.reduce<TaskRunStep>(({ run: before }, event) => stepRun(before, { at: 1_000, ...event } as TaskRunEvent), {
    run,
    effects: [],
    refusal: null,
  });
const started = (count: number): TaskRun => take(FRESH, { kind: 'start', count }).run;

describe('starting', () => {
  test('T1 T3 asking for rounds opens the first', () => {
    const { run, effects } = take(FRESH, { kind: 'start', count: 3 });
    expect(run).toMatchObject({ state: 'running', roundsLeft: 3, hasRound: true });
    expect(effects).toEqual(['open-round']);
  });

  test('T1 T3 more rounds while one is open: one at a time', () => {
    const { run, effects } = take(started(3), { kind: 'start', count: 4 });
    expect(run.roundsLeft).toBe(7);
    expect(effects).toEqual([]);
  });

  test('T2 committed rounds are counted down, and the last leaves the task idle', () => {
    const one = take(started(2), { kind: 'ended', outcome: committed });
    expect(one).toMatchObject({ run: { state: 'running', roundsLeft: 1, hasRound: true }, effects: ['open-round'] });
    const two = take(one.run, { kind: 'ended', outcome: committed });
    expect(two).toMatchObject({ run: { state: 'idle', roundsLeft: 0, hasRound: false }, effects: [] });
  });
});

describe('pausing', () => {
  test('T4 pause lets the round end and starts no other', () => {
    const paused = take(started(2), { kind: 'pause' });
    expect(paused).toMatchObject({ run: { state: 'paused', hasRound: true }, effects: [] });
    const after = take(paused.run, { kind: 'ended', outcome: committed });
    expect(after).toMatchObject({ run: { state: 'paused', roundsLeft: 1, hasRound: false }, effects: [] });
    expect(take(after.run, { kind: 'resume' })).toMatchObject({ run: { state: 'running' }, effects: ['open-round'] });
  });

  test('T4 resume while the round still runs opens none', () => {
    expect(take(started(2), { kind: 'pause' }, { kind: 'resume' })).toMatchObject({
      run: { state: 'running', hasRound: true },
      effects: [],
    });
  });

  test('T2 T4 a paused task whose last round commits is idle', () => {
    const { run } = take(started(1), { kind: 'pause' }, { kind: 'ended', outcome: committed });
    expect(run).toMatchObject({ state: 'idle', roundsLeft: 0 });
  });

  test('T3 asking a paused task for rounds runs it', () => {
    const paused = take(started(1), { kind: 'pause' }, { kind: 'ended', outcome: abandoned() }).run;
    expect(take(paused, { kind: 'start', count: 1 })).toMatchObject({
      run: { state: 'running', roundsLeft: 2, abandonedInARow: 0 },
      effects: ['open-round'],
    });
  });
});

describe('stopping', () => {
  test('T5 stop ends the round and forgets the rest', () => {
    const stopping = take(started(5), { kind: 'stop' });
    expect(stopping).toMatchObject({ run: { state: 'stopping', roundsLeft: 0 }, effects: ['stop-round'] });
    const after = take(stopping.run, { kind: 'ended', outcome: abandoned('stopped') });
    expect(after).toMatchObject({ run: { state: 'idle', abandonedInARow: 0 }, effects: [] });
  });

  test('T5 a stop that finds no round is done at once', () => {
    const resting = take(started(5), { kind: 'ended', outcome: abandoned() }).run;
    expect(take(resting, { kind: 'stop' }).run).toMatchObject({ state: 'idle', restsUntil: null });
    const paused = take(resting, { kind: 'pause' }).run;
    expect(take(paused, { kind: 'stop' }).run).toMatchObject({ state: 'idle', roundsLeft: 0 });
  });

  test('T5 a commit that could not be stopped leaves the task idle as well', () => {
    expect(take(started(5), { kind: 'stop' }, { kind: 'ended', outcome: committed }).run.state).toBe('idle');
  });

  test.each(['start', 'pause', 'resume'])('T5 T9 %s is refused while stopping', (kind) => {
    const { run } = take(started(5), { kind: 'stop' });
    const refused = take(run, { kind, count: 1 });
    expect(refused).toEqual({ run, effects: [], refusal: 'the task is being stopped' });
  });

  test('T5 stop again only stops again', () => {
    const { run } = take(started(5), { kind: 'stop' });
    expect(take(run, { kind: 'stop' })).toMatchObject({ run: { state: 'stopping' }, refusal: null });
  });

  test('T5 a restart finishes a stop', () => {
    const row = { ...ROW, state: 'stopping' } as const;
    expect(take(runOf(row, false), { kind: 'tick' }).run.state).toBe('idle');
    expect(take(runOf(row, true), { kind: 'stop' }).effects).toEqual(['stop-round']);
  });
});

describe('abandoned rounds', () => {
  test('T6 the next round waits 1, 2, 4, 8, 16, then 30 seconds', () => {
    expect([1, 2, 3, 4, 5, 6, 20].map(backoffMs)).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
    const resting = take(started(1), { kind: 'ended', outcome: abandoned() });
    expect(resting).toMatchObject({ run: { state: 'running', hasRound: false, restsUntil: 2_000 }, effects: [] });
    expect(take(resting.run, { kind: 'tick', at: 1_999 }).effects).toEqual([]);
    expect(take(resting.run, { kind: 'tick', at: 2_000 }).effects).toEqual(['open-round']);
  });

  test('T6 more rounds asked for meanwhile do not shorten the wait', () => {
    const resting = take(started(1), { kind: 'ended', outcome: abandoned() }).run;
    expect(take(resting, { kind: 'start', count: 1 }).effects).toEqual([]);
  });

  const abandonedTimes = (times: number, reason: AbandonReason = 'too-few'): TaskRun => {
    let run = started(1);
    for (let i = 0; i < times; i++) {
      run = take(run, { kind: 'ended', outcome: abandoned(reason) }).run;
      if (i < times - 1) run = take(run, { kind: 'tick', at: 1e9 }).run;
    }
    return run;
  };

  test('T7 the fifth in a row pauses the task with the reason, and a person may resume it', () => {
    expect(abandonedTimes(4)).toMatchObject({ state: 'running', abandonedInARow: 4 });
    const paused = abandonedTimes(5, 'everyone-left');
    expect(paused).toMatchObject({ state: 'paused', pausedReason: 'everyone-left', roundsLeft: 1, restsUntil: null });
    expect(take(paused, { kind: 'pause' }).run.pausedReason).toBe('everyone-left');
    expect(take(paused, { kind: 'resume' })).toMatchObject({
      run: { state: 'running', pausedReason: null, abandonedInARow: 0 },
      effects: ['open-round'],
    });
  });

  test('T2 T7 a committed round in between starts the count again', () => {
    const four = take(abandonedTimes(4), { kind: 'start', count: 1 }, { kind: 'tick', at: 1e9 }).run;
    const after = take(four, { kind: 'ended', outcome: committed }).run;
    expect(after).toMatchObject({ abandonedInARow: 0, roundsLeft: 1, state: 'running' });
  });
});

describe('what is impossible', () => {
  test.each(['pause', 'resume', 'stop'])('T9 %s is refused when nothing runs', (kind) => {
    expect(take(FRESH, { kind })).toMatchObject({ run: FRESH, effects: [], refusal: expect.any(String) });
  });

  test('what is durable is five fields', () => {
    expect(patchOf(started(2))).toEqual({
      state: 'running',
      roundsLeft: 2,
      evaluationWanted: false,
      abandonedInARow: 0,
      pausedReason: null,
    });
  });

  const event = fc.oneof(
    fc.record({ kind: fc.constant('start'), count: fc.integer({ min: 1, max: 3 }) }),
    fc.record({ kind: fc.constantFrom('pause', 'resume', 'stop', 'tick') }),
    fc.record({
      kind: fc.constant('ended'),
      outcome: fc.oneof(fc.constant(committed), fc.constantFrom(...ABANDON_REASONS).map(abandoned)),
    }),
  );

  test('T1 T9 whatever comes: one round at a time, none is forgotten, and a running task always goes on', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 60 }), (events) => {
        let run = FRESH;
        let at = 0;
        for (const what of events) {
          at += 500;
          // Only an open round can end.
          if (what.kind === 'ended' && !run.hasRound) continue;
          const before = run;
          const { run: after, effects, refusal } = stepRun(before, { ...what, at } as TaskRunEvent);
          if (refusal !== null) expect(after).toBe(before);
          if (effects.includes('open-round')) {
            expect(before.hasRound && what.kind !== 'ended').toBe(false);
            expect(after).toMatchObject({ state: 'running', hasRound: true });
          }
          if (effects.includes('stop-round')) expect(before.hasRound).toBe(true);
          if (after.hasRound !== before.hasRound)
            expect(after.hasRound ? effects.includes('open-round') : what.kind === 'ended').toBe(true);
          expect(after.roundsLeft).toBeGreaterThanOrEqual(0);
          if (after.state === 'running') expect(after.hasRound || after.restsUntil !== null).toBe(true);
          if (after.state === 'idle' || after.state === 'stopping') expect(after.roundsLeft).toBe(0);
          run = after;
        }
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('evaluating', () => {
  const asked = (run: TaskRun): TaskRunStep => take(run, { kind: 'evaluate' });

  test('T10 an idle task evaluates at once, and is idle again however it ended', () => {
    const { run, effects } = asked(FRESH);
    expect(run).toMatchObject({ state: 'running', roundsLeft: 0, evaluationWanted: true, hasRound: true });
    expect(effects).toEqual(['open-evaluation']);
    expect(asked(run)).toMatchObject({ run, effects: [] });
    expect(take(run, { kind: 'evaluated' })).toMatchObject({
      run: { state: 'idle', evaluationWanted: false, hasRound: false },
      effects: [],
    });
  });

  test('T10 between training rounds it comes next, takes none off, and counts for nothing', () => {
    const waiting = asked(take(started(2), { kind: 'ended', outcome: abandoned() }, { kind: 'tick', at: 9_000 }).run);
    expect(waiting.effects).toEqual([]);
    const evaluating = take(waiting.run, { kind: 'ended', outcome: committed });
    expect(evaluating).toMatchObject({ run: { roundsLeft: 1 }, effects: ['open-evaluation'] });
    const after = take(evaluating.run, { kind: 'evaluated' });
    expect(after).toMatchObject({ run: { state: 'running', roundsLeft: 1 }, effects: ['open-round'] });
  });

  test('T10 after the last training round the task stays awake for it', () => {
    const { run, effects } = take(asked(started(1)).run, { kind: 'ended', outcome: committed });
    expect([run.state, run.roundsLeft, effects]).toEqual(['running', 0, ['open-evaluation']]);
  });

  test('T10 a pause lets it end; a stop ends it and forgets what waits', () => {
    const { run } = asked(FRESH);
    expect(take(run, { kind: 'pause' }, { kind: 'evaluated' }).run.state).toBe('idle');
    const stopping = take(run, { kind: 'stop' });
    expect(stopping).toMatchObject({ run: { evaluationWanted: false }, effects: ['stop-round'] });
    expect(take(stopping.run, { kind: 'evaluated' }).run.state).toBe('idle');
    const asideTraining = asked(started(3)).run;
    expect(take(asideTraining, { kind: 'stop' }).run.evaluationWanted).toBe(false);
  });

  test('T9 not while it is paused or stopping', () => {
    expect(asked(take(started(2), { kind: 'pause' }).run).refusal).toContain('paused');
    expect(asked(take(started(2), { kind: 'stop' }).run).refusal).toContain('stopped');
  });
});
