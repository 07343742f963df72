import { machineLine } from '../bench/machine.ts';
import { fuzzAdmin } from './against-admin.ts';
import { fuzzClient } from './against-client.ts';
import { fuzzedServer, fuzzServer, taskOf } from './against-server.ts';
import { costs } from './cost.ts';
import { inWords, LONGEST_MS, longestMs, tooLong } from './handled.ts';
import type { FuzzFigures } from './in-lanes.ts';
import { CLIENT_RUNS_PER_RUN, type FuzzCommand, HELP, readOptions } from './options.ts';

// `npm run fuzz`: what it finds ends it with 1, and is printed with what finds it again.

/** Of what it held before, once garbage is collected. */
const MEMORY_BACK = 1.05;

async function fuzz({ seed, runs, path, direction, isCost }: FuzzCommand): Promise<void> {
  console.log(`${machineLine()}\nseed ${seed}`);
  if (isCost) {
    const server = await fuzzedServer();
    const { table, tooMuch } = await costs(server, taskOf(0));
    await server.dispose();
    console.log(table);
    if (tooMuch.length === 0) return;
    console.log(`above 5 ms or 1 MB: ${tooMuch.join(', ')}`);
    process.exitCode = 1;
    return;
  }
  const say = (line: string): void => console.log(line);
  const isAsked = (one: FuzzCommand['direction']): boolean => direction === 'all' || direction === one;
  if (isAsked('server')) tellOfLanes('server', await fuzzServer({ seed, runs, path, say }), path !== undefined);
  if (isAsked('admin')) tellOfLanes('admin', await fuzzAdmin({ seed, runs, path, say }), path !== undefined);
  if (isAsked('client')) {
    const clientRuns = direction === 'client' ? runs : runs * CLIENT_RUNS_PER_RUN;
    const { messages, failure } = await fuzzClient({ seed, runs: clientRuns, path });
    say(`client: ${messages} messages`);
    tell('client', failure);
  }
}

/** What a run that was gone straight to leaves in memory says nothing: the server was not warm. */
function tellOfLanes(direction: 'server' | 'admin', figures: FuzzFigures<string>, isOneRun: boolean): void {
  const { messages, seen, heldBeforeBytes, heldAfterBytes, handled, failure } = figures;
  console.log(`${direction}: ${messages} messages; by state: ${JSON.stringify(seen)}`);
  console.log(
    `the longest handling of one message: ${longestMs(handled, 'handler')} ms; the longest callback of the event loop, with all ` +
      `messages of it: ${longestMs(handled, 'stretch')} ms (0: below 20)`,
  );
  const once = tooLong(handled);
  if (once.length > 0) console.log(`above ${LONGEST_MS} ms: ${once.map(inWords).join('; ')}`);
  console.log(`memory held: ${inMegabytes(heldBeforeBytes)} before, ${inMegabytes(heldAfterBytes)} after`);
  tell(direction, failure);
  const share = heldAfterBytes / heldBeforeBytes;
  if (isOneRun || share <= MEMORY_BACK) return;
  process.exitCode = 1;
  console.log(`memory did not come back: ${((share - 1) * 100).toFixed(1)} % more`);
}

function tell(direction: Exclude<FuzzCommand['direction'], 'all'>, failure: string | null): void {
  console.log(failure === null ? 'nothing was found' : `found, with --direction ${direction}: ${failure}`);
  if (failure !== null) process.exitCode = 1;
}

const inMegabytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

const options = readOptions(process.argv.slice(2), () => Date.now() % 0x7fff_ffff);
if (options === 'help') console.log(HELP);
else if ('problem' in options) {
  console.error(`${options.problem}\n\n${HELP}`);
  process.exitCode = 2;
} else await fuzz(options);
