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

export const whole = (value: number): string => Math.round(value).toLocaleString('en-US');
export const megabytes = (bytes: number, digits = 0): string => `${(bytes / 1e6).toFixed(digits)} MB`;
export const milliseconds = (ms: number, digits = 0): string => `${ms.toFixed(digits)} ms`;
export const seconds = (ms: number, digits = 1): string => `${(ms / 1000).toFixed(digits)} s`;
