import type { ComponentChildren, JSX } from 'preact';
import {
  type Column,
  formatBytes,
  formatMeasure,
  formatNumber,
  formatTime,
  MISSING,
  reasonSentence,
  Table,
} from '../../ui/index.ts';
import { taskPlace } from '../address.ts';
import type { Round } from '../answers.ts';
import { durationMs, rejectedCount, scoreOf } from '../history.ts';
import { Link } from '../link.tsx';
import { scoreName } from '../score-name.ts';
import type { ShownTask } from '../shown.ts';
import { WideTable } from '../wide-table.tsx';
import { adminWords } from '../words/index.ts';

/** Rounds with what each cost and brought. `isShort`: the columns of the overview. */
export function RoundTable(props: {
  readonly task: ShownTask;
  readonly rounds: readonly Round[];
  readonly isShort?: boolean;
}): JSX.Element {
  const { task, rounds, isShort = false } = props;
  const t = adminWords().rounds;
  const number = (name: string, cell: (round: Round) => ComponentChildren): Column<Round> => ({
    name,
    cell,
    isNumeric: true,
  });
  const count = (name: string, of: (round: Round) => number) =>
    number(name, (round) => {
      const value = of(round);
      return value === 0 ? <span class="zero">0</span> : formatNumber(value);
    });
  const seconds = number(t.seconds, (round) => {
    const ms = durationMs(round);
    return ms === null ? MISSING : formatNumber(ms / 1000, ms < 1_000 ? 2 : 1);
  });
  const accuracy = number(scoreName(task.spec), (round) => formatMeasure(scoreOf(task.history, round)));
  const columns: Column<Round>[] = [
    {
      name: t.round,
      isHead: true,
      cell: (round) => (
        <Link to={taskPlace(task.picture.task, 'rounds', round.number)}>{formatNumber(round.number)}</Link>
      ),
    },
    { name: t.outcome, cell: (round) => <Outcome round={round} /> },
    ...(isShort ? [] : [count(t.selected, ({ selected }) => selected)]),
    count(t.accepted, ({ accepted }) => accepted),
    count(t.rejected, rejectedCount),
    ...(isShort ? [] : [count(t.late, ({ late }) => late), count(t.surplus, ({ surplus }) => surplus)]),
    count(t.dropped, ({ dropped }) => dropped),
    number(t.up, ({ uplinkBytes }) => formatBytes(uplinkBytes)),
    number(t.down, ({ downlinkBytes }) => formatBytes(downlinkBytes)),
    seconds,
    accuracy,
    ...(isShort
      ? []
      : [
          number(t.loss, (round) => formatNumber(scoreOf(task.history, round)?.loss ?? null, 3)),
          number(t.started, ({ startedAt }) => formatTime(startedAt)),
        ]),
  ];
  return (
    <WideTable name={t.caption}>
      <Table caption={t.caption} columns={columns} rows={rounds} keyOf={(round) => round.number} empty={t.empty} />
    </WideTable>
  );
}

export function Outcome({ round }: { readonly round: Round }): JSX.Element {
  const t = adminWords().rounds;
  if (round.outcome === null) return <span class="outcome running">{t.running}</span>;
  if (round.outcome === 'committed' && round.purpose === 'evaluate') {
    return <span class="outcome committed">{t.scored(formatNumber(round.baseVersion))}</span>;
  }
  if (round.outcome === 'committed') {
    return <span class="outcome committed">{t.version(formatNumber(round.version ?? null))}</span>;
  }
  return <span class="outcome abandoned">{t.reasons[round.reason ?? 'failed']}</span>;
}

/** Why reports of this round were rejected, with how many each. */
export function Rejections({ round }: { readonly round: Round }): JSX.Element | null {
  const reasons = Object.entries(round.rejected).filter(([, count]) => count > 0);
  if (reasons.length === 0) return null;
  return (
    <div>
      <p class="small muted">{adminWords().rounds.rejectedWhy}</p>
      <ul class="plain-list small">
        {reasons.map(([reason, count]) => (
          <li key={reason}>
            {formatNumber(count)} × {reasonSentence(reason) ?? reason}
          </li>
        ))}
      </ul>
    </div>
  );
}
