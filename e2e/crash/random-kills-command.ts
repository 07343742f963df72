import { parseArgs } from 'node:util';
import { machineLine } from '../bench/machine.ts';
import { randomKills } from './random-kills.ts';

const HELP = `npm run chaos -- kills [options]
A server on SQLite with one task and four contributors gets SIGKILL in the middle of rounds, over and over, on one data folder:
while some reports are acknowledged and others to come, and while all come at once. After each it starts again, and the round
must commit with what was acknowledged counted, once. About a second and a half each.

  --kills N  how many (1000)
  --seed N   of the moments (the time of day)
  --help     this text
`;

export interface RandomKillsCommand {
  readonly kills: number;
  readonly seed: number;
}

export function readOptions(args: readonly string[]): RandomKillsCommand | 'help' | { readonly problem: string } {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        kills: { type: 'string', default: '1000' },
        seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
        help: { type: 'boolean', default: false },
      },
    });
    if (values.help) return 'help';
    const [kills, seed] = [Number(values.kills), Number(values.seed)];
    if (!(Number.isInteger(kills) && kills >= 1)) return { problem: '--kills takes a whole number from 1' };
    if (!(Number.isInteger(seed) && seed >= 0)) return { problem: '--seed takes a whole number' };
    return { kills, seed };
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
}

/** Returns the exit code. */
export async function killsCommand(args: readonly string[]): Promise<number> {
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
  try {
    const figures = await randomKills({ ...options, say: (line) => console.log(line) });
    console.log(`\n${JSON.stringify(figures, null, 2)}`);
    return 0;
  } catch (error) {
    console.error(error, `(seed ${options.seed})`);
    return 1;
  }
}
