import { bestSoFar, type Point } from './curve.ts';

/** Each of the panels: what its axis shows, and what is written there. */
const AXES = [
  { title: 'by round', unit: 'rounds', of: (point: Point) => point.round },
  { title: 'by bytes, up and down', unit: 'MB', of: (point: Point) => point.bytes / 1e6 },
  { title: 'by time', unit: 's', of: (point: Point) => point.seconds },
] as const;

const PANEL = { width: 420, height: 260, left: 52, right: 16, top: 34, bottom: 40 } as const;
const TICKS = 5;

/** Accuracy by round, by bytes and by time: three panels side by side, each version a dot and the best so far a line. */
export function svgOf(title: string, points: readonly Point[], target: number | null): string {
  const width = AXES.length * PANEL.width;
  const height = PANEL.height + 24;
  const panels = AXES.map((axis, index) => panelOf(axis, index * PANEL.width, points, target));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="system-ui, sans-serif" font-size="12">`,
    `<title>${escaped(title)}</title>`,
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    `<text x="${PANEL.left}" y="18" font-size="14" font-weight="600" fill="#111">${escaped(title)}</text>`,
    ...panels,
    '</svg>',
    '',
  ].join('\n');
}

function panelOf(
  { title, unit, of }: (typeof AXES)[number],
  offset: number,
  points: readonly Point[],
  target: number | null,
): string {
  const best = bestSoFar(points);
  // The first twentieth is steep: what came before it would flatten all the rest.
  const shown = best.slice(points.length > 10 ? Math.ceil(points.length / 20) : 0);
  const accuracies = shown.map(({ accuracy }) => accuracy).concat(target ?? []);
  const xTicks = ticksFrom(0, Math.max(1e-9, ...points.map(of)));
  const yTicks = ticksFrom(Math.min(1, ...accuracies), Math.max(0, ...accuracies));
  const [xEnd, yFrom, yEnd] = [xTicks.at(-1) as number, yTicks[0] as number, yTicks.at(-1) as number];
  const inner = { width: PANEL.width - PANEL.left - PANEL.right, height: PANEL.height - PANEL.top - PANEL.bottom };
  const x = (value: number): number => round(PANEL.left + (value / xEnd) * inner.width);
  const y = (value: number): number => round(PANEL.top + (1 - (value - yFrom) / (yEnd - yFrom)) * inner.height);
  const line = best.map((point, at) => `${at === 0 ? 'M' : 'L'}${x(of(point))} ${y(point.accuracy)}`).join('');
  const id = `panel-${offset}`;
  const percent = (value: number): string => `${figure(100 * value)} %`;
  return [
    `<g transform="translate(${offset} 24)">`,
    `<text x="${PANEL.left}" y="20" fill="#444">Accuracy ${title}</text>`,
    ...yTicks.map(
      (tick) =>
        `<path d="M${PANEL.left} ${y(tick)}h${inner.width}" stroke="#ddd"/><text x="${PANEL.left - 6}" y="${y(tick) + 4}" text-anchor="end" fill="#444">${percent(tick)}</text>`,
    ),
    ...xTicks.map(
      (tick) =>
        `<path d="M${x(tick)} ${PANEL.top + inner.height}v4" stroke="#888"/><text x="${x(tick)}" y="${PANEL.top + inner.height + 17}" text-anchor="middle" fill="#444">${figure(tick)}</text>`,
    ),
    `<text x="${PANEL.left + inner.width}" y="${PANEL.height - 6}" text-anchor="end" fill="#444">${unit}</text>`,
    target === null
      ? ''
      : `<path d="M${PANEL.left} ${y(target)}h${inner.width}" stroke="#b45309" stroke-dasharray="5 4"/><text x="${PANEL.left + 4}" y="${y(target) - 5}" fill="#b45309">${percent(target)}</text>`,
    `<clipPath id="${id}"><rect x="${PANEL.left - 3}" y="${PANEL.top - 3}" width="${inner.width + 6}" height="${inner.height + 6}"/></clipPath>`,
    `<g clip-path="url(#${id})">`,
    `<path d="${line}" fill="none" stroke="#1d4ed8" stroke-width="2" stroke-linejoin="round"/>`,
    ...points.map(
      (point) => `<circle cx="${x(of(point))}" cy="${y(point.accuracy)}" r="2" fill="#1d4ed8" fill-opacity="0.45"/>`,
    ),
    '</g></g>',
  ]
    .filter((part) => part !== '')
    .join('\n');
}

/** Round figures around the range, about `TICKS` of them. */
function ticksFrom(from: number, to: number): number[] {
  const raw = Math.max(1e-9, to - from) / TICKS;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = ([1, 2, 5, 10].find((factor) => factor * power >= raw) ?? 10) * power;
  const first = Math.floor(from / step + 1e-9);
  const last = Math.max(first + 1, Math.ceil(to / step - 1e-9));
  return Array.from({ length: last - first + 1 }, (_, at) => (first + at) * step);
}

const round = (value: number): number => Math.round(100 * value) / 100;
const figure = (value: number): string => String(Number(value.toPrecision(6)));
const escaped = (text: string): string =>
  text.replace(/[&<>"]/g, (sign) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[sign] ?? sign);
