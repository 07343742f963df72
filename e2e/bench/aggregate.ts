import { mkdtempSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { startArithmetic } from '../../server/rounds/arithmetic.ts';
import type { Arithmetic } from '../../server/rounds/port.ts';
import { fileBlobs } from '../../server/storage/blobs/files.ts';
import type { CodecName } from '../../shared/codec/names.ts';
import { encodeUpdate } from '../../shared/codec/update.ts';
import type { Sha256 } from '../../shared/ids.ts';
import type { TaskSpec } from '../../shared/task/spec.ts';
import { AGGREGATORS } from '../../shared/task/strategies.ts';
import { digits } from '../../shared/task/templates/digits.ts';
import { toBytes } from '../../shared/weights/vector.ts';
import { type ExpectedFrame, encodeFrame, frameSha256 } from '../../shared/wire/frame.ts';
import { deltaOf, examplesOf } from './deltas.ts';
import { kernelRates } from './kernel-rates.ts';
import { median, megabytes, milliseconds, seconds, tableOf } from './table.ts';

/** Before these the thread's code is not compiled yet. */
const WARM_UPS = 2;
const SMALL = { updates: 10, values: 1_000_000 };
/** So many files are written; what is folded more often is the same again. */
const LARGE = { updates: 100, values: 10_000_000, files: 3 };

interface Report {
  readonly path: string;
  readonly announced: { readonly sha256: Sha256; readonly bytes: number };
}

/** Reports that a robust rule has to have all at once: it reads them from their files as it needs them. */
const SPOOLED = { updates: 100, values: 1_000_000, files: 8 };
const RULES = {
  median: AGGREGATORS.median,
  'geometric median': AGGREGATORS['geometric-median'],
  'Krum, 20 malicious': { name: 'krum', malicious: 20 },
} as const;

/** The kernel in memory, then the thread that checks and folds reports from files that the system has in memory. */
export async function benchAggregate(runs: number, say: (line: string) => void): Promise<void> {
  kernelRates(runs, say);
  await withThread(async (arithmetic, folder) => say(`\n${await ratesOfThread(arithmetic, folder, runs)}`));
  await withThread(async (arithmetic, folder) => say(`\n${await memoryOfThread(arithmetic, folder)}`));
  const rows: string[][] = [];
  // A thread each: what one rule has had is not there for the next.
  for (const [name, aggregator] of Object.entries(RULES))
    await withThread(
      async (arithmetic, folder) => void rows.push([name, ...(await memoryOfRule(arithmetic, folder, aggregator))]),
    );
  const title = `${SPOOLED.updates} × ${SPOOLED.values / 1e6} million (${megabytes(4 * SPOOLED.updates * SPOOLED.values)} in files)`;
  say(`\n${tableOf([title, 'memory above that before, at its peak', 'the version made and stored in'], rows)}`);
}

async function withThread(work: (arithmetic: Arithmetic, folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'fedtab-bench-'));
  await mkdir(join(folder, 'blobs'));
  const arithmetic = startArithmetic({ kind: 'folder', folder: join(folder, 'blobs') });
  try {
    await work(arithmetic, folder);
  } finally {
    await arithmetic.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Wide enough for `deltaOf`, rotated or not. */
const RANGE = 0.05;

const expectedOf = (values: number, codec: CodecName = 'float32'): ExpectedFrame => {
  const [layoutSha256, baseSha256] = ['a', 'b'].map((digit) => digit.repeat(64)) as [Sha256, Sha256];
  return { codec, values, layoutSha256, baseSha256, range: RANGE };
};

async function writeReports(folder: string, count: number, expected: ExpectedFrame): Promise<readonly Report[]> {
  const reports: Report[] = [];
  for (let index = 0; index < count; index++) {
    const { codec, baseSha256 } = expected;
    const settings = { codec: { ...expected, up: codec }, baseSha256, seed: index };
    const { body, seed } = encodeUpdate(deltaOf(index, expected.values), settings);
    const frame = encodeFrame({ ...expected, examples: examplesOf(index), steps: 1, seed }, body);
    const path = join(folder, `${codec}-${index}`);
    await writeFile(path, frame);
    reports.push({ path, announced: { sha256: frameSha256(frame), bytes: frame.byteLength } });
  }
  return reports;
}

async function check(arithmetic: Arithmetic, { path, announced }: Report, expected: ExpectedFrame): Promise<void> {
  const rule = { kind: 'delta', maxNorm: digits.maxDeltaNorm, client: digits.client } as const;
  const checked = await arithmetic.check(path, announced, expected, rule);
  if (!checked.ok) throw new Error(`a report was refused: ${checked.reason}`);
}

async function timed(work: () => Promise<void>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

/** What one pass over all reports took. */
interface Pass {
  readonly checkMs: number;
  /** Folded into sums whose memory was never touched before. */
  readonly newMs: number;
  /** And the same once more. */
  readonly foldMs: number;
}

/** Checks all reports, and folds them twice into sums that are new. */
async function passOf(arithmetic: Arithmetic, reports: readonly Report[], expected: ExpectedFrame): Promise<Pass> {
  const checkMs = await timed(async () => {
    for (const report of reports) await check(arithmetic, report, expected);
  });
  await arithmetic.begin('bench', digits, expected.values);
  const fold = async (): Promise<void> => {
    for (const { path } of reports) await arithmetic.fold('bench', path, expected);
  };
  const newMs = await timed(fold);
  const foldMs = await timed(fold);
  await arithmetic.drop('bench');
  return { checkMs, newMs, foldMs };
}

/** Of 8 bits a code, as they are and rotated. */
const CODED = ['uniform-8', 'uniform-8-rotated'] as const;

async function ratesOfThread(arithmetic: Arithmetic, folder: string, runs: number): Promise<string> {
  const kinds = await Promise.all(
    (['float32', ...CODED] as const).map(async (codec) => {
      const expected = expectedOf(SMALL.values, codec);
      return { expected, reports: await writeReports(folder, SMALL.updates, expected), passes: [] as Pass[] };
    }),
  );
  const delay = loopDelay();
  for (let pass = 0; pass < WARM_UPS + 5 * runs; pass++) {
    if (pass === WARM_UPS) delay.start();
    for (const { expected, reports, passes } of kinds) {
      const took = await passOf(arithmetic, reports, expected);
      if (pass >= WARM_UPS) passes.push(took);
    }
  }
  const [floats, codes, rotated] = kinds.map(({ passes }) => passes) as [Pass[], Pass[], Pass[]];
  const row = (name: string, times: readonly number[], isFloats = false): string[] => {
    const rate = (SMALL.updates * SMALL.values * 4) / 1e6 / median(times);
    const figures = [milliseconds(Math.min(...times), 1), milliseconds(median(times), 1)];
    return [name, ...figures, isFloats ? `${rate.toFixed(1)} GB/s` : '–'];
  };
  const foldsOf = (passes: readonly Pass[]): number[] => passes.map(({ foldMs }) => foldMs);
  const checksOf = (passes: readonly Pass[]): number[] => passes.map(({ checkMs }) => checkMs);
  const title = `of ${SMALL.updates} × ${SMALL.values / 1e6} million in the thread, ${floats.length} passes`;
  const rows = [
    row('fold: read from the file, sum, finite, norm', foldsOf(floats), true),
    row(
      '… the first ten of a round, whose memory is new',
      floats.map(({ newMs }) => newMs),
      true,
    ),
    row('8-bit reports: read from the file, dequantise, add', foldsOf(codes)),
    row('… rotated: added as they are, rotated back when the version is made', foldsOf(rotated)),
    row('check: read from the file, SHA-256, finite, norm', checksOf(floats), true),
    row('check of 8-bit reports: read from the file, SHA-256, norm of the codes', checksOf(codes)),
    row('… rotated: and the last block decoded, where there is padding', checksOf(rotated)),
    ['event-loop delay of the process meanwhile, p99', '–', milliseconds(delay.p99Ms(), 1), '–'],
  ];
  return tableOf([title, 'best', 'median', 'rate'], rows);
}

/** Checks and folds many large reports, then makes the version, and looks at the memory of the process all the while. */
async function memoryOfThread(arithmetic: Arithmetic, folder: string): Promise<string> {
  const expected = expectedOf(LARGE.values);
  const reports = await writeReports(folder, LARGE.files, expected);
  const params = await fileBlobs(join(folder, 'blobs')).put(toBytes(deltaOf(0, LARGE.values)));
  await arithmetic.drop('started');
  const memory = memoryAboveNow();
  const delay = loopDelay();
  delay.start();
  const rows: string[][] = [];
  const note = (name: string): void => void rows.push([name, megabytes(memory.peakBytes()), '–']);
  const foldMs = await timed(async () => {
    await arithmetic.begin('bench', digits, LARGE.values);
    for (let update = 0; update < LARGE.updates; update++) {
      const report = reports[update % reports.length] as Report;
      await check(arithmetic, report, expected);
      await arithmetic.fold('bench', report.path, expected);
      if (update === 0) note('memory of the process above that before, with one report');
    }
  });
  note(`… with ${LARGE.updates} reports, at its peak`);
  rows.push(['checked and folded in', seconds(foldMs), '–']);
  const finishMs = await timed(async () => {
    await arithmetic.finish('bench', digits, { params, optimizer: null });
  });
  const model = LARGE.values * 4;
  rows.push(['… when the version is made, at its peak', megabytes(memory.peakBytes()), megabytes(model + 200e6)]);
  rows.push(['the version made and stored in', seconds(finishMs), '–']);
  rows.push(['event-loop delay of the process meanwhile, p99', milliseconds(delay.p99Ms(), 1), milliseconds(20)]);
  memory.stop();
  return tableOf(
    [`${LARGE.updates} × ${LARGE.values / 1e6} million (a model of ${megabytes(model)})`, 'measured', 'limit'],
    rows,
  );
}

/** Folds reports that wait in their files for a rule that needs all of them, and makes the version: peak memory and time of that. */
async function memoryOfRule(
  arithmetic: Arithmetic,
  folder: string,
  aggregator: NonNullable<TaskSpec['strategy']['aggregator']>,
): Promise<readonly string[]> {
  const spec: TaskSpec = {
    ...digits,
    strategy: { ...digits.strategy, name: 'robust', weighting: 'uniform', aggregator },
  };
  const expected = expectedOf(SPOOLED.values);
  const reports = await writeReports(folder, SPOOLED.files, expected);
  const params = await fileBlobs(join(folder, 'blobs')).put(toBytes(deltaOf(0, SPOOLED.values)));
  await arithmetic.drop('started');
  const memory = memoryAboveNow();
  await arithmetic.begin('bench', spec, SPOOLED.values);
  for (let update = 0; update < SPOOLED.updates; update++)
    await arithmetic.fold('bench', (reports[update % reports.length] as Report).path, expected);
  const finishMs = await timed(async () => {
    await arithmetic.finish('bench', spec, { params, optimizer: null });
  });
  const peak = memory.peakBytes();
  memory.stop();
  return [megabytes(peak), seconds(finishMs)];
}

const RESOLUTION_MS = 10;

/** The p99 of how much later than its time a timer of the main thread comes. */
function loopDelay(): { readonly start: () => void; readonly p99Ms: () => number } {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  return {
    start: () => void histogram.enable(),
    p99Ms() {
      histogram.disable();
      return Math.max(0, histogram.percentile(99) / 1e6 - RESOLUTION_MS);
    },
  };
}

/** Looks every few milliseconds at what the process holds above what it holds now, without its garbage. */
function memoryAboveNow(): { readonly peakBytes: () => number; readonly stop: () => void } {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  collect();
  const before = process.memoryUsage.rss();
  let peak = 0;
  function look(): void {
    peak = Math.max(peak, process.memoryUsage.rss() - before);
  }
  const timer = setInterval(look, 5);
  return {
    peakBytes() {
      look();
      return peak;
    },
    stop: () => clearInterval(timer),
  };
}
