import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { formatBytes, formatDuration, formatMeasure, formatNumber, formatTime, Icon } from '../../ui/index.ts';
import { taskPlace } from '../address.ts';
import type { Round } from '../answers.ts';
import { durationMs, rejectedCount, scoreOf } from '../history.ts';
import { Link } from '../link.tsx';
import { scoreName } from '../score-name.ts';
import type { ShownTask } from '../shown.ts';
import { adminWords } from '../words/index.ts';
import { roundSentence } from './round-sentence.ts';
import { Outcome, Rejections, RoundTable } from './round-table.tsx';

const PAGE = 50;

/** Every round, newest first; the one that the address names stands above with all that is known of it. */
export function Rounds({ task, opened }: { readonly task: ShownTask; readonly opened: number | null }): JSX.Element {
  const t = adminWords().rounds;
  const shownCount = useSignal(PAGE);
  const { rounds } = task.history;
  const newestFirst = rounds.slice(-shownCount.value).reverse();
  const more = Math.min(PAGE, rounds.length - newestFirst.length);
  return (
    <>
      {opened !== null && <OpenedRound task={task} number={opened} />}
      <RoundTable task={task} rounds={newestFirst} />
      {more > 0 && (
        <button
          type="button"
          onClick={() => {
            shownCount.value += PAGE;
          }}
        >
          {t.more(formatNumber(more))}
        </button>
      )}
    </>
  );
}

function OpenedRound({ task, number }: { readonly task: ShownTask; readonly number: number }): JSX.Element | null {
  const t = adminWords();
  const { picture, spec, history } = task;
  const round = history.rounds.find((one) => one.number === number);
  const isRunning = picture.status.round?.number === number;
  if (round === undefined && !isRunning && !history.isWhole) return null;
  const title = t.round.title(formatNumber(number));
  return (
    <section class="card opened-round" aria-label={title}>
      <div class="card-head">
        <h2>{title}</h2>
        <Link to={taskPlace(picture.task, 'rounds')} class="button quiet close" aria-label={t.rounds.close}>
          <Icon name="close" />
        </Link>
      </div>
      {round === undefined ? (
        <p>{isRunning ? t.sentences.running(formatNumber(number)) : t.rounds.unknown(formatNumber(number))}</p>
      ) : (
        <>
          <p class="lead">{roundSentence(round, spec)}</p>
          <RoundFacts task={task} round={round} />
          <Rejections round={round} />
        </>
      )}
    </section>
  );
}

function RoundFacts({ task, round }: { readonly task: ShownTask; readonly round: Round }): JSX.Element {
  const t = adminWords().rounds;
  const score = scoreOf(task.history, round);
  const facts: [string, JSX.Element | string][] = [
    [t.outcome, <Outcome round={round} key="outcome" />],
    [t.base, t.version(formatNumber(round.baseVersion))],
    [t.selected, formatNumber(round.selected)],
    [t.accepted, formatNumber(round.accepted)],
    [t.rejected, formatNumber(rejectedCount(round))],
    [t.late, formatNumber(round.late)],
    [t.surplus, formatNumber(round.surplus)],
    [t.dropped, formatNumber(round.dropped)],
    [t.up, formatBytes(round.uplinkBytes)],
    [t.down, formatBytes(round.downlinkBytes)],
    [t.seconds, formatDuration(durationMs(round))],
    [t.started, formatTime(round.startedAt)],
    [scoreName(task.spec), formatMeasure(score)],
    [t.loss, formatNumber(score?.loss ?? null, 3)],
  ];
  return (
    <dl class="facts">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
