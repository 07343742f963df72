import { writeFile } from 'node:fs/promises';
import { HELP, readOptions, type SimulateOptions } from './options.ts';
import { PAPERS_HELP, reproduce } from './papers.ts';
import { csvOf } from './results/csv.ts';
import { pointsOf } from './results/curve.ts';
import { ProgressBar } from './results/progress.ts';
import { svgOf } from './results/svg.ts';
import { type Figures, simulate } from './simulation.ts';
import { sweep } from './sweep.ts';

// `npm run simulate`: exit 0 only if every round that was asked for committed, or `--until` was reached.

const [command, ...rest] = process.argv.slice(2);
const options = command === 'papers' ? null : readOptions(process.argv.slice(2));
if (options === null) {
  try {
    const areKept = await reproduce(rest, (line) => console.log(line));
    if (areKept === 'help') console.log(PAPERS_HELP);
    process.exitCode = areKept === false ? 1 : 0;
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    process.exitCode = 2;
  }
} else if (options === 'help') console.log(HELP);
else if ('problem' in options) {
  console.error(`${options.problem}\n\n${HELP}`);
  process.exitCode = 2;
} else {
  try {
    const figures = options.sweep === null ? await run(options) : await best(options, options.sweep);
    await write(options, figures);
    const committed = figures.rounds.filter(({ outcome }) => outcome === 'committed').length;
    const isReached = figures.crossing != null;
    process.exitCode = isReached || (options.until === null && committed >= options.rounds) ? 0 : 1;
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  }
}

async function run(options: SimulateOptions): Promise<Figures> {
  const bar = new ProgressBar(process.stderr, options.rounds);
  bar.show(0);
  const say = (line: string): void => {
    bar.clear();
    console.log(line);
  };
  try {
    return await simulate(options, { say, done: (rounds) => bar.show(rounds) });
  } finally {
    bar.clear();
  }
}

async function best(options: SimulateOptions, rates: readonly number[]): Promise<Figures> {
  const [first] = await sweep(options, rates, { say: (line) => console.log(line) });
  if (first === undefined) throw new Error('no rate was tried');
  console.log(`best: --lr ${first.rate}`);
  return first.figures;
}

async function write({ json, csv, svg, until, ...options }: SimulateOptions, figures: Figures): Promise<void> {
  if (json !== null) await writeFile(json, `${JSON.stringify(figures, null, 2)}\n`);
  if (csv !== null) await writeFile(csv, csvOf(figures.rounds));
  const { task, clients, cohort, seed } = options;
  const title = `${task}, ${cohort} of ${clients} contributors a round, seed ${seed}`;
  if (svg !== null) await writeFile(svg, svgOf(title, pointsOf(figures.initial.accuracy, figures.rounds), until));
}
