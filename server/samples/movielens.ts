import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { seededRng, shuffle } from '../../shared/rng.ts';
import { emptyColumns } from '../../shared/task/kinds/form.ts';
import { formOf, type TaskData } from '../../shared/task/kinds/index.ts';
import type { RatingData } from '../../shared/task/kinds/ratings.ts';
import { movielensScript } from '../places.ts';
import { findProgram } from './find-program.ts';
import { inMemory } from './in-memory.ts';
import type { HeldOut, SampleSource } from './source.ts';

/**
 * MovieLens ratings (GroupLens, University of Minnesota: for research, not to be passed on) as `movielens.R` converts them from
 * Debian's `r-cran-dslabs` on this machine, for the task that the same script writes. People with `PER_PERSON` ratings of the
 * task's titles or more are taken, so many of each; nobody who is scored on is among those who train.
 */
const PER_PERSON = 30;
const SEED = 20_260_501;
/** Of so many people one is scored on. */
const HELD_OUT_EVERY = 4;
/** Where Debian's package and R's own `install.packages` put the data. */
const LIBRARIES = ['/usr/lib/R/site-library', '/usr/local/lib/R/site-library'];
const TIMEOUT_MS = 120_000;

const run = promisify(execFile);

function findRscript(): string | null {
  const isHere = existsSync(movielensScript) && LIBRARIES.some((library) => existsSync(join(library, 'dslabs')));
  return isHere ? findProgram('Rscript') : null;
}

/** A title's place in the task, and what a person gave it. */
type Rating = readonly [item: number, rating: number];

interface Converted {
  readonly titles: readonly string[];
  /** Of each person. */
  readonly people: readonly (readonly Rating[])[];
}

/** Takes seconds and some hundred megabytes: one for all tasks of as many titles, and one R at a time, whoever asks for samples. */
function conversionsBy(): (program: string, titles: number) => Promise<Converted> {
  const conversions = new Map<number, Promise<Converted>>();
  let last: Promise<unknown> = Promise.resolve();
  return (program, titles) => {
    const known = conversions.get(titles);
    if (known !== undefined) return known;
    const conversion = last.then(() => convert(program, titles));
    conversions.set(titles, conversion);
    last = conversion.catch(() => conversions.delete(titles));
    return conversion;
  };
}

async function convert(program: string, titles: number): Promise<Converted> {
  const folder = await mkdtemp(join(tmpdir(), 'fedtab-movielens-'));
  try {
    // Of nobody's own profile, in no folder but its own.
    const args = ['--no-init-file', fileURLToPath(movielensScript), folder, String(titles)];
    await run(program, args, { cwd: folder, timeout: TIMEOUT_MS });
    const task = JSON.parse(await readFile(join(folder, 'task.json'), 'utf8')) as { data: { items: string[] } };
    const [, ...lines] = (await readFile(join(folder, 'ratings.csv'), 'utf8')).trim().split('\n');
    // Of two titles of one name a person keeps one rating, as the page does.
    const people = new Map<number, Map<number, number>>();
    for (const line of lines) {
      const [person = 0, item = 0, rating = 0] = line.split(',').map(Number);
      const own = people.get(person) ?? new Map<number, number>();
      people.set(person, own.set(item, rating));
    }
    return { titles: task.data.items, people: Array.from(people.values(), (own) => [...own]) };
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** null: not the titles that are converted. */
function ratingsOf({ titles, people }: Converted, data: TaskData, isHeldOut: boolean): HeldOut | null {
  if (data.kind !== 'ratings' || !isSame(titles, data)) return null;
  const known = people.filter((own) => own.length >= PER_PERSON);
  const chosen = known.filter((_, index) => (index % HELD_OUT_EVERY === 0) === isHeldOut);
  const columns = emptyColumns(formOf(data), chosen.length * PER_PERSON);
  for (const [person, own] of chosen.entries()) {
    const order = shuffle(
      Uint32Array.from({ length: own.length }, (_, index) => index),
      seededRng(SEED, person),
    );
    for (let at = 0; at < PER_PERSON; at++) {
      const [item, rating] = own[order[at] as number] as Rating;
      columns.features[person * PER_PERSON + at] = item;
      columns.targets[person * PER_PERSON + at] = rating;
    }
  }
  return { ...columns, perPerson: PER_PERSON };
}

/** Spaces at the ends apart, which a task does not keep. */
const isSame = (titles: readonly string[], { items, scale }: RatingData): boolean =>
  titles.length === items.length &&
  titles.every((title, index) => title.trim() === items[index]) &&
  scale.minimum <= 0.5 &&
  scale.maximum >= 5;

/** By `Rscript`, wherever it is; null where it or its package is missing. */
export function movielensBy(find: () => string | null): SampleSource {
  const converted = conversionsBy();
  const ratings = async (data: TaskData, isHeldOut: boolean): Promise<HeldOut | null> => {
    const program = find();
    if (program === null || data.kind !== 'ratings') return null;
    return ratingsOf(await converted(program, data.items.length), data, isHeldOut);
  };
  return {
    isInstalled: () => find() !== null,
    async openTraining(data) {
      const all = await ratings(data, false);
      return all && inMemory(all, formOf(data));
    },
    readHeldOut: (data) => ratings(data, true),
  };
}

export const movielens = movielensBy(findRscript);
