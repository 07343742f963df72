import type { SimulatedRound } from '../simulation.ts';

/** What was reached after a round, and what it had cost by then. */
export interface Point {
  readonly round: number;
  /** Up and down, of all rounds so far. */
  readonly bytes: number;
  /** Simulated where there is simulated time. */
  readonly seconds: number;
  readonly accuracy: number;
}

/** Committed versions with an accuracy, version 0 at the beginning. */
export function pointsOf(initial: number | undefined, rounds: readonly SimulatedRound[]): Point[] {
  const points: Point[] = initial === undefined ? [] : [{ round: 0, bytes: 0, seconds: 0, accuracy: initial }];
  let bytes = 0;
  let seconds = 0;
  for (const round of rounds) {
    bytes += round.uplinkBytes + round.downlinkBytes;
    seconds = round.simulatedSeconds ?? seconds + round.seconds;
    if (round.accuracy !== null) points.push({ round: round.number, bytes, seconds, accuracy: round.accuracy });
  }
  return points;
}

/** The best so far: the curve of McMahan et al., AISTATS 2017, §3, which never falls. */
export function bestSoFar(points: readonly Point[]): Point[] {
  let best = Number.NEGATIVE_INFINITY;
  return points.map((point) => {
    best = Math.max(best, point.accuracy);
    return { ...point, accuracy: best };
  });
}

/** Where the best so far crosses the target, linearly between two rounds as in the paper; null where it does not. */
export function crossingOf(points: readonly Point[], target: number): Omit<Point, 'accuracy'> | null {
  const curve = bestSoFar(points);
  const at = curve.findIndex(({ accuracy }) => accuracy >= target);
  const after = curve[at];
  if (after === undefined) return null;
  const before = curve[at - 1] ?? after;
  const share = after === before ? 0 : (target - before.accuracy) / (after.accuracy - before.accuracy);
  const between = (of: (point: Point) => number): number => of(before) + share * (of(after) - of(before));
  return { round: between((p) => p.round), bytes: between((p) => p.bytes), seconds: between((p) => p.seconds) };
}
