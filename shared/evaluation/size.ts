/** Steps of the histogram over contributors. */
export const BINS_COUNT = 20;
/** All numbers that leave a contributor's device in an evaluation round. */
export const COUNTS_COUNT = 5 + BINS_COUNT;
