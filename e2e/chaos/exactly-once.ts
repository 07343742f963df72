import type { TaskId } from '../../shared/ids.ts';
import { socketTransport } from '../../web/client/index.ts';
import { History } from '../crash/history.ts';
import { oneHotModel, oneHotTrainer } from '../crash/one-hot.ts';
import { type RunningServer, startServer } from '../fixtures/server.ts';
import { Population } from '../sim/population.ts';
import { type FaultRates, HARSH, WELL } from './faults.ts';
import { ChaosProxy, type FaultCounts } from './proxy.ts';

export interface ExactlyOnceOptions {
  /** Counted reports that are wanted. */
  readonly updates: number;
  readonly contributors: number;
  readonly seed: number;
  readonly rates?: FaultRates;
  readonly say?: (line: string) => void;
}

export interface ExactlyOnce {
  /** Reports in versions; those that a contributor heard of; those in rounds that were abandoned. */
  readonly counted: number;
  readonly acknowledged: number;
  readonly inAbandoned: number;
  readonly rounds: number;
  readonly faults: FaultCounts;
  readonly seconds: number;
}

const SIDE = 8;
const CELLS = 2 * SIDE ** 2 + 2;
/** So many answers come back within a fraction of this on loopback; a lost one costs no more. */
const TIMEOUTS = { openMs: 1_000, controlMs: 500, chunkMs: 600, reportEndMs: 1_000 };
const COHORT_SHARE = 0.6;
/** Weights of older versions are not kept: the history is read before they go. */
const READ_EVERY_ROUNDS = 4;
const STALLED_MS = 120_000;
const HEALED_MS = 30_000;

const taskOf = (contributors: number) => ({
  template: 'digits',
  id: 'exactly-once',
  ...oneHotModel(SIDE),
  strategy: { weighting: 'uniform' },
  rounds: {
    ...{ goal: Math.round(COHORT_SHARE * contributors), minimum: 1, overSelection: 1.2 },
    ...{ selectionDeadlineMs: 10_000, reportingDeadlineMs: 20_000 },
  },
});

/**
 * Contributor i reports 1 in cell i, through a network that loses, cuts, doubles, damages and delays, until so many
 * reports are counted. Throws at the first report that is lost, doubled or invented: I1 to I4; and where no round
 * commits once the network is well again: I7.
 */
export async function exactlyOnce({
  updates,
  contributors,
  seed,
  rates = HARSH,
  say = () => {},
}: ExactlyOnceOptions): Promise<ExactlyOnce> {
  if (contributors > CELLS) throw new Error(`at most ${CELLS} contributors`);
  const startMs = performance.now();
  const server = await startServer({ env: { FEDTAB_MAX_PER_ADDRESS: '1000000' } });
  const proxy = await ChaosProxy.start(server.port, rates, seed);
  const seen = new Seen();
  const history = new History({ mayAbandon: true });
  const task = taskOf(contributors);
  const population: Population = new Population({
    server: proxy.url,
    task: task.id as TaskId,
    count: contributors,
    trainer: (cell) => oneHotTrainer(cell, async () => seen.trained(population, cell)),
    reconnect: { delayMs: (_attempt, _hintMs, roll) => 20 + Math.round(60 * roll) },
    transport: () => socketTransport(TIMEOUTS),
  });
  population.clients.forEach((client, cell) => {
    client.subscribe(({ notes }) => {
      for (const { receipt } of notes) if (receipt !== null) seen.acknowledged(receipt.round, cell);
    });
  });
  const roundsEnded = (): number => history.committed.size + history.abandoned.size;
  const counted = (): number => [...history.committed.values()].reduce((sum, { cells }) => sum + cells.size, 0);
  const read = async (): Promise<void> => {
    await history.read(server, task.id);
    seen.check(history);
  };
  const until = (round: number, withinMs: number) =>
    population.until(
      () => population.clients.some((client) => (client.view().round ?? 0) >= round),
      `round ${round}`,
      withinMs,
    );
  try {
    await server.adminJson('/api/tasks', { body: task });
    const starting = population.start();
    await server.adminJson(`/api/tasks/${task.id}/rounds`, { body: { count: 100_000 } });
    while (counted() < updates) {
      await until(roundsEnded() + READ_EVERY_ROUNDS, STALLED_MS);
      await read();
      say(`${counted()} counted in ${history.committed.size} rounds, ${history.abandoned.size} abandoned`);
    }
    await starting;
    proxy.rates = WELL;
    await until(roundsEnded() + 2, HEALED_MS);
    await server.adminJson(`/api/tasks/${task.id}/pause`, { body: {} });
    await ended(server, task.id);
    await read();
    const abandoned = [...history.abandoned.keys()];
    return {
      counted: counted(),
      acknowledged: seen.count(history.committed.keys()),
      inAbandoned: seen.count(abandoned),
      rounds: roundsEnded(),
      faults: proxy.counts,
      seconds: (performance.now() - startMs) / 1_000,
    };
  } catch (error) {
    console.error(server.log().slice(-4_000), JSON.stringify(proxy.counts));
    throw error;
  } finally {
    await population.close();
    await proxy.close();
    await server.dispose();
  }
}

/** The round that runs when a task pauses ends by its deadline at the latest. */
async function ended(server: RunningServer, task: string): Promise<void> {
  for (;;) {
    const rounds = await server.adminJson<{ outcome: string | null }[]>(`/api/tasks/${task}/rounds?limit=1`);
    if (rounds.at(-1)?.outcome !== null) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** What the contributors themselves did and heard, by round. */
class Seen {
  readonly #trained = new Map<number, Set<number>>();
  readonly #acknowledged = new Map<number, Set<number>>();

  trained(population: Population, cell: number): void {
    add(this.#trained, population.clients[cell]?.view().round ?? 0, cell);
  }

  acknowledged(round: number, cell: number): void {
    add(this.#acknowledged, round, cell);
  }

  count(rounds: Iterable<number>): number {
    let sum = 0;
    for (const round of rounds) sum += this.#acknowledged.get(round)?.size ?? 0;
    return sum;
  }

  /** What was acknowledged is counted, and what is counted was made by somebody. */
  check(history: History): void {
    history.holds(this.#acknowledged);
    for (const { number, cells } of history.committed.values()) {
      for (const cell of cells)
        if (!this.#trained.get(number)?.has(cell))
          throw new Error(`round ${number}: nobody made the report of ${cell}`);
    }
  }
}

function add(cells: Map<number, Set<number>>, round: number, cell: number): void {
  const known = cells.get(round);
  if (known === undefined) cells.set(round, new Set([cell]));
  else known.add(cell);
}
