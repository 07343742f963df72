import fc from 'fast-check';
import type { RunningServer } from '../fixtures/server.ts';
import { findingOf } from './finding.ts';
import { answers, mustBeWell, restingBytes, settledBytes } from './fuzzed-server.ts';
import { type Handled, handledIn, inWords, tooLong, tooLongAgain } from './handled.ts';

/** Scripts that are played at a time, each on a task of its own: what one waits for, another does not. */
export const LANES = 16;
/** Runs before memory is looked at the first time: tables and caches have their usual size then. */
const WARM_UP_RUNS = 4;
/** A run that kept the main thread for too long is played so often: only what does each time is found. */
const PLAYS_OF_SLOW = 4;

export interface FuzzOptions {
  readonly seed: number;
  readonly runs: number;
  /** Of a failure that was found before, in fast-check's words. */
  readonly path?: string | undefined;
  readonly say?: (line: string) => void;
}

export interface FuzzFigures<State extends string> {
  readonly messages: number;
  readonly runs: number;
  /** Steps that were taken in each state. */
  readonly seen: Readonly<Partial<Record<State, number>>>;
  /** What was found, with the seed and path to find it again; null: nothing. */
  readonly failure: string | null;
  readonly heldBeforeBytes: number;
  readonly heldAfterBytes: number;
  /** What kept the server's main thread at work for more than 20 ms, once it was warm. */
  readonly handled: readonly Handled[];
}

export interface Direction<Script, State extends string> {
  /** A server with all that scripts need. */
  start(): Promise<RunningServer>;
  /** Who comes to it is served, whatever was played. */
  readonly newcomersTask: string;
  readonly script: fc.Arbitrary<Script>;
  /** Plays one script and resolves to the number of its messages. `note` is told where it stands, for every step. */
  play(server: RunningServer, lane: number, script: Script, note: (state: State) => void): Promise<number>;
  /** After each run: what scripts left goes. */
  tidy?(server: RunningServer): Promise<void>;
}

/** Plays scripts on a real server in a process of its own, and looks after it. */
export async function fuzzInLanes<Script, State extends string>(
  direction: Direction<Script, State>,
  { seed, runs, path, say = () => {} }: FuzzOptions,
): Promise<FuzzFigures<State>> {
  let server = await direction.start();
  let messages = 0;
  let done = 0;
  let heldBeforeBytes = 0;
  let warmLogLength = 0;
  const seen = new Map<State, number>();
  const note = (state: State): void => void seen.set(state, (seen.get(state) ?? 0) + 1);
  /** Resolves to what kept the main thread for too long. */
  const play = async (lanes: readonly Script[]): Promise<readonly Handled[]> => {
    const logFrom = server.log().length;
    const played = await Promise.all(lanes.map((script, lane) => direction.play(server, lane, script, note)));
    for (const count of played) messages += count;
    await direction.tidy?.(server);
    await mustBeWell(server, direction.newcomersTask, logFrom);
    return tooLong(handledIn(server.log().slice(logFrom)));
  };
  const scripts = fc.noBias(fc.array(direction.script, { minLength: 1, maxLength: LANES, size: 'max' }));
  const property = fc.asyncProperty(scripts, async (lanes) => {
    if (!(await answers(server))) {
      await server.dispose();
      server = await direction.start();
    }
    let slow = await play(lanes);
    for (let again = 1; again < PLAYS_OF_SLOW && slow.length > 0; again++) slow = tooLongAgain(slow, await play(lanes));
    if (slow.length > 0) throw new Error(`the main thread was held up each time: ${slow.map(inWords).join('; ')}`);
    done += 1;
    if (done === WARM_UP_RUNS) {
      heldBeforeBytes = await restingBytes(server);
      warmLogLength = server.log().length;
    }
    if (done % 20 === 0) say(`${done} runs, ${messages} messages`);
  });
  const found = await fc.check(property, {
    ...{ seed, numRuns: runs, endOnFailure: false },
    ...(path === undefined ? {} : { path }),
  });
  const heldAfterBytes = await settledBytes(server, heldBeforeBytes);
  await server.dispose();
  return {
    ...{ messages, runs: done, seen: Object.fromEntries(seen) as FuzzFigures<State>['seen'] },
    ...{ heldBeforeBytes, heldAfterBytes, failure: findingOf(found) },
    handled: handledIn(server.log().slice(warmLogLength)),
  };
}
