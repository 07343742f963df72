import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type uPlot from 'uplot';
import { MISSING } from '../i18n/format.ts';
import { language } from '../i18n/language.ts';
import { words } from '../i18n/words.ts';
import { Table } from '../table.tsx';
import { shownTheme } from '../theme/theme.ts';
import { optionsOf, resolveColours } from './options.ts';

export interface ChartSeries {
  readonly name: string;
  /** One value for each x; null leaves a gap. */
  readonly values: readonly (number | null)[];
  readonly tone: 'accent' | 'grey' | 'training';
  readonly format: (value: number) => string;
  /** For the ticks of its axis, where they are shorter. */
  readonly tickFormat?: (value: number) => string;
  /** Bounds of its axis; from the values where absent. */
  readonly range?: readonly [number, number];
}

export interface LineChartProps {
  /** What is drawn, as the visible heading and the table's caption. */
  readonly title: string;
  /** Name of the horizontal axis, and how its values are written. */
  readonly xName: string;
  readonly x: readonly number[];
  readonly xFormat?: (value: number) => string;
  /** One to three; the first has its axis on the left, the second on the right. */
  readonly series: readonly ChartSeries[];
  readonly heightPx?: number;
  /** Charts of the same key share their cursor. */
  readonly syncKey?: string;
  /** Said in the reserved space while no line has two points. */
  readonly empty?: string;
}

/** Lines over time by uPlot, fetched when the first chart is shown; last values stand at the lines' ends, a table behind. */
export function LineChart(props: LineChartProps): JSX.Element {
  const { title, xName, x, series, heightPx = 180, empty } = props;
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  // The plot is made when uPlot has come: by then there may be newer data than when it was asked for.
  const latest = useRef(props);
  latest.current = props;
  const [at, setAt] = useState<number | null>(null);
  // Its rows are made for who opens it: a page that stays open through thousands of rounds would carry them all.
  const [isTableOpen, setTableOpen] = useState(false);
  const isEmpty = !series.some(({ values }) => values.filter((value) => value !== null).length > 1);
  const names = series.map(({ name, tone }) => `${name} ${tone}`).join('|');

  // A new plot only where its frame changes; data follows below.
  useEffect(() => {
    const target = place.current;
    if (isEmpty || !target) return;
    let isGone = false;
    const resized = new ResizeObserver(() => plot.current?.setSize({ width: target.clientWidth, height: heightPx }));
    const fetched = import('uplot');
    // In a frame of its own: the page may just have been laid out anew, and the code was read for the first time.
    fetched.then(nextFrame).then(async () => {
      const { default: Plot } = await fetched;
      if (isGone) return;
      const now = latest.current;
      const options = optionsOf(now, resolveColours(target), target.clientWidth, setAt);
      plot.current = new Plot(options, dataOf(now.x, now.series), target);
      resized.observe(target);
    });
    return () => {
      isGone = true;
      resized.disconnect();
      plot.current?.destroy();
      plot.current = null;
    };
  }, [isEmpty, names, shownTheme.value, language.value, heightPx]);

  useEffect(() => {
    plot.current?.setData(dataOf(x, series));
  }, [x, series]);

  const xFormat = props.xFormat ?? String;
  const shown = at === null ? null : (x[at] ?? null);
  return (
    <figure class="chart">
      <figcaption>
        <span class="chart-title">{title}</span>
        <span class="chart-cursor" aria-hidden="true">
          {shown !== null && at !== null && (
            <>
              {xName} {xFormat(shown)}
              {series.map(({ name, values, format }) => (
                <b key={name}>{written(values[at], format)}</b>
              ))}
            </>
          )}
        </span>
      </figcaption>
      <div class="chart-place" ref={place} style={{ height: `${heightPx}px` }} aria-hidden="true">
        {isEmpty && <p class="chart-empty">{empty}</p>}
      </div>
      {!isEmpty && (
        <details class="chart-table" onToggle={({ currentTarget }) => setTableOpen(currentTarget.open)}>
          <summary>{words().table}</summary>
          {isTableOpen && (
            <Table
              caption={title}
              columns={[
                { name: xName, isHead: true, cell: (index: number) => xFormat(x[index] ?? 0) },
                ...series.map(({ name, values, format }) => ({
                  name,
                  isNumeric: true,
                  cell: (index: number) => written(values[index], format),
                })),
              ]}
              rows={x.map((_, index) => index)}
              keyOf={(index) => index}
            />
          )}
        </details>
      )}
    </figure>
  );
}

const nextFrame = (): Promise<unknown> => new Promise(requestAnimationFrame);

const written = (value: number | null | undefined, format: (value: number) => string): string =>
  value === null || value === undefined ? MISSING : format(value);

function dataOf(x: readonly number[], series: readonly ChartSeries[]): uPlot.AlignedData {
  return [[...x], ...series.map(({ values }) => [...values])];
}
