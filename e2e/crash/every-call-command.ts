import { parseArgs } from 'node:util';
import { machineLine } from '../bench/machine.ts';
import { type CallFault, faultAtEveryCall, straceProblem } from './every-call.ts';

export const HELP = `npm run chaos -- strace [options]
The server on SQLite is killed by strace as it enters the n-th pwrite64, fsync, rename, mkdir, unlink and ftruncate of its data
folder, for n = 1, 2, … until it gets through a round; after each it starts again, and what it had acknowledged must be
counted, once. Linux with strace only; about 6 s each, a quarter of an hour in all.

  --step N         every N-th call only (1), which ones the seed says
  --seed N         (the time of day)
  --fault FAULT    kill; or EIO or ENOSPC: the call fails and the server goes on (kill)
  --from-nothing   from an empty folder: the migrations and the making of the task, too (twice as many calls)
  --help           this text
`;

export interface EveryCallCommand {
  readonly step: number;
  readonly seed: number;
  readonly isFromNothing: boolean;
  readonly fault: CallFault;
}

const FAULTS: readonly CallFault[] = ['kill', 'EIO', 'ENOSPC'];

export function readOptions(args: readonly string[]): EveryCallCommand | 'help' | { readonly problem: string } {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        step: { type: 'string', default: '1' },
        seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
        fault: { type: 'string', default: 'kill' },
        'from-nothing': { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
    if (values.help) return 'help';
    const [step, seed] = [Number(values.step), Number(values.seed)];
    if (!(Number.isInteger(step) && step >= 1)) return { problem: '--step takes a whole number from 1' };
    if (!(Number.isInteger(seed) && seed >= 0)) return { problem: '--seed takes a whole number' };
    const fault = FAULTS.find((known) => known === values.fault);
    if (fault === undefined) return { problem: `--fault takes ${FAULTS.join(', ')}` };
    return { step, seed, isFromNothing: values['from-nothing'], fault };
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
}

/** Returns the exit code. */
export async function everyCallCommand(args: readonly string[]): Promise<number> {
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
    const figures = await faultAtEveryCall({ ...options, say: (line) => console.log(line) });
    console.log(`\n${JSON.stringify(figures, null, 2)}`);
    return 0;
  } catch (error) {
    console.error(error);
    return 1;
  }
}
