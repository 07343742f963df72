import { machineLine } from '../bench/machine.ts';
import { fuzzClient } from './against-client.ts';
import { fuzzedServer, fuzzServer, taskOf } from './against-server.ts';
import { costs } from './cost.ts';
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
  if (direction !== 'client') {
    const figures = await fuzzServer({ seed, runs, path, say });
    const { messages, seen, heldBeforeBytes, heldAfterBytes, longestTurnMs, longTurns, failure } = figures;
    say(`to the server: ${messages} messages; by state: ${JSON.stringify(seen)}`);
    say(
      `turns of the event loop with more than 50 ms of work: ${longTurns}; the longest: ${longestTurnMs} ms (0: below 20)`,
    );
    const share = heldAfterBytes / heldBeforeBytes;
    say(`memory held: ${inMegabytes(heldBeforeBytes)} before, ${inMegabytes(heldAfterBytes)} after`);
    tell('server', failure);
    if (path === undefined && share > MEMORY_BACK) {
      process.exitCode = 1;
      say(`memory did not come back: ${((share - 1) * 100).toFixed(1)} % more`);
    }
  }
  if (direction !== 'server') {
    const clientRuns = direction === 'client' ? runs : runs * CLIENT_RUNS_PER_RUN;
    const { messages, failure } = await fuzzClient({ seed, runs: clientRuns, path });
    say(`to the client: ${messages} messages`);
    tell('client', failure);
  }
}

function tell(direction: 'server' | 'client', failure: string | null): void {
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
