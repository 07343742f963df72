import { expect, it } from 'vitest';
import type { RoundEnd } from '../../shared/protocol/index.ts';
import { assignmentOf, metrics, type Play, playedTo, receiptOf, sha256Of, tokenOf } from './fakes/play.ts';

const ended = (number: number, yours: RoundEnd['yours'], more: Partial<RoundEnd> = {}) =>
  ({
    kind: 'round',
    end: { number, outcome: 'committed', version: number, sha256: sha256Of(9), accepted: 2, yours, ...more },
  }) as const;

function assigned(): Play {
  const play = playedTo('waiting');
  play.on({ kind: 'assign', assignment: assignmentOf(1, { schedule: 'buffered' }) });
  play.on({ kind: 'weights', token: tokenOf(1) });
  expect(play.shows).toBe('training');
  return play;
}

it('C25: the end of a round that does not name the part changes nothing of it', () => {
  const play = assigned();
  expect(play.on(ended(1, null), ended(2, null))).toEqual([]);
  expect(play.shows).toBe('training');
});

it('C25: a stale part stops, is no failure, and the tab is available at once', () => {
  const play = assigned();
  expect(play.on(ended(4, 'rejected', { yoursReason: 'stale' }))).toEqual(['stop-work', 'check-in']);
  expect(play.view.notes).toMatchObject([{ round: 4, outcome: 'rejected', reason: 'stale' }]);
  expect(play.state.memory.failures).toBe(0);
});

it('C25: once reported the tab goes on, and each report is noted when its round ends', () => {
  const play = assigned();
  play.on({ kind: 'trained', token: tokenOf(1), metrics });
  const receipt = receiptOf(1, { round: 3, status: 'accepted' });
  expect(play.on({ kind: 'report-accepted', token: tokenOf(1), receipt, sentBytes: 108 })).toContain('check-in');
  expect(play.view.notes).toMatchObject([{ round: 3, outcome: 'accepted' }]);
  play.on({ kind: 'checked-in', answer: { ok: true } });
  play.on({ kind: 'assign', assignment: assignmentOf(2, { round: 3, schedule: 'buffered' }) });
  play.on(ended(3, null));
  expect(play.shows).toBe('downloading');
  expect(play.view.notes).toMatchObject([{ round: 3, outcome: 'counted', version: 3 }]);
});
