import { type Given, readSeeded, runSeeded } from '../seeded-command.ts';
import { ROUNDS_PER_WORLD, simulate } from './simulate.ts';

export const HELP = `npm run chaos -- simulate [options]
Server, contributors, network and disk in one thread and in simulated time, all drawn from a seed: the server's own coordinator
and gateway, the tabs' own engine, and a process, sockets and a disk that fail in every way they can. Worlds of ${ROUNDS_PER_WORLD} rounds, each
with a seed of its own. Ends at the first that breaks an invariant, or in which no version comes once the faults are over.

  --rounds N   how many (200000)
  --seed N     of the first world (the time of day); with --rounds ${ROUNDS_PER_WORLD} that world alone, again to the letter
  --help       this text
`;

export interface SimulateCommand {
  readonly seed: number;
  readonly rounds: number;
}

export function readOptions(args: readonly string[]): Given<SimulateCommand> {
  const given = readSeeded(args, { rounds: 200_000 });
  return given !== 'help' && 'numbers' in given ? given.numbers : given;
}

/** Returns the exit code. */
export const simulateCommand = (args: readonly string[]): Promise<number> =>
  runSeeded(HELP, readOptions(args), simulate);
