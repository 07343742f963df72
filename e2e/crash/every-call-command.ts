import { type Given, readSeeded, runSeeded } from '../seeded-command.ts';
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

export function readOptions(args: readonly string[]): Given<EveryCallCommand> {
  const given = readSeeded(
    args,
    { step: 1 },
    { fault: { type: 'string', default: 'kill' }, 'from-nothing': { type: 'boolean', default: false } },
  );
  if (given === 'help' || 'problem' in given) return given;
  const { numbers, others } = given;
  const fault = FAULTS.find((known) => known === others['fault']);
  if (fault === undefined) return { problem: `--fault takes ${FAULTS.join(', ')}` };
  return { ...numbers, isFromNothing: others['from-nothing'] === true, fault };
}

/** Returns the exit code. */
export const everyCallCommand = (args: readonly string[]): Promise<number> =>
  runSeeded(HELP, readOptions(args), faultAtEveryCall, straceProblem);
