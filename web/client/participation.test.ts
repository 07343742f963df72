import { describe, expect, it } from 'vitest';
import type { RefusalReason } from '../../shared/errors.ts';
import type { RoundEnd } from '../../shared/protocol/index.ts';
import {
  assignmentOf,
  backend,
  metrics,
  Play,
  playedTo,
  receiptOf,
  sha256Of,
  status,
  tokenOf,
  welcome,
} from './fakes/play.ts';
import { nextWakeMs } from './participation.ts';
import type { Happening } from './participation-state.ts';

const refused = (reason: RefusalReason, retryAfterMs: number | null = null): Happening => ({
  kind: 'refused',
  reason,
  message: 'said so',
  retryAfterMs,
});
const reportRefused = (reason: RefusalReason, retryAfterMs: number | null = null, round = 1): Happening => ({
  kind: 'report-refused',
  token: tokenOf(round),
  reason,
  message: 'said so',
  retryAfterMs,
  sentBytes: 108,
});
const failed = (reason: Extract<Happening, { kind: 'training-failed' }>['reason']): Happening => ({
  kind: 'training-failed',
  token: tokenOf(1),
  reason,
  message: 'said so',
});
const ended = (yours: RoundEnd['yours'], more: Partial<RoundEnd> = {}): Happening => ({
  kind: 'round',
  end: { number: 1, outcome: 'committed', version: 5, sha256: sha256Of(5), accepted: 3, yours, ...more },
});
const resumed = (answer: Extract<Happening, { kind: 'resumed' }>['answer'], round = 1): Happening => ({
  kind: 'resumed',
  token: tokenOf(round),
  answer,
});
const alive = (round = 1): Happening => resumed({ ok: true, assignment: assignmentOf(round), receipt: null }, round);

describe('beginning and ending', () => {
  it('C1: nothing has an effect before start', () => {
    const play = new Play();
    expect(
      play.on(
        { kind: 'lock', held: true },
        { kind: 'examples', count: 3 },
        { kind: 'resume', cause: 'person' },
        { kind: 'welcome', welcome },
        { kind: 'assign', assignment: assignmentOf(1) },
        { kind: 'tick' },
      ),
    ).toEqual([]);
    expect(play.shows).toBe('idle');
  });

  it('C1: nothing has an effect after leave, until a new start', () => {
    const play = playedTo('training');
    play.on({ kind: 'leave' });
    expect(
      play.on({ kind: 'trained', token: tokenOf(1), metrics }, { kind: 'resume', cause: 'person' }, { kind: 'tick' }),
    ).toEqual([]);
    expect(play.shows).toBe('left');
    expect(play.on({ kind: 'start' })).toEqual(['request-lock']);
  });

  it('C2: only the holder of the lock counts and connects', () => {
    const play = new Play();
    expect(play.on({ kind: 'start' })).toEqual(['request-lock']);
    expect(play.shows).toBe('connecting');
    expect(play.on({ kind: 'lock', held: false })).toEqual([]);
    expect(play.shows).toBe('other-tab');
    expect(play.on({ kind: 'lock', held: true })).toEqual(['count-examples']);
    expect(play.on({ kind: 'examples', count: 20 })).toEqual(['connect']);
    expect(play.shows).toBe('connecting');
  });

  it('C2: a tab that loses the lock gives its part back and disconnects', () => {
    const play = playedTo('training');
    expect(play.on({ kind: 'lock', held: false })).toEqual(['stop-work', 'check-out', 'disconnect']);
    expect(play.shows).toBe('other-tab');
  });

  it('C3: no examples, no connection', () => {
    const play = new Play();
    play.on({ kind: 'start' }, { kind: 'lock', held: true });
    expect(play.on({ kind: 'examples', count: 0 })).toEqual([]);
    expect(play.shows).toBe('needs-data');
    expect(play.on({ kind: 'examples', count: 1 })).toEqual(['connect']);
  });

  it('C3: the last example deleted ends the part and the session', () => {
    const play = playedTo('training');
    expect(play.on({ kind: 'examples', count: 0 })).toEqual(['stop-work', 'check-out', 'disconnect']);
    expect(play.shows).toBe('needs-data');
  });

  it('C3: where only a prepared trainer can count, it counts before the check-in', () => {
    const play = new Play();
    play.on({ kind: 'start' }, { kind: 'lock', held: true });
    expect(play.on({ kind: 'examples', count: null })).toEqual(['connect']);
    play.on({ kind: 'welcome', welcome });
    expect(play.on({ kind: 'prepared', backend })).toEqual(['count-examples']);
    expect(play.shows).toBe('preparing');
    expect(play.on({ kind: 'examples', count: 5 })).toEqual(['check-in']);
    expect(play.on({ kind: 'examples', count: 0 })).toEqual(['check-out', 'disconnect']);
    expect(play.shows).toBe('needs-data');
  });

  it('C4: a pause stops the work, gives the part back and keeps the session', () => {
    const play = playedTo('training');
    expect(play.on({ kind: 'pause', cause: 'person' })).toEqual(['stop-work', 'check-out']);
    expect(play.shows).toBe('paused');
    expect(play.view.connected).toBe(true);
    expect(play.on({ kind: 'status', status: { ...status, online: 9 } })).toEqual([]);
    expect(play.view.status?.online).toBe(9);
    expect(play.on({ kind: 'resume', cause: 'person' })).toEqual(['count-examples', 'check-in']);
  });

  it('C4: a pause gives back being available', () => {
    const play = playedTo('waiting');
    expect(play.on({ kind: 'pause', cause: 'battery-low' })).toEqual(['check-out']);
    expect(play.shows).toBe('paused-battery(battery-low)');
  });

  it.each([
    ['battery-low', 'paused-battery(battery-low)'],
    ['on-battery', 'paused-battery(on-battery)'],
    ['data-saver', 'paused-data(data-saver)'],
    ['metered', 'paused-data(metered)'],
    ['day-data', 'paused-data(day-data)'],
    ['day-time', 'paused(day-time)'],
    ['hidden', 'paused(hidden)'],
    ['person', 'paused'],
  ] as const)('C4: a pause because of %s is told as %s, the person’s before any other', (cause, shown) => {
    const play = playedTo('training');
    expect(play.on({ kind: 'pause', cause })).toEqual(['stop-work', 'check-out']);
    expect(play.shows).toBe(shown);
    play.on({ kind: 'pause', cause: 'person' });
    expect(play.shows).toBe('paused');
  });

  it('C4: an assignment that meets a pause is given back', () => {
    const play = playedTo('waiting');
    play.on({ kind: 'pause', cause: 'person' });
    expect(play.on({ kind: 'assign', assignment: assignmentOf(1) })).toEqual(['stop-work', 'check-out']);
    expect(play.view.notes.map(({ outcome }) => outcome)).toEqual(['dropped']);
  });

  it('C4: a paused tab opens no session', () => {
    const play = playedTo('waiting');
    play.on({ kind: 'pause', cause: 'person' }, { kind: 'disconnected' });
    expect(play.after(60_000)).toEqual([]);
    expect(play.on({ kind: 'resume', cause: 'person' })).toEqual(['count-examples', 'connect']);
  });

  it('C4: each cause lifts its own pause, the person all', () => {
    const play = playedTo('waiting');
    play.on(
      { kind: 'pause', cause: 'battery-low' },
      { kind: 'pause', cause: 'data-saver' },
      { kind: 'pause', cause: 'battery-low' },
    );
    expect(play.on({ kind: 'resume', cause: 'battery-low' })).toEqual([]);
    expect(play.shows).toBe('paused-data(data-saver)');
    expect(play.on({ kind: 'pause', cause: 'person' }, { kind: 'resume', cause: 'person' })).toEqual([
      'count-examples',
      'check-in',
    ]);
    expect(play.shows).toBe('waiting');
  });

  it('C4: the end of a report that was sent before a pause is noted', () => {
    const play = playedTo('reported');
    expect(play.on({ kind: 'pause', cause: 'person' })).toEqual([]);
    play.on(ended('accepted'));
    expect(play.view.notes).toEqual([
      expect.objectContaining({ round: 1, outcome: 'counted', version: 5, sentBytes: 108 }),
    ]);
    expect(play.shows).toBe('paused');
  });

  it('C5: a session is welcomed, prepared and then checked in with the backend and the weights held', () => {
    const play = playedTo('online');
    expect(play.effects.map(({ kind }) => kind)).toContain('prepare');
    expect(play.shows).toBe('preparing');
    play.on({ kind: 'prepared', backend });
    expect(play.effects).toEqual([{ kind: 'check-in', examples: 20, backend: 'webgl', held: null, stepMs: null }]);
    play.on({ kind: 'checked-in', answer: { ok: true } });
    expect(play.shows).toBe('waiting');
  });

  it('C5: after a part in a round it checks in again, with the weights it has', () => {
    const play = playedTo('reported');
    play.on(ended('accepted'));
    expect(play.effects).toEqual([
      { kind: 'check-in', examples: 20, backend: 'webgl', held: sha256Of(1), stepMs: null },
    ]);
  });

  it('C5: the same model is not prepared again after a reconnect, another one is', () => {
    const play = playedTo('waiting');
    play.on({ kind: 'disconnected' });
    play.after(60_000);
    expect(play.on({ kind: 'welcome', welcome: structuredClone(welcome) })).toEqual(['check-in']);
    play.on({ kind: 'disconnected' });
    play.after(60_000);
    const other = { ...welcome, participation: { ...welcome.participation, parameters: 4 } };
    expect(play.on({ kind: 'welcome', welcome: other })).toEqual(['prepare']);
  });

  it('C6: not selected: comes back within the window, and no reconnect or pause shortens it', () => {
    const play = playedTo('waiting');
    play.on({ kind: 'retry', window: { round: 1, afterMs: 10_000, beforeMs: 14_000 } });
    expect(play.shows).toBe('not-selected');
    expect(play.view.retryInMs).toBe(12_000);
    play.on({ kind: 'disconnected' });
    play.after(2_000);
    expect(play.on({ kind: 'welcome', welcome })).toEqual([]);
    play.on({ kind: 'pause', cause: 'person' });
    expect(play.on({ kind: 'resume', cause: 'person' })).toEqual(['count-examples']);
    expect(play.shows).toBe('not-selected');
    expect(play.after(9_999)).toEqual([]);
    expect(play.after(1)).toEqual(['check-in']);
  });
});

describe('one part in a round', () => {
  it('C7: training goes on while the session is cut, and its report waits for the word of the server', () => {
    const play = playedTo('training');
    expect(play.on({ kind: 'disconnected' })).toEqual([]);
    expect(play.shows).toBe('training');
    expect(play.view.connected).toBe(false);
    expect(play.on({ kind: 'trained', token: tokenOf(1), metrics })).toEqual([]);
    expect(play.shows).toBe('server-away');
    expect(play.after(1_000)).toEqual(['connect']);
    expect(play.on({ kind: 'welcome', welcome })).toEqual(['ask-resume']);
    expect(play.on(alive())).toEqual(['tell', 'upload']);
  });

  it('C7: weights that came while the session was cut are not trained on before the word of the server', () => {
    const play = playedTo('downloading');
    play.on({ kind: 'disconnected' });
    expect(play.on({ kind: 'weights', token: tokenOf(1) })).toEqual([]);
    play.after(1_000);
    expect(play.on({ kind: 'welcome', welcome })).toEqual(['ask-resume']);
    expect(play.on(alive())).toEqual(['tell', 'train']);
  });

  it('C7: an upload that is cut is begun again once the assignment is alive', () => {
    const play = playedTo('uploading');
    expect(play.on({ kind: 'disconnected' })).toEqual(['stop-upload']);
    play.after(1_000);
    play.on({ kind: 'welcome', welcome });
    expect(play.on(alive())).toEqual(['tell', 'upload']);
  });

  it('C7: an assignment that is over is given up, and the tab is available again', () => {
    const play = playedTo('training');
    play.on({ kind: 'disconnected' });
    play.after(1_000);
    play.on({ kind: 'welcome', welcome });
    expect(play.on(resumed({ ok: true, assignment: null, receipt: null }))).toEqual([
      'stop-work',
      'check-out',
      'check-in',
    ]);
    expect(play.shows).toBe('late');
    expect(play.view.notes[0]?.outcome).toBe('dropped');
  });

  it('C7: a receipt that was lost with the session is found again', () => {
    const play = playedTo('uploading');
    play.on({ kind: 'disconnected' });
    play.after(1_000);
    play.on({ kind: 'welcome', welcome });
    expect(play.on(resumed({ ok: true, assignment: null, receipt: receiptOf(1) }))).toEqual(['stop-work']);
    expect(play.shows).toBe('accepted');
    expect(play.view.counted).toBe(1);
  });

  it('C7: a round that ended while the session was cut is noted from its receipt', () => {
    const play = playedTo('reported');
    play.on({ kind: 'disconnected' });
    play.after(1_000);
    expect(play.on({ kind: 'welcome', welcome })).toEqual(['ask-resume']);
    const receipt = receiptOf(1, { status: 'counted', version: 5 });
    expect(play.on(resumed({ ok: true, assignment: null, receipt }))).toEqual(['check-in']);
    expect(play.view.notes).toEqual([
      expect.objectContaining({ outcome: 'counted', version: 5, sentBytes: 108, receipt }),
    ]);
    expect(play.view.counted).toBe(1);
  });

  it('C7: a server that cannot tell is asked again after a reconnect', () => {
    const play = playedTo('uploading');
    play.on({ kind: 'disconnected' });
    play.after(1_000);
    play.on({ kind: 'welcome', welcome });
    const answer = { ok: false, reason: 'internal', message: 'logged', retryAfterMs: 4_000 } as const;
    expect(play.on(resumed(answer))).toEqual(['disconnect']);
    expect(play.after(5_000)).toEqual(['connect']);
    expect(play.on({ kind: 'welcome', welcome })).toEqual(['ask-resume']);
  });

  it('C7: after a freeze the server is asked before anything new begins', () => {
    const play = playedTo('training');
    play.on({ kind: 'woken' });
    const { token, updateId } = assignmentOf(1);
    expect(play.effects).toEqual([{ kind: 'ask-resume', token, updateId }]);
    expect(play.on({ kind: 'trained', token: tokenOf(1), metrics })).toEqual([]);
    expect(play.on(alive())).toEqual(['tell', 'upload']);
    expect(playedTo('waiting').on({ kind: 'woken' })).toEqual([]);
    expect(playedTo('reported').on({ kind: 'woken' })).toEqual(['ask-resume']);
  });

  it('C7: a freeze lets the lock go and keeps the part, which goes on when lock and server say so', () => {
    const play = playedTo('training');
    expect(play.on({ kind: 'slept' })).toEqual(['release-lock']);
    expect(play.on({ kind: 'trained', token: tokenOf(1), metrics }, { kind: 'tick' })).toEqual([]);
    expect(play.on({ kind: 'woken' })).toEqual(['request-lock']);
    expect(play.on({ kind: 'lock', held: true })).toEqual(['count-examples', 'ask-resume']);
    expect(play.on(alive())).toEqual(['tell', 'upload']);
  });

  it('C7: a tab whose lock another took while it was frozen stops what still runs and shows other-tab', () => {
    const play = playedTo('training');
    play.on({ kind: 'slept' }, { kind: 'woken' });
    expect(play.on({ kind: 'lock', held: false })).toEqual(['stop-work', 'check-out', 'disconnect']);
    expect(play.shows).toBe('other-tab');
  });

  it('C7: a session that went while the tab was frozen is not opened before the lock is held again', () => {
    const play = playedTo('waiting');
    play.on({ kind: 'slept' }, { kind: 'disconnected' });
    expect(play.after(600_000)).toEqual([]);
    expect(play.on({ kind: 'woken' })).toEqual(['request-lock']);
    expect(play.on({ kind: 'lock', held: true }, { kind: 'tick' })).toEqual(['count-examples', 'connect']);
  });

  it('C8: the same assignment again changes nothing', () => {
    const play = playedTo('training');
    expect(play.on({ kind: 'assign', assignment: assignmentOf(1) })).toEqual([]);
    expect(play.shows).toBe('training');
  });

  it('C8: another assignment replaces the present one', () => {
    const play = playedTo('training');
    expect(play.on({ kind: 'assign', assignment: assignmentOf(2) })).toEqual(['stop-work', 'tell', 'obtain']);
    expect(play.view).toMatchObject({ state: 'downloading', round: 2 });
    expect(play.view.notes.map(({ round, outcome }) => [round, outcome])).toEqual([[1, 'dropped']]);
  });

  it('C9: what is heard of another assignment has no effect', () => {
    const play = playedTo('training', 2);
    const before = play.state;
    const token = tokenOf(1);
    const effects = play.on(
      { kind: 'weights', token },
      { kind: 'trained', token, metrics },
      failed('failed'),
      reportRefused('late'),
      { kind: 'report-accepted', token, receipt: receiptOf(1), sentBytes: 1 },
      { kind: 'progress', token, progress: { step: 1, steps: 2, loss: 1 } },
    );
    expect(effects).toEqual([]);
    expect(play.state).toEqual(before);
  });

  it('C9: a stage that did not begin cannot end', () => {
    const play = playedTo('downloading');
    const before = play.state;
    const token = tokenOf(1);
    play.on(
      { kind: 'trained', token, metrics },
      { kind: 'report-accepted', token, receipt: receiptOf(1), sentBytes: 1 },
    );
    expect(play.state).toEqual(before);
  });

  it.each([
    ['accepted', {}, 'accepted', 'counted'],
    ['accepted', { outcome: 'abandoned', reason: 'stopped' }, 'abandoned(stopped)', 'abandoned'],
  ] as const)('C10: a reported part ends %s %j as %s', (yours, more, shows, outcome) => {
    const play = playedTo('reported');
    play.on(ended(yours, more));
    expect(play.shows).toBe(shows);
    expect(play.view.notes.map((note) => note.outcome)).toEqual([outcome]);
    expect(play.view.counted).toBe(1);
  });

  it.each([
    ['late', {}, 'late', 'late'],
    ['surplus', {}, 'surplus', 'surplus'],
    ['dropped', {}, 'late', 'dropped'],
    [null, {}, 'late', 'dropped'],
    ['rejected', { yoursReason: 'norm' }, 'rejected(norm)', 'rejected'],
    ['dropped', { outcome: 'abandoned', reason: 'too-few' }, 'abandoned(too-few)', 'abandoned'],
    ['late', { outcome: 'abandoned', reason: 'too-few' }, 'abandoned(too-few)', 'abandoned'],
    ['accepted', {}, 'accepted', 'counted'],
  ] as const)('C10: a part under way ends %s %j as %s', (yours, more, shows, outcome) => {
    const play = playedTo('uploading');
    expect(play.on(ended(yours, more))).toEqual(['stop-work', 'check-in']);
    expect(play.shows).toBe(shows);
    expect(play.view.notes.map((note) => note.outcome)).toEqual([outcome]);
    expect(play.after(5_000)).toEqual([]);
    expect(play.shows).toBe('waiting');
  });

  it('C10: a round this tab had no part in changes nothing', () => {
    const play = playedTo('waiting');
    expect(play.on(ended(null))).toEqual([]);
    expect(play.view.notes).toEqual([]);
    expect(play.shows).toBe('waiting');
  });

  it.each([
    ['waiting', 'dropped', ['check-in']],
    ['waiting', 'surplus', ['check-in']],
    ['waiting', 'late', ['check-in']],
    ['waiting', 'accepted', []],
    ['waiting', null, []],
    ['training', 'dropped', ['stop-work', 'check-in']],
  ] as const)('C28: who is %s and hears of a part of its own that ended %s does %j', (state, yours, effects) => {
    const play = playedTo(state);
    expect(play.on(ended(yours, { outcome: 'abandoned', reason: 'failed' }))).toEqual(effects);
  });

  it('C10: the end of an earlier round leaves the present part alone', () => {
    const play = playedTo('training', 2);
    expect(play.on(ended('dropped'))).toEqual([]);
    expect(play.shows).toBe('training');
  });

  it('C11: weights that do not come give the part back', () => {
    const play = playedTo('downloading');
    expect(play.on({ kind: 'weights-failed', token: tokenOf(1), message: 'the server answered 404' })).toEqual([
      'stop-work',
      'check-out',
    ]);
    expect(play.view.retryInMs).toBe(1_000);
    expect(play.after(1_000)).toEqual(['check-in']);
  });

  it('C12: a lost backend is prepared anew twice, then the part is given back', () => {
    const play = playedTo('training');
    for (let loss = 0; loss < 2; loss++) {
      expect(play.on(failed('backend-lost'))).toEqual(['prepare']);
      expect(play.shows).toBe('preparing');
      expect(play.on({ kind: 'prepared', backend })).toEqual(['tell', 'train']);
    }
    expect(play.on(failed('backend-lost'))).toEqual(['stop-work', 'check-out', 'prepare']);
    expect(play.view.notes[0]?.outcome).toBe('dropped');
  });

  it('C12: failures back off, and the fifth in a row stops the tab until the person resumes', () => {
    const play = playedTo('waiting');
    const delays: (number | null)[] = [];
    for (let failure = 1; failure <= 5; failure++) {
      play.on(
        { kind: 'assign', assignment: assignmentOf(1) },
        { kind: 'weights', token: tokenOf(1) },
        failed('not-finite'),
      );
      delays.push(play.view.retryInMs);
      play.after(play.view.retryInMs ?? 0);
      play.on({ kind: 'checked-in', answer: { ok: true } });
    }
    expect(delays).toEqual([1_000, 2_000, 4_000, 8_000, null]);
    expect(play.shows).toBe('error(not-finite)');
    expect(play.view.connected).toBe(false);
    play.after(60_000);
    expect(play.on({ kind: 'resume', cause: 'person' })).toEqual(['count-examples', 'connect']);
  });

  it('C12: why it failed is shown until the next try', () => {
    const play = playedTo('training');
    play.on(failed('exploded'));
    expect(play.shows).toBe('waiting(exploded)');
    expect(play.view.detail).not.toBeNull();
    play.after(play.view.retryInMs ?? 0);
    expect(play.shows).toBe('waiting');
    expect(play.view.detail).toBeNull();
  });

  it.each(['waiting', 'downloading', 'training'] as const)(
    'C23: another backend chosen while %s is prepared at once, and then the tab is available again',
    (place) => {
      const play = playedTo(place);
      const gave = place === 'waiting' ? [] : ['stop-work'];
      expect(play.on({ kind: 'choose' })).toEqual([...gave, 'check-out', 'prepare']);
      expect(play.effects.at(-1)).toMatchObject({ isAnew: true });
      expect(play.on({ kind: 'prepared', backend })).toEqual(['check-in']);
    },
  );

  it.each(['uploading', 'reported'] as const)(
    'C23: what is trained when another is chosen still counts (%s)',
    (place) => {
      const play = playedTo(place);
      expect(play.on({ kind: 'choose' })).toEqual(['prepare']);
      if (place === 'uploading')
        play.on({ kind: 'report-accepted', token: tokenOf(1), receipt: receiptOf(1), sentBytes: 108 });
      expect(play.shows).toBe('accepted');
    },
  );

  it('C23: before anything is prepared, and while it is, the choice is only another preparation', () => {
    const early = new Play();
    early.on({ kind: 'start' }, { kind: 'lock', held: true });
    expect(early.on({ kind: 'choose' })).toEqual([]);
    const play = playedTo('online');
    expect(play.on({ kind: 'choose' })).toEqual(['prepare']);
    expect(play.on({ kind: 'prepared', backend })).toEqual(['check-in']);
  });

  it('C12: damaged examples stop the tab until they are counted again', () => {
    const play = playedTo('training');
    expect(play.on(failed('dataset-damaged'))).toEqual(['stop-work', 'check-out', 'disconnect']);
    expect(play.shows).toBe('error(dataset-damaged)');
    expect(play.on({ kind: 'examples', count: 12 })).toEqual(['connect']);
  });

  it('C12: a device that cannot train this model says so and rests', () => {
    const play = playedTo('online');
    expect(play.on({ kind: 'unprepared', message: 'no backend' })).toEqual(['disconnect']);
    expect(play.shows).toBe('unsupported(backend)');
    expect(play.view.detail).toBe('no backend');
    expect(nextWakeMs(play.state)).toBeNull();
  });

  it.each(['size', 'count', 'schema', 'layout', 'hash', 'norm'] as const)(
    'C13: the rejection %s ends the part',
    (reason) => {
      const play = playedTo('uploading');
      expect(play.on(reportRefused(reason))).toEqual(['stop-work']);
      expect(play.shows).toBe(`rejected(${reason})`);
      expect(play.view.notes).toEqual([expect.objectContaining({ outcome: 'rejected', reason, sentBytes: 108 })]);
      expect(play.after(1_000)).toEqual(['check-in']);
      expect(play.on(ended('rejected', { yoursReason: 'norm' }))).toEqual([]);
      expect(play.view.notes).toHaveLength(1);
    },
  );

  it.each(['zero', 'not-finite'] as const)('C13: after the rejection %s the backend is prepared anew', (reason) => {
    const play = playedTo('uploading');
    expect(play.on(reportRefused(reason))).toEqual(['stop-work', 'prepare']);
  });

  it.each([
    ['late', 'late(late)', 'late'],
    ['surplus', 'surplus(surplus)', 'surplus'],
    ['conflict', 'rejected(conflict)', 'rejected'],
    ['not-assigned', 'late(not-assigned)', 'dropped'],
    ['wrong-round', 'late(wrong-round)', 'dropped'],
  ] as const)('C13: the refusal %s ends the part and the tab is available again', (reason, shows, outcome) => {
    const play = playedTo('uploading');
    expect(play.on(reportRefused(reason))).toEqual(['stop-work', 'check-in']);
    expect(play.shows).toBe(shows);
    expect(play.view.notes.map((note) => note.outcome)).toEqual([outcome]);
  });

  it.each(['busy', 'draining', 'storage-full', 'rate', 'internal'] as const)(
    'C14: after %s the same report is sent again',
    (reason) => {
      const play = playedTo('uploading');
      expect(play.on(reportRefused(reason, 2_000))).toEqual([]);
      expect(play.shows).toBe(`uploading(${reason})`);
      expect(play.view.retryInMs).toBe(2_500);
      expect(play.after(2_499)).toEqual([]);
      expect(play.after(1)).toEqual(['tell', 'upload']);
    },
  );

  it('C14: a report whose chunks keep arriving damaged is given up', () => {
    const play = playedTo('uploading');
    for (let hold = 0; hold < 2; hold++) {
      expect(play.on(reportRefused('chunk'))).toEqual([]);
      expect(play.after(60_000 / 8)).toEqual(['tell', 'upload']);
    }
    expect(play.on(reportRefused('chunk'))).toEqual(['stop-work', 'check-out']);
  });

  it('C15: what has not been sent in time is given up', () => {
    const play = playedTo('training');
    expect(play.after(64_999)).toEqual([]);
    expect(play.after(1)).toEqual(['stop-work', 'check-out', 'check-in']);
    expect(play.shows).toBe('late');
  });

  it('C15: what is being sent has its answer from the server', () => {
    const play = playedTo('uploading');
    expect(play.after(120_000)).toEqual([]);
    expect(play.shows).toBe('uploading');
  });

  it('C16: progress is told at most twice a second', () => {
    const play = playedTo('training');
    const progress = (step: number): Happening => ({
      kind: 'progress',
      token: tokenOf(1),
      progress: { step, steps: 10, loss: step === 2 ? null : 1 / (step + 1) },
    });
    expect(play.after(499, progress(1))).toEqual([]);
    play.after(1, progress(2));
    expect(play.effects).toEqual([{ kind: 'tell', token: tokenOf(1), phase: 'training', share: 0.2 }]);
    expect(play.after(100, progress(3))).toEqual([]);
    expect(play.view).toMatchObject({ progress: { step: 3 }, losses: [0.5, 0.25] });
  });
});

describe('the network', () => {
  it('C17: tries again later each time, and from the beginning after a good session', () => {
    const play = new Play();
    play.on({ kind: 'start' }, { kind: 'lock', held: true }, { kind: 'examples', count: 1 });
    const delays: (number | null)[] = [];
    for (let attempt = 0; attempt < 7; attempt++) {
      play.on({ kind: 'disconnected' });
      expect(play.shows).toBe('server-away');
      delays.push(play.view.retryInMs);
      expect(play.after(play.view.retryInMs ?? 0)).toEqual(['connect']);
    }
    expect(delays).toEqual([375, 750, 1_500, 3_000, 6_000, 11_250, 11_250]);
    play.on({ kind: 'welcome', welcome });
    play.after(10_000, { kind: 'disconnected' });
    expect(play.view.retryInMs).toBe(375);
  });

  it('C17: a draining server is left with what runs, and asked again after its hint', () => {
    const play = playedTo('training');
    expect(play.on({ kind: 'draining', retryAfterMs: 8_000 })).toEqual([]);
    expect(play.on({ kind: 'trained', token: tokenOf(1), metrics })).toEqual(['tell', 'upload']);
    play.on({ kind: 'disconnected' });
    expect(play.shows).toBe('server-away(draining)');
    expect(play.view.retryInMs).toBe(10_000);
  });

  it.each(['upgrade-required', 'unauthorized', 'origin', 'unknown-task'] as const)(
    'C18: %s stops the tab until the person resumes',
    (reason) => {
      const play = new Play();
      play.on({ kind: 'start' }, { kind: 'lock', held: true }, { kind: 'examples', count: 1 });
      expect(play.on(refused(reason))).toEqual(['disconnect']);
      expect(play.shows).toBe(`error(${reason})`);
      expect(play.view.detail).toBe('said so');
      expect(nextWakeMs(play.state)).toBeNull();
      expect(play.on({ kind: 'resume', cause: 'person' })).toEqual(['count-examples', 'connect']);
    },
  );

  it('C18: what the server could not read is sent again, and stops the tab the third time in a row', () => {
    const play = playedTo('online');
    const misread = refused('bad-message');
    play.on({ kind: 'prepared', backend });
    play.on({ kind: 'checked-in', answer: { ok: false, reason: 'bad-message', message: 'said so' } });
    expect(play.view).toMatchObject({ connected: true, reason: 'bad-message' });
    expect(play.after(60_000)).toEqual(['check-in']);
    play.on({ kind: 'checked-in', answer: { ok: true } }, misread);
    expect(play.shows).toBe('server-away(bad-message)');
    play.after(60_000);
    play.on(misread);
    expect(play.shows).toBe('server-away(bad-message)');
    play.after(60_000);
    expect(play.on(misread)).toEqual(['disconnect']);
    expect(play.shows).toBe('error(bad-message)');
    expect(nextWakeMs(play.state)).toBeNull();
    expect(play.on({ kind: 'resume', cause: 'person' })).toEqual(['count-examples', 'connect']);
  });

  it('C18: a tab that was replaced does not chase the other one', () => {
    const play = playedTo('training');
    play.on(refused('replaced'));
    expect(play.shows).toBe('other-tab(replaced)');
    expect(nextWakeMs(play.state)).toBeNull();
    play.on({ kind: 'lock', held: false });
    expect(play.on({ kind: 'lock', held: true })).toEqual(['count-examples', 'connect']);
  });

  it.each(['rate', 'busy', 'draining', 'internal', 'storage-full'] as const)(
    'C18: a session refused with %s is tried again',
    (reason) => {
      const play = new Play();
      play.on({ kind: 'start' }, { kind: 'lock', held: true }, { kind: 'examples', count: 1 });
      play.on(refused(reason, 4_000));
      expect(play.shows).toBe(`server-away(${reason})`);
      expect(play.after(4_999)).toEqual([]);
      expect(play.after(1)).toEqual(['connect']);
    },
  );

  it('C18: another live session of this client is waited for', () => {
    const play = new Play();
    play.on({ kind: 'start' }, { kind: 'lock', held: true }, { kind: 'examples', count: 1 }, refused('other-tab'));
    expect(play.shows).toBe('other-tab(other-tab)');
    expect(play.after(2_500)).toEqual(['connect']);
  });

  it('C18: a session that is refused while it checks in is over, a check-in alone is not', () => {
    const checkingIn = playedTo('online');
    checkingIn.on({ kind: 'prepared', backend });
    checkingIn.on({
      kind: 'checked-in',
      answer: { ok: false, reason: 'draining', message: 'soon', retryAfterMs: 2_000 },
    });
    expect(checkingIn.view).toMatchObject({ connected: true, state: 'waiting', reason: 'draining', retryInMs: 2_500 });
    expect(checkingIn.after(2_500)).toEqual(['check-in']);
    checkingIn.on(refused('draining', 2_000));
    expect(checkingIn.view).toMatchObject({ connected: false, state: 'server-away' });
  });
});

describe('leaving', () => {
  it.each(['online', 'waiting', 'downloading', 'training', 'uploading'] as const)(
    'C21: leaving while %s ends everything in one step',
    (place) => {
      const play = playedTo(place);
      const effects = play.on({ kind: 'leave' });
      expect(effects.slice(-3)).toEqual(['disconnect', 'release-lock', 'close-trainer']);
      expect(effects.includes('stop-work')).toBe(!['online', 'waiting'].includes(place));
      expect(effects.includes('check-out')).toBe(place !== 'online');
      expect(play.shows).toBe('left');
      expect(nextWakeMs(play.state)).toBeNull();
    },
  );
});

describe('evaluation rounds', () => {
  const asked = (): Play => {
    const play = playedTo('waiting');
    play.on({ kind: 'assign', assignment: assignmentOf(1, { purpose: 'evaluate' }) });
    play.on({ kind: 'weights', token: tokenOf(1) });
    return play;
  };

  it('C24: the counts are sent, and their note names the version that was scored', () => {
    const play = asked();
    expect([play.view.state, play.view.purpose]).toEqual(['training', 'evaluate']);
    expect(play.on({ kind: 'trained', token: tokenOf(1), metrics: null })).toEqual(['tell', 'upload']);
    expect(play.view.lastReport).toBeNull();
    play.on({ kind: 'report-accepted', token: tokenOf(1), receipt: receiptOf(1), sentBytes: 196 });
    play.on({ kind: 'round', end: { number: 1, outcome: 'committed', accepted: 3, yours: 'accepted' } });
    expect(play.view.notes).toEqual([
      expect.objectContaining({ purpose: 'evaluate', outcome: 'counted', version: 0, sentBytes: 196 }),
    ]);
    expect([play.view.state, play.view.purpose]).toEqual(['accepted', 'evaluate']);
    play.after(6_000);
    expect([play.view.state, play.view.purpose]).toEqual(['waiting', 'train']);
  });

  it('C24: a report that was sent before a pause gets its end all the same', () => {
    const play = asked();
    play.on({ kind: 'trained', token: tokenOf(1), metrics: null });
    play.on({ kind: 'report-accepted', token: tokenOf(1), receipt: receiptOf(1), sentBytes: 196 });
    play.on({ kind: 'pause', cause: 'person' });
    play.on({ kind: 'round', end: { number: 1, outcome: 'committed', accepted: 3, yours: 'accepted' } });
    expect(play.view.notes).toEqual([expect.objectContaining({ purpose: 'evaluate', outcome: 'counted', version: 0 })]);
  });

  it('C24: where nothing is set aside the round is sat out, which is no failure', () => {
    const play = asked();
    expect(play.on(failed('no-examples'))).toEqual(['stop-work', 'check-out', 'check-in']);
    expect(play.view).toMatchObject({ examples: 20, notes: [{ outcome: 'declined', purpose: 'evaluate' }] });
    expect(play.state.memory.failures).toBe(0);
    play.on({ kind: 'checked-in', answer: { ok: true } });
    expect(play.shows).toBe('waiting');
  });
});
