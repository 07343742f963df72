import { parseArgs } from 'node:util';
import { machineLine } from '../bench/machine.ts';
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

export function readOptions(args: readonly string[]): SimulateCommand | 'help' | { readonly problem: string } {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        rounds: { type: 'string', default: '200000' },
        seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
        help: { type: 'boolean', default: false },
      },
    });
    if (values.help) return 'help';
    const [rounds, seed] = [Number(values.rounds), Number(values.seed)];
    if (!(Number.isInteger(rounds) && rounds >= 1)) return { problem: '--rounds takes a whole number from 1' };
    if (!(Number.isInteger(seed) && seed >= 0)) return { problem: '--seed takes a whole number' };
    return { rounds, seed };
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
}

/** Returns the exit code. */
export async function simulateCommand(args: readonly string[]): Promise<number> {
  const options = readOptions(args);
  if (options === 'help') {
    console.log(HELP);
    return 0;
  }
  if ('problem' in options) {
    console.error(`${options.problem}\n\n${HELP}`);
    return 2;
  }
  console.log(`${machineLine()}\nseed ${options.seed}\n`);
  const startedAt = performance.now();
  try {
    const figures = await simulate({ ...options, say: (line) => console.log(line) });
    const seconds = Math.round((performance.now() - startedAt) / 1000);
    console.log(`\n${JSON.stringify({ ...figures, seconds }, null, 2)}`);
    return 0;
  } catch (error) {
    console.error(error);
    return 1;
  }
}
