import type { TaskSpec } from '../../../shared/task/spec.ts';
import { formatDuration, formatNumber } from '../../ui/index.ts';
import type { Round } from '../answers.ts';
import { durationMs } from '../history.ts';
import { adminWords } from '../words/index.ts';

/** What became of a round, and why, in one sentence. */
export function roundSentence(round: Round, spec: Pick<TaskSpec, 'rounds'>): string {
  const t = adminWords().sentences;
  const number = formatNumber(round.number);
  const accepted = formatNumber(round.accepted);
  const minimum = formatNumber(spec.rounds.minimum);
  if (round.outcome === null) return t.running(number);
  if (round.outcome === 'committed' && round.purpose === 'evaluate') {
    return t.evaluated(number, formatNumber(round.baseVersion), accepted, formatDuration(durationMs(round)));
  }
  if (round.outcome === 'committed') {
    const version = formatNumber(round.version ?? null);
    return t.committed(number, version, accepted, formatNumber(round.selected), formatDuration(durationMs(round)));
  }
  if (round.reason === 'too-few') {
    return round.selected === 0 ? t.nobody(number, minimum) : t['too-few'](number, accepted, minimum);
  }
  if (round.reason === 'everyone-left') return t['everyone-left'](number, accepted, minimum);
  return t[round.reason ?? 'failed'](number);
}
