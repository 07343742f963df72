import type uPlot from 'uplot';
import type { LineChartProps } from './line-chart.tsx';

const TOKENS = {
  accent: '--accent',
  training: '--training',
  grey: '--ink-3',
  line: '--line',
  ink: '--ink-2',
} as const;
export type Colours = Readonly<Record<keyof typeof TOKENS, string>> & { readonly font: string };

/** Tokens as a canvas understands them: read from an element, since a custom property is not resolved by itself. */
export function resolveColours(near: HTMLElement): Colours {
  const probe = document.createElement('span');
  near.append(probe);
  const read = (token: string): string => {
    probe.style.color = `var(${token})`;
    return getComputedStyle(probe).color;
  };
  const colours = Object.fromEntries(Object.entries(TOKENS).map(([name, token]) => [name, read(token)]));
  const font = getComputedStyle(probe).fontFamily;
  probe.remove();
  return { ...(colours as Record<keyof typeof TOKENS, string>), font };
}

/** uPlot's options for our kind of chart: faint grid, few ticks, one axis a series, last values printed at the ends. */
export function optionsOf(
  props: LineChartProps,
  colours: Colours,
  width: number,
  onCursor: (index: number | null) => void,
): uPlot.Options {
  const { series, heightPx = 180, syncKey } = props;
  const xFormat = props.xFormat ?? String;
  const font = `12px ${colours.font}`;
  const scaleOf = (index: number): string => `y${index}`;
  const scales: Record<string, uPlot.Scale> = { x: { time: false } };
  series.forEach(({ range }, index) => {
    scales[scaleOf(index)] = range ? { range: [range[0], range[1]] } : { range: padded };
  });
  const valueAxes: uPlot.Axis[] = series.slice(0, 2).map(({ format, tickFormat = format }, index) => ({
    scale: scaleOf(index),
    side: index === 0 ? 3 : 1,
    stroke: colours.ink,
    font,
    size: 52,
    gap: 6,
    space: 40,
    ticks: { show: false },
    grid: { show: index === 0, stroke: colours.line, width: 1 },
    values: (_plot, splits) => splits.map(tickFormat),
  }));
  return {
    width,
    height: heightPx,
    padding: [14, series.length > 1 ? 0 : 56, 0, 0],
    legend: { show: false },
    cursor: {
      y: false,
      drag: { x: false, y: false },
      points: { size: 7 },
      ...(syncKey === undefined ? {} : { sync: { key: syncKey } }),
    },
    scales,
    axes: [
      {
        stroke: colours.ink,
        font,
        size: 28,
        gap: 4,
        space: 72,
        incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000],
        ticks: { show: false },
        grid: { show: false },
        values: (_plot, splits) => splits.map((value) => xFormat(value)),
      },
      ...valueAxes,
    ],
    series: [
      {},
      ...series.map(({ name, tone }, index) => ({
        label: name,
        scale: scaleOf(index),
        stroke: colours[tone],
        width: index === 0 ? 2 : 1.5,
        spanGaps: false,
        points: { show: false },
      })),
    ],
    hooks: {
      setCursor: [(plot) => onCursor(plot.cursor.idx ?? null)],
      draw: [(plot) => printLast(plot, props, colours)],
    },
  };
}

/** Writes each line's name and last value at its end: no legend to look up. */
function printLast(plot: uPlot, { series, x }: LineChartProps, colours: Colours): void {
  const { ctx } = plot;
  const ratio = devicePixelRatio;
  ctx.save();
  ctx.font = `600 ${12 * ratio}px ${colours.font}`;
  const taken: number[] = [];
  for (const [index, { name, tone, format }] of series.entries()) {
    const values = plot.data[index + 1] ?? [];
    const last = values.findLastIndex((value) => value !== null && value !== undefined);
    const value = values[last];
    const at = plot.data[0]?.[last] ?? x[last];
    if (value === null || value === undefined || at === undefined) continue;
    const left = plot.valToPos(at, 'x', true);
    let top = plot.valToPos(value, `y${index}`, true);
    while (taken.some((other) => Math.abs(other - top) < 15 * ratio)) top += 15 * ratio;
    taken.push(top);
    ctx.fillStyle = colours[tone];
    const isAlone = series.length === 1;
    ctx.textAlign = isAlone ? 'left' : 'right';
    ctx.textBaseline = isAlone ? 'middle' : 'bottom';
    const text = isAlone ? format(value) : `${name} ${format(value)}`;
    ctx.fillText(text, left + (isAlone ? 6 : 0) * ratio, top - (isAlone ? 0 : 4) * ratio);
  }
  ctx.restore();
}

/** Room of a tenth above and below; a flat line lies in the middle. */
function padded(_plot: uPlot, low: number | null, high: number | null): [number, number] {
  if (low === null || high === null) return [0, 1];
  const room = (high - low) * 0.1 || Math.abs(high) * 0.1 || 1;
  return [low >= 0 ? Math.max(0, low - room) : low - room, high + room];
}
