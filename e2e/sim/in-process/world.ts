import { viewRound } from '../../../server/http/task-view.ts';
import { assert } from '../../../shared/assert.ts';
import type { ClientId, UpdateId } from '../../../shared/ids.ts';
import { type Score, updateIdOf } from '../../../shared/protocol/index.ts';
import { isTemplateName, taskFromTemplate } from '../../../shared/task/parse.ts';
import type { TaskSpec } from '../../../shared/task/spec.ts';
import { toBytes } from '../../../shared/weights/vector.ts';
import { hashed } from '../../../web/client/digest.ts';
import type { WeightsSource } from '../../../web/client/ports.ts';
import type { Transport } from '../../../web/client/transport.ts';
import type { ApiRound } from '../../demo/figures.ts';
import { Population } from '../population.ts';
import { eager, overheard } from '../transports.ts';
import type { World, WorldOptions } from '../world.ts';
import { Busy } from './busy.ts';
import { SimulatedClock } from './clock.ts';
import { openInProcessGateway } from './gateway.ts';
import { WeightsPool } from './held.ts';
import { openHouse, openStores, repeatable } from './house.ts';
import { timed } from './timed.ts';

/** Streams of the one seed: of each contributor's own randomness. */
export const CLIENT_STREAM = 1_000_000;
/** No address: nothing is looked up. */
const SERVER = 'http://in-process';

export interface InProcessOptions extends WorldOptions {
  /** Milliseconds that a contributor takes for so many steps, asked at each assignment. */
  readonly msOf?: (index: number, steps: number, spec: TaskSpec) => number;
  /** Around a contributor's transport. */
  readonly transport?: (transport: Transport, index: number) => Transport;
}

export interface InProcessWorld extends World {
  /** Simulated milliseconds since the beginning. */
  elapsedMs(): number;
  /** The reports that were accepted in a round, in the order of their receipts. */
  reports(round: number): Promise<readonly AcceptedReport[]>;
}

export interface AcceptedReport {
  readonly contributor: number;
  readonly steps: number;
  /** How many versions there were between the one that it trained from and the one that its round started from. */
  readonly staleness: number;
}

/** A device of the usual speed takes this long for a step. */
export const STEP_MS = 10;

/**
 * Server and contributors in this process and in simulated time: the same coordinator, gateway and client engine, messages
 * that are encoded and parsed, and no sockets. Time moves to the next timer when nobody has anything left to do in the
 * present, so that a run does not depend on how fast the machine is: the same seed makes the same versions to the bit.
 */
export async function openInProcessWorld(options: InProcessOptions): Promise<InProcessWorld> {
  const {
    seed,
    count,
    trainer,
    backend,
    msOf = (_, steps) => steps * STEP_MS,
    around = (one) => one,
    transport = (one) => one,
    ports = (one) => one,
  } = options;
  const clock = new SimulatedClock();
  const stores = openStores();
  const gateway = openInProcessGateway(stores.spool, clock.of(0));
  const house = openHouse(stores, gateway.downlink, clock.of(0), seed);
  const { coordinator } = house;
  let population: Population | undefined;
  const close = async (): Promise<void> => {
    await population?.close();
    await gateway.close();
    await house.close();
    await stores.close();
  };
  try {
    gateway.open(coordinator);
    const spec = await specOf(options, async (bytes) => (await stores.blobs.put(bytes)) as string);
    const scores = new Map<number, Score>();
    const unscored = new Set<number>();
    const heardScore: (() => void)[] = [];
    coordinator.subscribe((event) => {
      if (event.kind === 'round-ended' && event.version !== null && spec.data.sample !== undefined)
        unscored.add(event.version);
      if (event.kind !== 'scored') return;
      scores.set(event.version, event.score);
      unscored.delete(event.version);
      for (const heard of heardScore.splice(0)) heard();
    });
    const aScore = (): Promise<void> => new Promise((resolve) => heardScore.push(resolve));
    const created = await coordinator.create(spec);
    if (!created.ok) throw new Error(JSON.stringify(created.problems ?? created.message));
    const task = spec.id;
    const weights: WeightsSource = {
      async fetch(sha256) {
        const bytes = await stores.blobs.get(sha256);
        if (bytes === null) throw new Error('these weights are not here any more');
        coordinator.countBytes(task, 'down', bytes.byteLength);
        return hashed(bytes);
      },
    };
    const busy = new Busy();
    const indexOf = new Map<ClientId, number>();
    const baseOf = new Map<UpdateId, number>();
    const pool = new WeightsPool();
    const live = new Population({
      ...{ server: SERVER, task, count, backend },
      transport: (_, index) =>
        overheard(transport(eager(gateway.transport), index), {
          welcome: ({ clientId }) => void indexOf.set(clientId, index),
          assign: ({ token, base }) => void baseOf.set(updateIdOf(token), base.version),
        }),
      trainer: (index) => {
        const timing = {
          clock: clock.of(index + 1),
          msOf: (steps: number) => msOf(index, steps, spec),
          rests: (isResting: boolean) => busy.rests(index, isResting),
        };
        return around(timed(trainer(index, spec), timing), index);
      },
      ports: (own, index) => ({
        ...ports(own, index),
        ...{ clock: clock.of(index + 1), random: repeatable(seed, CLIENT_STREAM + index) },
        ...{ weights, held: pool.held() },
      }),
      // One after the other: the order in which they check in is that of their numbers.
      openingAtOnce: 1,
    });
    population = live;
    for (const [index, client] of live.clients.entries()) busy.watch(index, client);

    /** Resolves when nothing is left to do in the present. */
    const quiet = async (): Promise<void> => {
      for (let calm = 0; calm < 2; ) {
        if (busy.isAny) await busy.change();
        await coordinator.settled();
        await new Promise((resolve) => setImmediate(resolve));
        // What a score decides, it decides at the moment of its version, however long the scoring takes here.
        if ('guard' in spec && unscored.size > 0) await aScore();
        calm = busy.isAny ? 0 : calm + 1;
      }
    };
    await live.start();
    await quiet();

    const rowOf = async (number: number) =>
      (await stores.storage.rounds.list(task, 4)).find((row) => row.number === number);
    const isOver = (): boolean => {
      const row = coordinator.task(task);
      return row === undefined || row.state === 'paused' || (row.state === 'idle' && row.roundsLeft === 0);
    };
    return {
      ...{ task, spec, population: live, close },
      elapsedMs: () => clock.elapsedMs,
      async start(rounds) {
        await coordinator.startRounds(task, rounds);
      },
      async evaluate() {
        await coordinator.evaluate(task);
      },
      async ended(number): Promise<ApiRound | null> {
        for (;;) {
          await quiet();
          const row = await rowOf(number);
          if (row?.outcome) return viewRound(row, null) as ApiRound;
          if (row === undefined && isOver()) return null;
          if (clock.next()) continue;
          if (unscored.size === 0)
            throw new Error(`round ${number} waits for nothing: ${JSON.stringify(live.states())}`);
          await aScore();
        }
      },
      pausedReason: async () => coordinator.task(task)?.pausedReason ?? null,
      async scored(version) {
        for (;;) {
          const metrics = scores.get(version);
          const checkpoint = await stores.storage.checkpoints.get(task, version);
          if (metrics !== undefined && checkpoint !== null) return { sha256: checkpoint.sha256, metrics };
          await aScore();
        }
      },
      async reports(number) {
        const { rounds } = stores.storage;
        const [round] = await rounds.list(task, 1, number + 1);
        assert(round?.number === number, 'there is such a round');
        const receipts = (await rounds.receiptsOf(task, number)).toSorted((a, b) => a.order - b.order);
        return receipts.map(({ clientId, updateId, steps }) => {
          const base = baseOf.get(updateId) ?? Number.NaN;
          return { contributor: indexOf.get(clientId) ?? -1, steps, staleness: round.baseVersion - base };
        });
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function specOf({ task }: WorldOptions, keep: (bytes: Uint8Array) => Promise<string>): Promise<TaskSpec> {
  const { template, overrides, own } = task;
  if (!isTemplateName(template)) throw new Error(`there is no template ${template}`);
  const model =
    own === null
      ? {}
      : { topology: own.topology, ...(own.weights === null ? {} : { weights: await keep(toBytes(own.weights)) }) };
  const made = taskFromTemplate(template, { ...overrides, ...(own === null ? {} : { model }) });
  if (!made.ok) throw new Error(made.failure.map(({ path, message }) => `${path}: ${message}`).join('; '));
  return made.value;
}
