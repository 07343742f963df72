import { type Given, readSeeded, runSeeded } from '../seeded-command.ts';
import { straceProblem } from './every-call.ts';
import { lostPower, type PowerLossOptions } from './power-loss.ts';

export const HELP = `npm run chaos -- power-loss [options]
One round of a server on SQLite is recorded by strace, from an empty folder to its version. From the record come the folders
that a disk may hold if the power goes as an fsync begins: names in a folder that was not synced are there or not, and
what was written and not synced is lost, kept, or lost in pieces of 512 B or 4 KiB. Each is opened and must have all that
had been promised; on some a server starts, the same contributors come back, and the round commits. Linux with strace only.

  --step N         every N-th folder only (1), which ones the seed says
  --start-every N  a server starts on every N-th of them (2)
  --seed N         of the pieces that are lost (the time of day)
  --help           this text
`;

export function readOptions(args: readonly string[]): Given<Omit<PowerLossOptions, 'say'>> {
  const given = readSeeded(args, { step: 1, 'start-every': 2 });
  if (given === 'help' || 'problem' in given) return given;
  const { 'start-every': startEvery, ...numbers } = given.numbers;
  return { ...numbers, startEvery };
}

/** Returns the exit code. */
export const powerLossCommand = (args: readonly string[]): Promise<number> =>
  runSeeded(HELP, readOptions(args), lostPower, straceProblem);
