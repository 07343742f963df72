import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../server/clock.ts';
import { createGateway } from '../../../server/gateway/gateway.ts';
import { taskFromTemplate } from '../../../shared/task/parse.ts';
import type { Examples } from '../../../web/trainer/core/examples.ts';
import { readOptions } from '../options.ts';
import { PlainTrainers } from '../plain/trainers.ts';
import { Population } from '../population.ts';
import { examplesOfEach } from '../simulation.ts';
import { eager, inTurns, type Turn, takenAs } from '../transports.ts';
import { WeightsPool } from './held.ts';
import { openHouse, openStores, repeatable } from './house.ts';
import { type AcceptedReport, CLIENT_STREAM, type InProcessOptions, openInProcessWorld } from './world.ts';

const ROUNDS = 5;
const CLIENTS = 10;
const task = {
  template: 'digits',
  own: null,
  overrides: {
    model: { zoo: 'softmax', seed: 4 },
    client: { batchSize: 10 },
    rounds: { goal: CLIENTS, minimum: 1, reportingDeadlineMs: 86_400_000 },
  },
};

async function shares(): Promise<readonly Examples[]> {
  const options = readOptions('--clients 10 --examples 60 --seed 4'.split(' '));
  if (options === 'help' || 'problem' in options) throw new Error('bad flags');
  return examplesOfEach(options);
}

interface Played {
  readonly versions: readonly string[];
  readonly reports: readonly (readonly AcceptedReport[])[];
  readonly elapsedMs: number;
}

type PlayedOptions = Pick<InProcessOptions, 'msOf' | 'transport'> & Partial<Boxed>;
/** Devices with a time limit, by the milliseconds that a step takes each. */
interface Boxed {
  readonly task: InProcessOptions['task'];
  readonly stepMsOf: (index: number) => number;
}

async function played(seed: number, { stepMsOf, ...options }: PlayedOptions = {}): Promise<Played> {
  const trainers = new PlainTrainers();
  const own = await shares();
  const world = await openInProcessWorld({
    ...{ task, seed, count: CLIENTS, backend: 'auto' },
    trainer: (index) => trainers.trainer(own[index] as Examples, stepMsOf?.(index)),
    ...options,
  });
  try {
    await world.start(ROUNDS);
    const reports: (readonly AcceptedReport[])[] = [];
    const versions = [(await world.scored(0)).sha256];
    for (let round = 1; round <= ROUNDS; round++) {
      expect(await world.ended(round)).toMatchObject({ outcome: 'committed', accepted: CLIENTS });
      reports.push(await world.reports(round));
      versions.push((await world.scored(round)).sha256);
    }
    return { versions, reports, elapsedMs: world.elapsedMs() };
  } finally {
    await world.close();
  }
}

/** The same contributors over real sockets to the real gateway, in real time; every turn is taken in the order given. */
async function playedOverSockets(
  seed: number,
  turns: readonly Turn[],
  { task: own = task, stepMsOf }: Partial<Boxed> = {},
): Promise<readonly string[]> {
  const stores = openStores();
  const gateway = createGateway({
    ...{ spool: stores.spool, clock: systemClock, publicUrl: null, trustedProxies: 0 },
    admins: { redeemTicket: async () => null, used: async () => false, onLogOut: () => () => {} },
    log: { info: () => {}, warn: () => {}, error: () => {} },
  });
  const house = openHouse(stores, gateway.downlink, systemClock, seed);
  const http = createServer((_request, response) => response.writeHead(404).end());
  gateway.open(http, house.coordinator);
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const made = taskFromTemplate('digits', own.overrides);
  if (!made.ok) throw new Error('a bad task');
  const { id } = made.value;
  await house.coordinator.create(made.value);
  const trainers = new PlainTrainers();
  const dealt = await shares();
  const take = takenAs(turns);
  const pool = new WeightsPool();
  const population = new Population({
    server: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    ...{ task: id, count: CLIENTS },
    trainer: (index) => trainers.trainer(dealt[index] as Examples, stepMsOf?.(index)),
    transport: (transport, index) => inTurns(eager(transport), index, take),
    ports: (ports, index) => ({ ...ports, random: repeatable(seed, CLIENT_STREAM + index), held: pool.held() }),
  });
  try {
    const over = new Promise<void>((resolve) => {
      house.coordinator.subscribe((event) => {
        if (event.kind === 'round-ended' && event.round === ROUNDS) resolve();
      });
    });
    await population.start();
    await house.coordinator.startRounds(id, ROUNDS);
    await over;
    return (await stores.storage.checkpoints.list(id)).map(({ sha256 }) => sha256);
  } finally {
    await population.close();
    await gateway.close();
    await house.close();
    http.close();
    await stores.close();
  }
}

/** Around each transport, what writes down every turn as it is taken. */
function recorded(): { readonly turns: readonly Turn[] } & Required<Pick<InProcessOptions, 'transport'>> {
  const turns: Turn[] = [];
  return {
    turns,
    transport: (transport, index) =>
      inTurns(transport, index, async (turn) => {
        turns.push(turn);
        return () => {};
      }),
  };
}

const strategy = { name: 'fednova', weighting: 'numExamples' };

describe('in one process', () => {
  it('ten contributors make the same five versions as over real sockets in the same order', async () => {
    const { turns, transport } = recorded();
    // Nobody is as fast as another, so that the order is one of its own.
    const { versions, reports } = await played(4, { msOf: (index) => 1_000 + ((index * 7) % 10) * 100, transport });
    expect(reports[0]?.map(({ contributor }) => contributor)).toEqual([0, 3, 6, 9, 2, 5, 8, 1, 4, 7]);
    expect(await playedOverSockets(4, turns)).toEqual(versions);
  });

  it('devices with a time limit take the steps that fit, over real sockets as well, and in one process the time of them', async () => {
    const { turns, transport } = recorded();
    // A second is 1 + ⌈1 s / step⌉ steps, since the first takes none of it, of the 12 in two epochs of 60 examples.
    const stepMsOf = (index: number): number => 70 + 60 * index;
    const client = { ...task.overrides.client, epochs: 2, maxSeconds: 1 };
    // FedNova weighs by the steps that are reported.
    const boxed: Boxed = { task: { ...task, overrides: { ...task.overrides, strategy, client } }, stepMsOf };
    const msOf = (index: number, steps: number): number => steps * stepMsOf(index);
    const first = await played(4, { ...boxed, msOf, transport });
    const steps = [12, 9, 7, 5, 5, 4, 4, 4, 3, 3];
    for (const round of first.reports)
      expect(round.toSorted((a, b) => a.contributor - b.contributor).map((report) => report.steps)).toEqual(steps);
    // A round waits for whoever takes longest: 5 steps of 310 ms.
    expect(first.elapsedMs).toBe(ROUNDS * Math.max(...steps.map((count, index) => msOf(index, count))));
    expect(await playedOverSockets(4, turns, boxed)).toEqual(first.versions);
    expect(await played(4, { ...boxed, msOf })).toEqual(first);
  });

  it('one seed makes the same versions to the bit, another seed others', async () => {
    const first = await played(4);
    expect(new Set(first.versions).size).toBe(ROUNDS + 1);
    expect(await played(4)).toEqual(first);
    expect((await played(5)).versions[1]).not.toBe(first.versions[1]);
  });

  it('reports arrive as fast as their devices are, in simulated time', async () => {
    // Six steps each: contributor i takes (10 − i) seconds, so the last is the first.
    const { reports, elapsedMs } = await played(4, { msOf: (index, steps) => (steps / 6) * (10 - index) * 1_000 });
    const orders = reports.map((round) => round.map(({ contributor }) => contributor));
    expect(orders).toEqual(Array(ROUNDS).fill([9, 8, 7, 6, 5, 4, 3, 2, 1, 0]));
    expect(elapsedMs / 1_000).toBeGreaterThanOrEqual(50);
    expect(elapsedMs / 1_000).toBeLessThan(55);
  });
});
