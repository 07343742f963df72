import type { SimulatedRound } from '../simulation.ts';

/** What was reached after a round, and what it had cost by then. */
export interface Point {
  readonly round: number;
  /** Up and down, of all rounds so far. */
  readonly bytes: number;
  readonly uplinkBytes: number;
  readonly downlinkBytes: number;
  /** Simulated where there is simulated time. */
  readonly seconds: number;
  readonly accuracy: number;
}

/** Committed versions with an accuracy, version 0 at the beginning. */
export function pointsOf(initial: number | undefined, rounds: readonly SimulatedRound[]): Point[] {
  let spent = { bytes: 0, uplinkBytes: 0, downlinkBytes: 0, seconds: 0 };
  const points: Point[] = initial === undefined ? [] : [{ round: 0, ...spent, accuracy: initial }];
  for (const round of rounds) {
    const uplinkBytes = spent.uplinkBytes + round.uplinkBytes;
    const downlinkBytes = spent.downlinkBytes + round.downlinkBytes;
    const seconds = round.simulatedSeconds ?? spent.seconds + round.seconds;
    spent = { bytes: uplinkBytes + downlinkBytes, uplinkBytes, downlinkBytes, seconds };
    if (round.accuracy !== null) points.push({ round: round.number, ...spent, accuracy: round.accuracy });
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
  return {
    round: between((point) => point.round),
    bytes: between((point) => point.bytes),
    uplinkBytes: between((point) => point.uplinkBytes),
    downlinkBytes: between((point) => point.downlinkBytes),
    seconds: between((point) => point.seconds),
  };
}
