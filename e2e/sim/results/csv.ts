import type { SimulatedRound } from '../simulation.ts';

const COLUMNS = [
  ...['round', 'outcome', 'version', 'accuracy', 'absoluteError', 'loss', 'accepted'],
  ...['uplinkBytes', 'downlinkBytes', 'seconds', 'simulatedSeconds'],
] as const;

/** A row a round, with the names of the columns before them (RFC 4180); bytes and seconds are of each round by itself. */
export function csvOf(rounds: readonly SimulatedRound[]): string {
  const rows = rounds.map((round) => {
    const figures: Readonly<Record<string, unknown>> = { ...round, round: round.number };
    return COLUMNS.map((column) => figures[column] ?? '').join(',');
  });
  return `${[COLUMNS.join(','), ...rows].join('\r\n')}\r\n`;
}
