import type { JSX } from 'preact';

export interface SparklineProps {
  /** Oldest first; null is a gap. */
  readonly values: readonly (number | null)[];
  readonly widthPx?: number;
  readonly heightPx?: number;
  /** Bounds of the vertical axis; from the values where absent. */
  readonly range?: readonly [number, number];
}

/** A word-sized line beside a number that is printed: it carries no fact of its own, so it is silent for screen readers. */
export function Sparkline({ values, widthPx = 64, heightPx = 20, range }: SparklineProps): JSX.Element {
  return (
    <svg
      class="sparkline"
      viewBox={`0 0 ${widthPx} ${heightPx}`}
      width={widthPx}
      height={heightPx}
      aria-hidden="true"
      focusable="false"
    >
      <path d={sparkPath(values, widthPx, heightPx, range)} />
    </svg>
  );
}

/** The line as an SVG path within the given size, 2 px free at each edge; a gap starts a new stroke. */
export function sparkPath(
  values: readonly (number | null)[],
  width: number,
  height: number,
  range?: readonly [number, number],
): string {
  const present = values.filter((value): value is number => value !== null && Number.isFinite(value));
  if (present.length < 2) return '';
  const [low, high] = range ?? [Math.min(...present), Math.max(...present)];
  const span = high - low || 1;
  const step = (width - 4) / (values.length - 1);
  let path = '';
  let isPenUp = true;
  values.forEach((value, index) => {
    if (value === null || !Number.isFinite(value)) {
      isPenUp = true;
      return;
    }
    const x = 2 + step * index;
    const y = height - 2 - ((value - low) / span) * (height - 4);
    path += `${isPenUp ? 'M' : 'L'}${x.toFixed(1)} ${y.toFixed(1)}`;
    isPenUp = false;
  });
  return path;
}
