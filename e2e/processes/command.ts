import { parseArgs } from 'node:util';
import { machineLine } from '../bench/machine.ts';
import { storm } from './storm.ts';

const HELP = `npm run chaos -- processes [options]
Three server processes on a PostgreSQL and a Redis of their own, twelve contributors, and a fault every 5 to 10 seconds:
processes killed, stopped and ended, Redis silent, emptied and killed, PostgreSQL killed, its connections cut, one while
another lasts. Which, when and how long follows from the seed. Ends at the first acknowledged report that is lost, the first
that counts twice or is of nobody, and at versions that are no one line.

  --minutes N  how long (20)
  --seed N     of the faults (the time of day)
  --help       this text
`;

/** Returns the exit code. */
export async function processesCommand(args: readonly string[]): Promise<number> {
  let values: { readonly minutes: string; readonly seed: string; readonly help: boolean };
  try {
    ({ values } = parseArgs({
      args: [...args],
      options: {
        minutes: { type: 'string', default: '20' },
        seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
        help: { type: 'boolean', default: false },
      },
    }));
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n\n${HELP}`);
    return 2;
  }
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const [minutes, seed] = [Number(values.minutes), Number(values.seed)];
  if (!(minutes > 0 && Number.isInteger(seed) && seed >= 0)) {
    console.error(`--minutes takes a number, --seed a whole one\n\n${HELP}`);
    return 2;
  }
  console.log(`${machineLine()}\nseed ${seed}\n`);
  const startedAt = performance.now();
  const at = (): string => `${Math.round((performance.now() - startedAt) / 1_000)} s`;
  try {
    const figures = await storm({ seed, seconds: 60 * minutes, say: (line) => console.log(`${at()}  ${line}`) });
    console.log(`\n${JSON.stringify(figures, null, 2)}`);
    return 0;
  } catch (error) {
    console.error(error, `(seed ${seed})`);
    return 1;
  }
}
