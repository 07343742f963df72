import { readSeeded, runSeeded } from '../seeded-command.ts';
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
export function processesCommand(args: readonly string[]): Promise<number> {
  const given = readSeeded(args, { minutes: 20 });
  const startedAt = performance.now();
  const at = (): string => `${Math.round((performance.now() - startedAt) / 1_000)} s`;
  return runSeeded(HELP, given !== 'help' && 'numbers' in given ? given.numbers : given, ({ minutes, seed, say }) =>
    storm({ seed, seconds: 60 * minutes, say: (line) => say(`${at()}  ${line}`) }),
  );
}
