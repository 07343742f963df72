import { LIMITS } from '../../../shared/limits.ts';
import { type ExampleColumns, type ExampleForm, emptyColumns, exampleSize } from '../../../shared/task/kinds/form.ts';
import { turnsOf } from '../turns.ts';
import { type CsvReader, csvReader } from './csv.ts';
import { lineReader } from './lines.ts';
import type { LeftOut, ReadRow, RowReader } from './row-reader.ts';

/** Why a file of rows was not taken; each has a sentence in the dictionaries. Nothing of the file was kept. */
export const TABLE_FAILURES = [
  'too-large', // more bytes than are read
  'too-many', // more rows than one dataset holds
  'no-table', // no header with a row under it, or a line that does not end
  'no-rows', // not one row could be used
  'unreadable', // the file could not be read, or is gone
] as const;
export type TableFailure = (typeof TABLE_FAILURES)[number];
type Failed = { readonly ok: false; readonly reason: TableFailure };

/** What stands at the top of a file. */
export interface TableHead {
  readonly header: readonly string[];
  /** The first few rows. */
  readonly rows: readonly (readonly string[])[];
}

/** Which column of the file each column of the task is, by index; null where the file has none. */
export interface ColumnChoice {
  readonly columns: readonly (number | null)[];
  readonly target: number;
}

/** Rows that were used, and those that were left out, by what was wrong with them. */
export interface TableReport {
  readonly kept: number;
  readonly leftOut: Readonly<Record<LeftOut, number>>;
  /** Cells of the used rows that were empty or had a value that the task does not know. */
  readonly missingCells: number;
}

const HEAD_ROWS = 3;

export async function readTableHead(file: Blob): Promise<({ readonly ok: true } & TableHead) | Failed> {
  const rows: string[][] = [];
  const failure = await eachRow(file, csvReader(), (row) => {
    rows.push(row);
    return rows.length <= HEAD_ROWS ? null : 'enough';
  });
  if (failure !== null && failure !== 'enough') return { ok: false, reason: failure };
  const [header, ...first] = rows;
  if (header === undefined || first.length === 0) return { ok: false, reason: 'no-table' };
  return { ok: true, header: header.map((name) => name.trim()), rows: first };
}

/** Columns of the file whose names are those of the task, whatever their case and spaces. */
export function matchColumns({ names }: RowReader, header: readonly string[]): (number | null)[] {
  const plain = (name: string): string => name.toLowerCase().replace(/[\s_-]+/g, '');
  const columns = header.map(plain);
  return names.map((name) => {
    const at = columns.indexOf(plain(name));
    return at < 0 ? null : at;
  });
}

export type TableRead = { readonly ok: true; readonly examples: ExampleColumns; readonly report: TableReport } | Failed;

/** A file of columns as examples: the whole of it, or none. */
export const readTable = (file: Blob, reader: RowReader, form: ExampleForm, choice: ColumnChoice): Promise<TableRead> =>
  readRows(file, { lines: csvReader(), headerRows: 1 }, form, (row) =>
    reader.read(
      choice.columns.map((at) => (at === null ? undefined : row[at])),
      row[choice.target],
    ),
  );

/** A file of plain text as examples, one a line, all of them the same: the whole of it, or none. */
export const readLines = (file: Blob, reader: RowReader, form: ExampleForm, target: string): Promise<TableRead> =>
  readRows(file, { lines: lineReader(), headerRows: 0 }, form, (row) => reader.read(row, target));

async function readRows(
  file: Blob,
  { lines, headerRows }: { readonly lines: CsvReader; readonly headerRows: number },
  form: ExampleForm,
  read: (row: string[]) => ReadRow | LeftOut,
): Promise<TableRead> {
  const kept: ReadRow[] = [];
  const leftOut: Record<LeftOut, number> = {
    'not-a-number': 0,
    'no-target': 0,
    'unknown-label': 0,
    'no-words': 0,
    'unknown-title': 0,
    'off-scale': 0,
  };
  let rows = -headerRows;
  const failure = await eachRow(file, lines, (row) => {
    if (++rows < 1) return null;
    if (rows > LIMITS.examplesPerDatasetCount) return 'too-many';
    const one = read(row);
    if (typeof one === 'string') leftOut[one]++;
    else kept.push(one);
    return null;
  });
  if (failure !== null) return { ok: false, reason: failure };
  if (kept.length === 0) return { ok: false, reason: rows < 1 ? 'no-table' : 'no-rows' };
  const missingCells = kept.reduce((sum, { missing }) => sum + missing, 0);
  return { ok: true, examples: columnsOf(kept, form), report: { kept: kept.length, leftOut, missingCells } };
}

function columnsOf(rows: readonly ReadRow[], form: ExampleForm): ExampleColumns {
  const columns = emptyColumns(form, rows.length);
  for (const [at, { features, target }] of rows.entries()) {
    columns.features.set(features, at * exampleSize(form));
    columns.targets[at] = target;
  }
  return columns;
}

/** Small enough to be parsed in a few milliseconds. */
const PIECE_BYTES = 32 * 1024;

/** Hands over each row until `onRow` says that it is enough, or why not to go on; null at the end of the file. */
async function eachRow<Stop extends TableFailure | 'enough'>(
  file: Blob,
  reader: CsvReader,
  onRow: (row: string[]) => Stop | null,
): Promise<Stop | TableFailure | null> {
  if (file.size > LIMITS.tableFileBytes) return 'too-large';
  // What is no UTF-8 becomes signs that no label has, and the page says how many rows were of no use.
  const decoder = new TextDecoder();
  const turns = turnsOf();
  for (let at = 0; at < file.size; at += PIECE_BYTES) {
    let bytes: ArrayBuffer;
    try {
      bytes = await file.slice(at, at + PIECE_BYTES).arrayBuffer();
    } catch {
      return 'unreadable';
    }
    const rows = reader.push(decoder.decode(bytes, { stream: true }));
    if (rows === 'too-long') return 'no-table';
    for (const row of rows) {
      const stop = onRow(row);
      if (stop !== null) return stop;
      if (turns.isOver()) await turns.rest();
    }
  }
  for (const row of reader.end()) {
    const stop = onRow(row);
    if (stop !== null) return stop;
  }
  return null;
}
