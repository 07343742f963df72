import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import { formatNumber, formatShare, LineChart, language } from '../../ui/index.ts';
import { curveOf, type History } from '../history.ts';
import { adminWords } from '../words/index.ts';

/** One chart each, so that each has its own axis; they share the cursor. */
export function LearningCharts(props: { readonly history: History; readonly isScored: boolean }): JSX.Element {
  const { history, isScored } = props;
  const t = adminWords().charts;
  const curve = useMemo(() => curveOf(history), [history]);
  const accuracy = useMemo(
    () =>
      [
        {
          name: t.accuracy,
          values: curve.accuracy,
          tone: 'accent',
          // Whole quarters are what the axis shows.
          format: (value: number) => formatShare(value, Number.isInteger(value * 4) ? 0 : 1),
          range: [0, 1],
        },
      ] as const,
    [curve, language.value],
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
      {isScored ? (
        <>
          <LineChart title={t.accuracy} series={accuracy} heightPx={170} empty={t.empty} {...shared} />
          <LineChart title={t.loss} series={loss} heightPx={170} empty={t.empty} {...shared} />
        </>
      ) : (
        <p class="muted small">{t.noHeldOut}</p>
      )}
    </section>
  );
}
