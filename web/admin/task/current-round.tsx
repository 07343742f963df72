import type { JSX } from 'preact';
import type { TaskSpec } from '../../../shared/task/spec.ts';
import { Announcer, type Bar, Bars, formatNumber, formatWait, Ring } from '../../ui/index.ts';
import type { TaskPicture } from '../dashboard.ts';
import { type History, lastScored } from '../history.ts';
import { useMsLeft } from '../seconds.ts';
import { adminWords } from '../words/index.ts';

/** The ring and the funnel of the round that runs. Their space is there between rounds too. */
export function CurrentRound(props: {
  readonly picture: TaskPicture;
  readonly spec: TaskSpec;
  readonly history: History;
}): JSX.Element {
  const { picture, spec, history } = props;
  const t = adminWords().round;
  const { status } = picture;
  const { round } = status;
  const now = { version: status.version, score: status.metrics };
  const shown = now.score === null ? (lastScored(history) ?? now) : now;
  const leftMs = useMsLeft(round?.phase === 'aggregating' ? null : picture.endsAtMs);
  const title = round === null ? [t.none] : [t.title(formatNumber(round.number)), phaseName(round)];
  const left = round === null || leftMs === null ? [] : [t.left(formatWait(leftMs))];
  const sentence =
    round?.purpose === 'evaluate' && round.phase !== 'selecting'
      ? t.scoring(formatNumber(status.version))
      : round?.phase === 'selecting'
        ? t.gathering(formatNumber(round.available), formatNumber(round.goal))
        : round === null && status.state === 'idle' && !picture.archived
          ? t.start
          : '';
  return (
    <section class="card current-round" aria-label={t.funnel}>
      <h2>{[...title, ...left].join(' · ')}</h2>
      <Announcer text={title.join(' · ')} />
      <Ring size="large" round={round} version={shown.version} score={shown.score} />
      <p class="round-sentence muted small">
        {sentence} {status.online === 0 && !picture.archived && t.nobody}
      </p>
      <Bars caption={t.funnel} bars={funnelOf(picture, spec)} />
    </section>
  );
}

const phaseName = ({ phase, purpose }: NonNullable<TaskPicture['status']['round']>): string => {
  const t = adminWords().round;
  return phase === 'aggregating' && purpose === 'evaluate' ? t.adding : t.phases[phase];
};

function funnelOf({ status: { round } }: TaskPicture, { rounds }: TaskSpec): Bar[] {
  const t = adminWords().round.steps;
  const selected = round?.selected ?? 0;
  const whole = Math.max(1, selected, round?.phase === 'selecting' ? rounds.goal : 0);
  const bar = (name: string, count: number, tone: NonNullable<Bar['tone']>): Bar => ({
    name,
    share: count / whole,
    value: formatNumber(count),
    tone,
  });
  const counts = round?.counts;
  return [
    bar(t.selected, selected, 'waiting'),
    bar(t.downloading, counts?.downloading ?? 0, 'downloading'),
    bar(round?.purpose === 'evaluate' ? t.scoring : t.training, counts?.training ?? 0, 'training'),
    bar(t.uploading, counts?.uploading ?? 0, 'uploading'),
    bar(t.accepted, round?.accepted ?? 0, 'done'),
    bar(t.dropped, counts?.dropped ?? 0, 'dropped'),
  ];
}
