import { LIMITS } from '../../../shared/limits.ts';
import type { ExampleColumns, ExampleForm } from '../../../shared/task/kinds/form.ts';
import { encodeCells, encodeTarget, type RowData, type RowProblem } from '../../../shared/task/kinds/table.ts';
import { csvReader } from './csv.ts';

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
  readonly leftOut: Readonly<Record<RowProblem, number>>;
  /** Cells of the used rows that were empty or had a value that the task does not know. */
  readonly missingCells: number;
}

const HEAD_ROWS = 3;

export async function readTableHead(file: Blob): Promise<({ readonly ok: true } & TableHead) | Failed> {
  const rows: string[][] = [];
  const failure = await eachRow(file, (row) => {
    rows.push(row);
    return rows.length <= HEAD_ROWS ? null : 'enough';
  });
  if (failure !== null && failure !== 'enough') return { ok: false, reason: failure };
  const [header, ...first] = rows;
  if (header === undefined || first.length === 0) return { ok: false, reason: 'no-table' };
  return { ok: true, header: header.map((name) => name.trim()), rows: first };
}

/** Columns of the file whose names are those of the task, whatever their case and spaces. */
export function matchColumns({ columns, target }: RowData, header: readonly string[]): (number | null)[] {
  const plain = (name: string): string => name.toLowerCase().replace(/[\s_-]+/g, '');
  const names = header.map(plain);
  return [...columns.map(({ name }) => name), target.name].map((name) => {
    const at = names.indexOf(plain(name));
    return at < 0 ? null : at;
  });
}

/** The whole file as examples, or none of it. The page stays alive meanwhile: after each piece it has its turn. */
export async function readTable(
  file: Blob,
  data: RowData,
  form: ExampleForm,
  choice: ColumnChoice,
): Promise<{ readonly ok: true; readonly examples: ExampleColumns; readonly report: TableReport } | Failed> {
  const features: Float32Array[] = [];
  const targets: number[] = [];
  const leftOut: Record<RowProblem, number> = { 'not-a-number': 0, 'no-target': 0, 'unknown-label': 0 };
  let missingCells = 0;
  let rows = -1; // the header is none
  const failure = await eachRow(file, (row) => {
    if (++rows === 0) return null;
    if (rows > LIMITS.examplesPerDatasetCount) return 'too-many';
    const target = encodeTarget(data, row[choice.target]);
    if (typeof target !== 'number') {
      leftOut[target]++;
      return null;
    }
    const cells = choice.columns.map((at) => (at === null ? undefined : row[at]));
    const encoded = encodeCells(data, cells);
    if ('notANumber' in encoded) {
      leftOut['not-a-number']++;
      return null;
    }
    missingCells += encoded.missing;
    features.push(encoded.features);
    targets.push(target);
    return null;
  });
  if (failure !== null) return { ok: false, reason: failure };
  if (targets.length === 0) return { ok: false, reason: rows < 1 ? 'no-table' : 'no-rows' };
  return {
    ok: true,
    examples: columnsOf(features, targets, form),
    report: { kept: targets.length, leftOut, missingCells },
  };
}

function columnsOf(rows: readonly Float32Array[], targets: readonly number[], form: ExampleForm): ExampleColumns {
  const size = rows[0]?.length ?? 0;
  const features = new Float32Array(rows.length * size);
  for (const [at, row] of rows.entries()) features.set(row, at * size);
  return { features, targets: form.target.type === 'class' ? Uint16Array.from(targets) : Float32Array.from(targets) };
}

/** Small enough to be parsed in a few milliseconds. */
const PIECE_BYTES = 32 * 1024;
/** Rows are looked at for so long, then the page has its turn: they may be short, and thousands to a piece. */
const TURN_MS = 8;

/** Hands over each row until `onRow` says that it is enough, or why not to go on; null at the end of the file. */
async function eachRow<Stop extends TableFailure | 'enough'>(
  file: Blob,
  onRow: (row: string[]) => Stop | null,
): Promise<Stop | TableFailure | null> {
  if (file.size > LIMITS.tableFileBytes) return 'too-large';
  const reader = csvReader();
  // What is no UTF-8 becomes signs that no label has, and the page says how many rows were of no use.
  const decoder = new TextDecoder();
  let turnEndsMs = performance.now() + TURN_MS;
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
      if (performance.now() > turnEndsMs) {
        await new Promise((resolve) => setTimeout(resolve));
        turnEndsMs = performance.now() + TURN_MS;
      }
    }
  }
  for (const row of reader.end()) {
    const stop = onRow(row);
    if (stop !== null) return stop;
  }
  return null;
}
