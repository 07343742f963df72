import { tableOf } from '../bench/table.ts';

/** One line of a scene's table. */
export interface Figure {
  readonly what: string;
  readonly value: number;
  readonly show: (value: number) => string;
  /** What the value should not be above. */
  readonly limit?: number;
}

export const figure = (what: string, value: number, show: (value: number) => string, limit?: number): Figure => ({
  ...{ what, value, show },
  ...(limit === undefined ? {} : { limit }),
});

export const figuresTable = (figures: readonly Figure[]): string =>
  tableOf(
    ['', 'measured', 'limit'],
    figures.map(({ what, value, show, limit }) => [what, show(value), limit === undefined ? '' : show(limit)]),
  );

export const kilobytes = (bytes: number): string => `${(bytes / 1e3).toFixed(1)} kB`;

/** The slope of the line through these points that is nearest to them in squares. */
export function slopeOf(values: readonly number[]): number {
  const middle = (values.length - 1) / 2;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  let products = 0;
  let squares = 0;
  values.forEach((value, at) => {
    products += (at - middle) * (value - mean);
    squares += (at - middle) ** 2;
  });
  return squares === 0 ? 0 : products / squares;
}
