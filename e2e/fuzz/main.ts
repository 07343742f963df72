import { machineLine } from '../bench/machine.ts';
import { fuzzClient } from './against-client.ts';
import { fuzzServer } from './against-server.ts';
import { CLIENT_RUNS_PER_RUN, type FuzzCommand, HELP, readOptions } from './options.ts';

// `npm run fuzz`: what it finds ends it with 1, and is printed with what finds it again.

/** Of what it held before, once garbage is collected. */
const MEMORY_BACK = 1.05;

async function fuzz({ seed, runs, path, direction }: FuzzCommand): Promise<void> {
  console.log(`${machineLine()}\nseed ${seed}`);
  const say = (line: string): void => console.log(line);
  if (direction !== 'client') {
    const figures = await fuzzServer({ seed, runs, path, say });
    const { messages, seen, heldBeforeBytes, heldAfterBytes, loopP99Ms, loopMaximumMs, loopStalls, failure } = figures;
    say(`to the server: ${messages} messages; by state: ${JSON.stringify(seen)}`);
    say(
      `event loop: delay p99 ${loopP99Ms.toFixed(1)} ms, longest ${loopMaximumMs.toFixed(1)} ms, above 50 ms ${loopStalls} times`,
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
