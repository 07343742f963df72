import type { JSX } from 'preact';
import type { Evaluation } from '../../../shared/evaluation/result.ts';
import { predictsNumber } from '../../../shared/task/kinds/index.ts';
import type { TaskSpec } from '../../../shared/task/spec.ts';
import { Bars, formatError, formatMeasure, formatNumber, formatShare, MISSING, Table } from '../../ui/index.ts';
import { taskPlace } from '../address.ts';
import type { Round } from '../answers.ts';
import { Link } from '../link.tsx';
import { scoreName } from '../score-name.ts';
import type { ShownTask } from '../shown.ts';
import { WideTable } from '../wide-table.tsx';
import { adminWords } from '../words/index.ts';

type Evaluated = Round & { readonly evaluation: Evaluation };

/** Evaluations that are listed; the rounds have them all. */
const LISTED = 8;

/** What versions are worth on the contributors' own examples: of all together, and how far contributors are apart. */
export function Evaluations({ task }: { readonly task: ShownTask }): JSX.Element {
  const t = adminWords().evaluations;
  const { picture, spec, history } = task;
  const all = history.rounds.filter((round): round is Evaluated => round.evaluation !== undefined);
  const rows = all.slice(-LISTED).reverse();
  const newest = rows[0];
  const { show } = measureOf(spec);
  return (
    <section class="card evaluations" aria-label={t.title}>
      <h2>{t.title}</h2>
      {newest === undefined ? (
        <p class="muted small">{t.none}</p>
      ) : (
        <>
          <WideTable name={t.caption}>
            <Table
              caption={t.caption}
              columns={[
                { name: t.version, isHead: true, cell: ({ baseVersion }) => formatNumber(baseVersion) },
                {
                  name: t.weighted(scoreName(spec)),
                  isNumeric: true,
                  cell: ({ evaluation }) => formatMeasure(evaluation.score),
                },
                {
                  name: t.mean,
                  isNumeric: true,
                  cell: ({ evaluation: { spread } }) => (spread === null ? MISSING : show(spread.mean)),
                },
                {
                  name: t.deviation,
                  isNumeric: true,
                  cell: ({ evaluation: { spread } }) => (spread === null ? MISSING : show(spread.deviation)),
                },
                {
                  name: t.contributors,
                  isNumeric: true,
                  cell: ({ evaluation }) => formatNumber(evaluation.clients),
                },
                { name: t.examples, isNumeric: true, cell: ({ evaluation }) => formatNumber(evaluation.examples) },
                {
                  name: t.round,
                  isNumeric: true,
                  cell: ({ number }) => (
                    <Link to={taskPlace(picture.task, 'rounds', number)}>{formatNumber(number)}</Link>
                  ),
                },
              ]}
              rows={rows}
              keyOf={({ number }) => number}
            />
          </WideTable>
          <Spread evaluation={newest.evaluation} version={newest.baseVersion} spec={spec} />
        </>
      )}
    </section>
  );
}

function Spread(props: { evaluation: Evaluation; version: number; spec: TaskSpec }): JSX.Element {
  const { evaluation, version, spec } = props;
  const t = adminWords().evaluations;
  const { spread, clients } = evaluation;
  if (spread === null) return <p class="muted small">{t.tooFew}</p>;
  const { place } = measureOf(spec);
  const { bins, binWidth } = spread;
  const first = bins.findIndex((count) => count > 0);
  const last = bins.findLastIndex((count) => count > 0);
  const most = Math.max(...bins);
  return (
    <>
      <h3>{t.spread(formatNumber(version), formatNumber(clients))}</h3>
      <Bars
        caption={t.spread(formatNumber(version), formatNumber(clients))}
        bars={bins.slice(first, last + 1).map((count, at) => {
          const from = (first + at) * binWidth;
          const isOpen = predictsNumber(spec.data) && first + at === bins.length - 1;
          return {
            name: isOpen ? t.from(place(from)) : t.between(place(from), place(from + binWidth)),
            share: count / most,
            value: formatNumber(count),
          };
        })}
      />
    </>
  );
}

/** Accuracy in per cent, or an error in the unit of the target; `place` is for the ends of a step. */
const measureOf = ({ data }: TaskSpec) =>
  predictsNumber(data)
    ? { show: formatError, place: (value: number) => formatNumber(value, value < 10 ? 2 : 0) }
    : { show: (value: number) => formatShare(value), place: (value: number) => formatShare(value, 0) };
