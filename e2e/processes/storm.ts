import { setTimeout as delay } from 'node:timers/promises';
import type { TaskId } from '../../shared/ids.ts';
import { seededRng } from '../../shared/rng.ts';
import { Contributors } from '../crash/contributors.ts';
import { History, Violation } from '../crash/history.ts';
import { oneHotTask } from '../crash/one-hot.ts';
import type { RunningServer } from '../fixtures/server.ts';
import { done, type Fault, type FaultName, NAMES, PROCESSES, partOf, planOf } from './faults.ts';
import { House } from './house.ts';

export interface StormOptions {
  readonly seed: number;
  /** How long faults come. */
  readonly seconds: number;
  readonly say: (line: string) => void;
}

export interface StormFigures {
  readonly faults: Readonly<Record<FaultName, number>>;
  /** That began while another lasted. */
  readonly overlapping: number;
  readonly committed: number;
  readonly abandoned: number;
  readonly acknowledged: number;
  readonly counted: number;
  /** From the end of the last fault to the next committed round. */
  readonly healedMs: number;
}

const CONTRIBUTORS = 12;
const HEAL_MS = 60_000;
/** Whatever does not answer for so long is asked again later. */
const ANSWER_MS = 2_000;

/**
 * Three processes under load while one thing after another fails. Throws at the first report that was acknowledged and is
 * not where it must be, that is counted twice or was made by nobody, at versions that are not one dense line, and where no
 * round commits once the faults are over.
 */
export async function storm({ seed, seconds, say }: StormOptions): Promise<StormFigures> {
  const task = {
    ...oneHotTask(CONTRIBUTORS),
    rounds: { goal: 6, minimum: 1, overSelection: 1.5, selectionDeadlineMs: 3_000, reportingDeadlineMs: 15_000 },
  };
  const house = await House.open({ count: PROCESSES, hasLines: true });
  const work = seededRng(seed, 1);
  const contributors = new Contributors(house.entrance.url, task.id as TaskId, CONTRIBUTORS, {
    // Long enough that faults come in the middle of rounds.
    pass: (_round, _cell, signal) => delay(300 + work.below(1_201), undefined, { signal }),
  });
  const server = (): RunningServer => house.answering()[0] as RunningServer;
  const history = new History({ mayAbandon: true });
  let isOver = false;
  const stop = new AbortController();
  try {
    await server().adminJson('/api/tasks', { body: task });
    await contributors.start();
    await server().adminJson(`/api/tasks/${task.id}/rounds`, { body: { count: 100_000 } });
    // Weights are kept of the last twenty versions.
    const reading = keepReading(house, history, task.id, () => isOver);
    const plan = planOf(seed, seconds);
    const blowing = blow(plan, house, { say, signal: stop.signal, onOver: () => resume(house, task.id) });
    blowing.catch(() => {});
    // What reading finds wrong ends the storm.
    const overlapping = await Promise.race([blowing, reading.then(() => blowing)]);
    await whole(house);

    const calmMs = performance.now();
    const acknowledged = (): number => [...contributors.acknowledged.values()].reduce((sum, { size }) => sum + size, 0);
    const versionOf = async () => (await server().adminJson<{ version: number }>(`/api/tasks/${task.id}`)).version;
    const before = await versionOf();
    while ((await versionOf()) === before) {
      if (performance.now() - calmMs > HEAL_MS) throw new Error(`no round commits: ${house.log()}`);
      await resume(house, task.id);
      await delay(200);
    }
    const healedMs = Math.round(performance.now() - calmMs);
    isOver = true;
    // What is under way ends, and nothing begins.
    await server().adminJson(`/api/tasks/${task.id}/stop`, { body: {} });
    await contributors.close();
    await reading;
    await history.read(server(), task.id);
    let counted = 0;
    for (const { cells } of history.committed.values()) {
      counted += cells.size;
      for (const cell of cells) if (cell >= CONTRIBUTORS) throw new Error(`cell ${cell} is of nobody`);
    }
    history.holds(contributors.acknowledged);
    for (const round of contributors.acknowledged.keys())
      if (!history.committed.has(round) && !history.abandoned.has(round)) throw new Error(`round ${round} is gone`);
    const faults = Object.fromEntries(
      NAMES.map((name) => [name, plan.filter((fault) => fault.name === name).length]),
    ) as Record<FaultName, number>;
    return {
      ...{ faults, overlapping, committed: history.committed.size, abandoned: history.abandoned.size },
      ...{ acknowledged: acknowledged(), counted, healedMs },
    };
  } catch (error) {
    say(house.log());
    throw error;
  } finally {
    isOver = true;
    stop.abort();
    await contributors.close();
    await house.dispose();
  }
}

interface Blowing {
  readonly say: (line: string) => void;
  /** After each fault. */
  readonly onOver: () => Promise<void>;
  readonly signal: AbortSignal;
}

/** Each fault when it is due and its part is whole; resolves to how many began while another lasted, when all are over. */
async function blow(plan: readonly Fault[], house: House, { say, onOver, signal }: Blowing): Promise<number> {
  const startedAt = performance.now();
  const partIsWhole = new Map<string, Promise<void>>();
  let lasting = 0;
  let overlapping = 0;
  async function one(fault: Fault, number: number, before: Promise<void> | undefined): Promise<void> {
    await before;
    await delay(Math.max(0, fault.atMs - (performance.now() - startedAt)), undefined, { signal });
    if (lasting > 0) overlapping++;
    lasting++;
    const { name, lastsMs } = fault;
    say(`${number}  ${name}${lastsMs > 0 ? `, ${lastsMs} ms` : ''}${lasting > 1 ? '; meanwhile another lasts' : ''}`);
    await done(house, fault);
    lasting--;
    say(`${number}  is over`);
    await onOver();
  }
  const all = plan.map((fault, at) => {
    const part = partOf(fault.name);
    const mine = one(fault, at + 1, partIsWhole.get(part));
    partIsWhole.set(part, mine);
    return mine;
  });
  await Promise.all(all);
  return overlapping;
}

/** The house is as it was before: every process is there and ready, with what it leans on. */
async function whole(house: House): Promise<void> {
  const answering = house.answering();
  if (answering.length !== PROCESSES) throw new Error(`${answering.length} of ${PROCESSES} processes are there`);
  const until = performance.now() + HEAL_MS;
  for (const { url } of answering)
    while (
      !(await fetch(`${url}/readyz`).then(
        ({ ok }) => ok,
        () => false,
      ))
    ) {
      if (performance.now() > until) throw new Error(`${url} is not ready`);
      await delay(200);
    }
}

async function keepReading(house: House, history: History, task: string, isOver: () => boolean): Promise<void> {
  for (let place = 0; !isOver(); place++) {
    const answering = house.answering();
    const server = answering[place % Math.max(1, answering.length)];
    try {
      if (server !== undefined) await history.read(server, task, { isRunning: true });
    } catch (error) {
      if (error instanceof Violation) throw error;
    }
    await delay(500);
  }
}

/** Five abandoned rounds in a row are a pause. Asked of whatever answers just now. */
async function resume(house: House, task: string): Promise<void> {
  const asked = house.answering().map((server) => server.admin(`/api/tasks/${task}/resume`, { body: {} }));
  await Promise.race([Promise.allSettled(asked), delay(ANSWER_MS)]);
}
