import { type Rng, seededRng, shuffle } from '../../shared/rng.ts';
import { emptyColumns } from '../../shared/task/kinds/form.ts';
import { formOf, type TaskData } from '../../shared/task/kinds/index.ts';
import { choicesOf, type RatingData } from '../../shared/task/kinds/ratings.ts';
import { inMemory } from './in-memory.ts';
import type { HeldOut, SampleSource } from './source.ts';

/**
 * Ratings that nobody gave: people and titles are drawn from a seed, so that everybody has the same ones. A title has
 * something that all like about it and two things that some like and others do not; a person likes more or less of each;
 * and nobody is quite sure. Nobody who is scored on is among those who train.
 */
const TRAINING = { seed: 20_260_401, people: 300 } as const;
const HELD_OUT = { seed: 20_260_402, people: 100 } as const;
const TITLES_SEED = 20_260_400;
const PER_PERSON = 40;

const SIDES = 2;
/** Deviations, as shares of half the scale. */
const OF_TITLE = 0.18;
const OF_PERSON = 0.1;
const OF_TASTE = 0.45;
const OF_DOUBT = 0.13;
/** What people rate is what they chose to see: a little above the middle. */
const MEAN = 0.25;

interface Title {
  readonly quality: number;
  readonly sides: readonly number[];
}

const normals = (count: number, rng: Rng): readonly number[] => Array.from({ length: count }, () => rng.normal());

const titlesOf = ({ items }: RatingData): readonly Title[] =>
  items.map((_, index) => {
    const rng = seededRng(TITLES_SEED, index);
    return { quality: OF_TITLE * rng.normal(), sides: normals(SIDES, rng).map((side) => side / Math.sqrt(SIDES)) };
  });

function ratingsOf(data: RatingData, { seed, people }: { readonly seed: number; readonly people: number }): HeldOut {
  const titles = titlesOf(data);
  const each = Math.min(PER_PERSON, titles.length);
  const columns = emptyColumns(formOf(data), people * each);
  const choices = choicesOf(data.scale);
  for (let person = 0; person < people; person++) {
    const rng = seededRng(seed, person);
    const mood = MEAN + OF_PERSON * rng.normal();
    const likes = normals(SIDES, rng);
    const seen = shuffle(
      Uint32Array.from({ length: titles.length }, (_, index) => index),
      rng,
    ).subarray(0, each);
    for (const [at, item] of seen.entries()) {
      const { quality, sides } = titles[item] as Title;
      const liking = OF_TASTE * sides.reduce((sum, side, which) => sum + side * (likes[which] as number), 0);
      const opinion = mood + quality + liking + OF_DOUBT * rng.normal();
      const place = Math.round(((opinion + 1) / 2) * (choices.length - 1));
      columns.features[person * each + at] = item;
      columns.targets[person * each + at] = choices[Math.min(choices.length - 1, Math.max(0, place))] as number;
    }
  }
  return { ...columns, perPerson: each };
}

const areRatings = (data: TaskData): data is RatingData => data.kind === 'ratings';

export const ratings: SampleSource = {
  isInstalled: () => true,
  async openTraining(data) {
    if (!areRatings(data)) return null;
    return inMemory(ratingsOf(data, TRAINING), formOf(data));
  },
  readHeldOut: async (data) => (areRatings(data) ? ratingsOf(data, HELD_OUT) : null),
};
