import { Violation } from '../crash/history.ts';
import { startServer } from '../fixtures/server.ts';
import { type FaultRates, HARSH, WELL } from './faults.ts';
import { CELLS, OneHotTask, type TaskFigures } from './one-hot-task.ts';
import { Patience } from './patience.ts';
import { ChaosProxy, type FaultCounts } from './proxy.ts';

export interface ExactlyOnceOptions {
  /** Counted reports that are wanted, of all tasks together. */
  readonly updates: number;
  /** Their rounds run at the same time: while those of one wait for answers that are lost, others go on. */
  readonly tasks: number;
  /** Of each task, at most `CELLS`. */
  readonly contributors: number;
  readonly seed: number;
  readonly rates?: FaultRates;
  readonly say?: (line: string) => void;
}

export interface ExactlyOnce extends TaskFigures {
  readonly faults: FaultCounts;
  readonly seconds: number;
}

/** Of the bits that are turned, those that may be in the number of a round; one in some hundred is. */
const MISHEARD_BITS = 0.02;

/**
 * Contributor i of each task reports 1 in cell i, through a network that loses, cuts, doubles, damages and delays, until so
 * many reports are counted. Throws at the first report that is lost, doubled or invented: I1 to I4; and where no round of
 * some task commits once the network is well again: I7.
 */
export async function exactlyOnce(options: ExactlyOnceOptions): Promise<ExactlyOnce> {
  const { updates, tasks: count, contributors, seed, rates = HARSH, say = () => {} } = options;
  if (contributors > CELLS) throw new Error(`at most ${CELLS} contributors`);
  const startMs = performance.now();
  const server = await startServer({ env: { FEDTAB_MAX_PER_ADDRESS: '1000000' } });
  const proxy = await ChaosProxy.start(server.port, rates, seed);
  const patience = new Patience();
  const tasks: OneHotTask[] = [];
  const sumOf = (figure: (task: OneHotTask) => number): number => tasks.reduce((sum, task) => sum + figure(task), 0);
  let saidOf = 0;
  const sayHowFar = (): void => {
    const counted = sumOf((task) => task.counted);
    if (counted - saidOf < updates / 100) return;
    saidOf = counted;
    const seconds = Math.round((performance.now() - startMs) / 1_000);
    say(`${seconds} s  ${counted} counted in ${sumOf((task) => task.rounds)} rounds`);
  };
  try {
    for (let task = 1; task <= count; task++)
      tasks.push(await OneHotTask.open(server, proxy.url, { id: `exactly-once-${task}`, contributors, patience }));
    const isEnough = (): boolean => sumOf((task) => task.counted) >= updates;
    await Promise.all(tasks.map((task) => task.run(isEnough, sayHowFar)));
    proxy.rates = WELL;
    const figures = await Promise.all(tasks.map((task) => task.end()));
    const total = (of: keyof TaskFigures): number => figures.reduce((sum, figure) => sum + figure[of], 0);
    const misheard = total('misheard');
    if (misheard > MISHEARD_BITS * proxy.counts.bitsFlipped + 1)
      throw new Violation(`${misheard} numbers of rounds were wrong: more than the bits that were turned explain`);
    return {
      ...{ counted: total('counted'), acknowledged: total('acknowledged'), inAbandoned: total('inAbandoned') },
      misheard,
      ...{ rounds: total('rounds'), faults: proxy.counts, seconds: (performance.now() - startMs) / 1_000 },
    };
  } catch (error) {
    console.error(server.log().slice(-4_000), JSON.stringify([proxy.counts, tasks.map((task) => task.states())]));
    throw error;
  } finally {
    await Promise.all(tasks.map((task) => task.close()));
    await proxy.close();
    await server.dispose();
  }
}
