import { mkdtempSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startArithmetic } from '../../server/rounds/arithmetic.ts';
import type { Arithmetic } from '../../server/rounds/port.ts';
import type { Sha256 } from '../../shared/ids.ts';
import { digits } from '../../shared/task/templates/digits.ts';
import { toBytes } from '../../shared/weights/vector.ts';
import { type ExpectedFrame, encodeFrame, frameSha256 } from '../../shared/wire/frame.ts';
import { deltaOf, examplesOf, VARIANTS } from './deltas.ts';
import { median, milliseconds, tableOf } from './table.ts';

const UPDATES = 10;
const VALUES = 1_000_000;
/** Before these the thread's code is not compiled yet. */
const WARM_UPS = 2;

interface Report {
  readonly path: string;
  readonly frame: Uint8Array;
  readonly announced: { readonly sha256: Sha256; readonly bytes: number };
}

/** What one pass over all reports took. */
interface Pass {
  readonly copyMs: number;
  readonly checkMs: number;
  readonly foldMs: number;
}

/**
 * Ten reports of a million values through the thread that checks and folds them, from files that the system has in
 * memory, beside a plain copy of the same bytes in the same run: the ratio tells more than the milliseconds.
 */
export async function benchAggregate(runs: number, say: (line: string) => void): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'fedtab-bench-'));
  const arithmetic = startArithmetic({ blobsFolder: join(folder, 'blobs') });
  try {
    await mkdir(join(folder, 'blobs'));
    const { expected, reports } = await writeReports(folder);
    const passes: Pass[] = [];
    for (let run = 0; run < WARM_UPS + runs; run++) passes.push(await pass(arithmetic, expected, reports));
    say(tableOfPasses(passes.slice(WARM_UPS)));
  } finally {
    await arithmetic.close();
    await rm(folder, { recursive: true, force: true });
  }
}

async function writeReports(folder: string): Promise<{ expected: ExpectedFrame; reports: readonly Report[] }> {
  const [layoutSha256, baseSha256] = ['a', 'b'].map((digit) => digit.repeat(64)) as [Sha256, Sha256];
  const expected: ExpectedFrame = { codec: 'float32', values: VALUES, layoutSha256, baseSha256 };
  const bodies = Array.from({ length: VARIANTS }, (_, index) => toBytes(deltaOf(index, VALUES)));
  const reports: Report[] = [];
  for (let index = 0; index < UPDATES; index++) {
    const header = { ...expected, examples: examplesOf(index), steps: 1 };
    const frame = encodeFrame(header, bodies[index % VARIANTS] as Uint8Array);
    const path = join(folder, String(index));
    await writeFile(path, frame);
    reports.push({ path, frame, announced: { sha256: frameSha256(frame), bytes: frame.byteLength } });
  }
  return { expected, reports };
}

const RULE = { kind: 'delta', maxNorm: digits.maxDeltaNorm } as const;

async function pass(arithmetic: Arithmetic, expected: ExpectedFrame, reports: readonly Report[]): Promise<Pass> {
  const target = new Uint8Array(reports[0]?.frame.byteLength ?? 0).fill(1);
  const copyMs = await timed(async () => {
    for (const { frame } of reports) target.set(frame);
  });
  const checkMs = await timed(async () => {
    for (const { path, announced } of reports) {
      const checked = await arithmetic.check(path, announced, expected, RULE);
      if (!checked.ok) throw new Error(`a report was refused: ${checked.reason}`);
    }
  });
  await arithmetic.begin('bench', digits, VALUES);
  const foldMs = await timed(async () => {
    for (const { path } of reports) await arithmetic.fold('bench', path, expected);
  });
  await arithmetic.drop('bench');
  return { copyMs, checkMs, foldMs };
}

async function timed(work: () => Promise<void>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

function tableOfPasses(passes: readonly Pass[]): string {
  const copyMs = median(passes.map((one) => one.copyMs));
  const row = (name: string, of: (one: Pass) => number): string[] => {
    const values = passes.map(of);
    const middle = median(values);
    const bytes = UPDATES * VALUES * 4;
    return [
      name,
      milliseconds(middle, 1),
      milliseconds(Math.max(...values), 1),
      `${(bytes / 1e6 / middle).toFixed(1)} GB/s`,
      (middle / copyMs).toFixed(1),
    ];
  };
  const header = [
    `of ${UPDATES} × ${VALUES / 1e6} million`,
    `median of ${passes.length}`,
    'worst',
    'rate',
    'times a copy',
  ];
  return tableOf(header, [
    row('copy in memory', (one) => one.copyMs),
    row('fold in the thread: read, decode, add in Float64', (one) => one.foldMs),
    row('check in the thread: read, SHA-256, finite, norm', (one) => one.checkMs),
  ]);
}
