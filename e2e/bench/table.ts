/** A table as Markdown, its columns as wide as their longest cell, figures to the right. */
export function tableOf(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const columns = header.map((title, column) => {
    const cells = rows.map((row) => row[column] ?? '');
    const width = Math.max(3, ...[title, ...cells].map((cell) => cell.length));
    return { width, isFigures: cells.length > 0 && cells.every((cell) => /^[\d–]/.test(cell)) };
  });
  const line = (cells: readonly string[]): string =>
    `| ${columns.map(({ width, isFigures }, at) => pad(cells[at] ?? '', width, isFigures)).join(' | ')} |`;
  const rule = columns.map(({ width, isFigures }) => (isFigures ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width)));
  return [line(header), `| ${rule.join(' | ')} |`, ...rows.map(line)].join('\n');
}

const pad = (cell: string, width: number, isFigures: boolean): string =>
  isFigures ? cell.padStart(width) : cell.padEnd(width);

/** Of an even number of values the mean of the two in the middle; NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  if (sorted.length === 0) return Number.NaN;
  return Number.isInteger(middle)
    ? ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2
    : (sorted[Math.floor(middle)] as number);
}

/**
 * Between these two order statistics the median of what the values were drawn from lies in 95 of 100 cases, whatever the
 * distribution: ranks n/2 ± 0.98 √n of the sorted values (the binomial interval, by its normal approximation). Of fewer
 * than six values no two ranks are sure enough: NaN.
 */
export function medianBetween(values: readonly number[]): readonly [number, number] {
  const count = values.length;
  if (count < 6) return [Number.NaN, Number.NaN];
  const sorted = [...values].sort((a, b) => a - b);
  const below = Math.max(0, Math.floor((count - 1.96 * Math.sqrt(count)) / 2));
  return [sorted[below] as number, sorted[count - 1 - below] as number];
}

export const whole = (value: number): string => Math.round(value).toLocaleString('en-US');
export const megabytes = (bytes: number, digits = 0): string => `${(bytes / 1e6).toFixed(digits)} MB`;
export const milliseconds = (ms: number, digits = 0): string => `${ms.toFixed(digits)} ms`;
export const seconds = (ms: number, digits = 1): string => `${(ms / 1000).toFixed(digits)} s`;
