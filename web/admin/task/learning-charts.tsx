import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import { predictsNumber, type TaskData } from '../../../shared/task/kinds/index.ts';
import { formatError, formatNumber, formatShare, LineChart, language } from '../../ui/index.ts';
import { curveOf, type History } from '../history.ts';
import { scoreName } from '../score-name.ts';
import { adminWords } from '../words/index.ts';

/** One chart each, so that each has its own axis; they share the cursor. */
export function LearningCharts(props: { readonly history: History; readonly data: TaskData }): JSX.Element {
  const { history, data } = props;
  const isNumber = predictsNumber(data);
  const t = adminWords().charts;
  const name = scoreName({ data });
  const curve = useMemo(() => curveOf(history), [history]);
  const score = useMemo(
    () =>
      [
        {
          name,
          values: curve.measure,
          tone: 'accent',
          // Whole quarters are what the axis of a share shows.
          format: isNumber ? formatError : (value: number) => formatShare(value, Number.isInteger(value * 4) ? 0 : 1),
          ...(isNumber ? {} : { range: [0, 1] as const }),
        },
      ] as const,
    [curve, name],
  );
  const loss = useMemo(
    () =>
      [{ name: t.loss, values: curve.loss, tone: 'grey', format: (value: number) => formatNumber(value, 2) }] as const,
    [curve, language.value],
  );
  const shared = { xName: t.round, x: curve.rounds, xFormat: formatNumber, syncKey: 'learning' };
  return (
    <section class="card charts" aria-label={t.title}>
      <h2>{t.title}</h2>
      {data.sample !== undefined ? (
        <>
          <LineChart title={name} series={score} heightPx={170} empty={t.empty} {...shared} />
          <LineChart title={t.loss} series={loss} heightPx={170} empty={t.empty} {...shared} />
        </>
      ) : (
        <p class="muted small">{t.noHeldOut}</p>
      )}
    </section>
  );
}
