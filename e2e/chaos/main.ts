import { parseArgs } from 'node:util';
import { machineLine } from '../bench/machine.ts';
import { everyCallCommand } from '../crash/every-call-command.ts';
import { powerLossCommand } from '../crash/power-loss-command.ts';
import { killsCommand } from '../crash/random-kills-command.ts';
import { processesCommand } from '../processes/command.ts';
import { simulateCommand } from '../simulated/command.ts';
import { exactlyOnce } from './exactly-once.ts';

// `npm run chaos`: exit 0 only if nothing was lost, doubled or invented, and rounds went on.

const HELP = `npm run chaos [-- options]
Reports of one contributor each in a cell of its own, through a proxy that loses a third of the acks, cuts a tenth of the
connections in mid-frame, doubles frames, flips bits, and delivers late what a client has given up. Ends at the first
report that is lost, counted twice, or made by nobody.

  --updates N       counted reports that are wanted (100000)
  --tasks N         whose rounds run at the same time (4)
  --contributors N  of each task, at most 130 (130)
  --seed N          of the faults (the time of day); the same seed does the same to the n-th connection
  --help            this text

npm run chaos -- simulate --help   the whole protocol in simulated time
npm run chaos -- processes --help  three processes on PostgreSQL and Redis, one fault after the other
npm run chaos -- kills --help      killed at random moments of rounds
npm run chaos -- strace --help     killed at every write, fsync and rename, or those fail
npm run chaos -- power-loss --help what a disk may hold after a power cut
`;

const OTHERS: Readonly<Record<string, (args: readonly string[]) => Promise<number>>> = {
  simulate: simulateCommand,
  kills: killsCommand,
  strace: everyCallCommand,
  'power-loss': powerLossCommand,
  processes: processesCommand,
};

interface ChaosOptions {
  readonly updates: number;
  readonly tasks: number;
  readonly contributors: number;
  readonly seed: number;
}

function readOptions(args: readonly string[]): ChaosOptions | 'help' | { readonly problem: string } {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        updates: { type: 'string', default: '100000' },
        tasks: { type: 'string', default: '4' },
        contributors: { type: 'string', default: '130' },
        seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
        help: { type: 'boolean', default: false },
      },
    });
    if (values.help) return 'help';
    const { updates: wanted, tasks: atOnce, contributors: ofEach, seed: given } = values;
    const [updates = 0, tasks = 0, contributors = 0, seed = 0] = [wanted, atOnce, ofEach, given].map(Number);
    if (!(Number.isInteger(updates) && updates >= 1)) return { problem: '--updates takes a whole number from 1' };
    if (!(Number.isInteger(tasks) && tasks >= 1)) return { problem: '--tasks takes a whole number from 1' };
    if (!(Number.isInteger(contributors) && contributors >= 2 && contributors <= 130))
      return { problem: '--contributors takes a whole number from 2 to 130' };
    if (!(Number.isInteger(seed) && seed >= 0)) return { problem: '--seed takes a whole number' };
    return { updates, tasks, contributors, seed };
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
}

const args = process.argv.slice(2);
const other = OTHERS[args[0] ?? ''];
const options = other === undefined ? readOptions(args) : null;
if (other !== undefined) process.exitCode = await other(args.slice(1));
else if (options === null || options === 'help') console.log(HELP);
else if ('problem' in options) {
  console.error(`${options.problem}\n\n${HELP}`);
  process.exitCode = 2;
} else {
  console.log(`${machineLine()}\nseed ${options.seed}\n`);
  try {
    const { faults, ...figures } = await exactlyOnce({ ...options, say: (line) => console.log(line) });
    console.log(`\n${JSON.stringify({ ...figures, ...faults }, null, 2)}`);
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error), `(seed ${options.seed})`);
    process.exitCode = 1;
  }
}
