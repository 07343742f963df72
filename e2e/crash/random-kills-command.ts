import { type Given, readSeeded, runSeeded } from '../seeded-command.ts';
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

export function readOptions(args: readonly string[]): Given<RandomKillsCommand> {
  const given = readSeeded(args, { kills: 1_000 });
  return given !== 'help' && 'numbers' in given ? given.numbers : given;
}

/** Returns the exit code. */
export const killsCommand = (args: readonly string[]): Promise<number> =>
  runSeeded(HELP, readOptions(args), randomKills);
