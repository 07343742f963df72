import { parseArgs } from 'node:util';

/** Runs of up to 16 scripts of a hundred messages each, on average of half of both: about 900 messages. */
const RUNS = 250;
const FULL_RUNS = 2_500;
/** Scripts of fifty messages to the client, for each run against the server. */
export const CLIENT_RUNS_PER_RUN = 10;

export interface FuzzCommand {
  readonly seed: number;
  readonly runs: number;
  readonly path: string | undefined;
  readonly direction: 'all' | 'server' | 'client' | 'admin';
  /** The table of what single messages cost, and nothing else. */
  readonly isCost: boolean;
}

export const HELP = `npm run fuzz -- [options]
Sends right, wrong, doubled and misplaced messages to a server in every state, and to the client as a server would, and calls
every route of the HTTP API in every state of a task and a login. Prints what was found, memory, and what kept the server's
main thread the longest; exit code 1 where something was found, one message kept it for more than 50 ms each time, or memory
did not come back.

  --runs N       how many (${RUNS}: about 225,000 messages)
  --full         ${FULL_RUNS} runs: more than two million messages
  --seed S       the same messages again (else a new one, which is printed)
  --path P       with the seed: straight to a failure that was found
  --direction D  server | client | admin | all (all)
  --cost         instead: what messages of at most a kilobyte cost the server, each (Linux)
  --help         this text
`;

/** The options, `help`, or what is wrong with them in one sentence. */
export function readOptions(
  args: readonly string[],
  newSeed: () => number,
): FuzzCommand | 'help' | { readonly problem: string } {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        runs: { type: 'string' },
        seed: { type: 'string' },
        path: { type: 'string' },
        direction: { type: 'string', default: 'all' },
        full: { type: 'boolean', default: false },
        cost: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
    if (values.help) return 'help';
    const { direction, path } = values;
    if (direction !== 'all' && direction !== 'server' && direction !== 'client' && direction !== 'admin')
      return { problem: '--direction takes server, client, admin or all' };
    const runs = values.runs === undefined ? (values.full ? FULL_RUNS : RUNS) : Number(values.runs);
    if (!(Number.isInteger(runs) && runs >= 1)) return { problem: '--runs takes a whole number from 1' };
    const seed = values.seed === undefined ? newSeed() : Number(values.seed);
    if (!Number.isInteger(seed)) return { problem: '--seed takes a whole number' };
    if (path !== undefined && (values.seed === undefined || direction === 'all'))
      return { problem: '--path goes with the --seed and the --direction that it was found with' };
    return { seed, runs, path, direction, isCost: values.cost };
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
}
