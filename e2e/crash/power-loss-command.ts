import { parseArgs } from 'node:util';
import { machineLine } from '../bench/machine.ts';
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

export function readOptions(
  args: readonly string[],
): Omit<PowerLossOptions, 'say'> | 'help' | { readonly problem: string } {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        step: { type: 'string', default: '1' },
        'start-every': { type: 'string', default: '2' },
        seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
        help: { type: 'boolean', default: false },
      },
    });
    if (values.help) return 'help';
    const [step, startEvery, seed] = [Number(values.step), Number(values['start-every']), Number(values.seed)];
    if (!(Number.isInteger(step) && step >= 1)) return { problem: '--step takes a whole number from 1' };
    if (!(Number.isInteger(startEvery) && startEvery >= 1))
      return { problem: '--start-every takes a whole number from 1' };
    if (!(Number.isInteger(seed) && seed >= 0)) return { problem: '--seed takes a whole number' };
    return { step, startEvery, seed };
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
}

/** Returns the exit code. */
export async function powerLossCommand(args: readonly string[]): Promise<number> {
  const options = readOptions(args);
  if (options === 'help') {
    console.log(HELP);
    return 0;
  }
  const problem = 'problem' in options ? options.problem : straceProblem();
  if ('problem' in options || problem !== null) {
    console.error(`${problem}\n\n${HELP}`);
    return 2;
  }
  console.log(`${machineLine()}\nseed ${options.seed}\n`);
  try {
    const figures = await lostPower({ ...options, say: (line) => console.log(line) });
    console.log(`\n${JSON.stringify(figures, null, 2)}`);
    return 0;
  } catch (error) {
    console.error(error);
    return 1;
  }
}
