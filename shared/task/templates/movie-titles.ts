/**
 * 120 films that there are not: every pair of a beginning and an end. Names made up for this list; a real film of the
 * same name is chance.
 */
const BEGINNINGS = [
  'The Glass',
  'A Borrowed',
  'Beyond the',
  'Seven Days of',
  'The Last',
  'Letters to the',
  'Under a Paper',
  'The Clockwork',
  'Nobody’s',
  'The Year of the',
] as const;
const ENDS = [
  'Lighthouse',
  'Orchard',
  'Ferryman',
  'Comet',
  'Umbrella',
  'Cartographer',
  'Winter',
  'Accordion',
  'Harbour',
  'Sparrow',
  'Elevator',
  'Violet',
] as const;

export const MOVIE_TITLES: readonly string[] = BEGINNINGS.flatMap((beginning) =>
  ENDS.map((end) => `${beginning} ${end}`),
);
