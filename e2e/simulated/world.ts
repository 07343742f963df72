import type { CoordinatorEvent } from '../../server/rounds/port.ts';
import { sweep } from '../../server/storage/retention.ts';
import { sha256Hex } from '../../shared/hash.ts';
import type { UpdateId } from '../../shared/ids.ts';
import { type Rng, seededRng } from '../../shared/rng.ts';
import { taskFromTemplate } from '../../shared/task/parse.ts';
import type { TaskSpec } from '../../shared/task/spec.ts';
import type { Hashed } from '../../web/client/ports.ts';
import { oneHotModel } from '../crash/one-hot.ts';
import { SimulatedClock } from '../sim/in-process/clock.ts';
import { Contributor } from './contributor.ts';
import { Disk } from './disk.ts';
import { drawRates, NOTHING, type Rates } from './faults.ts';
import { Invariants, Violation } from './invariants.ts';
import { Network } from './network.ts';
import { createServerLife, type ServerLife } from './server-life.ts';
import { ServerProcess } from './server-process.ts';

export interface WorldFigures {
  readonly rounds: number;
  readonly committed: number;
  readonly abandoned: Readonly<Record<string, number>>;
  readonly counted: number;
  readonly acknowledged: number;
  readonly lives: number;
  readonly simulatedMs: number;
  /** From the end of the faults to the next version. */
  readonly healedMs: number;
}

const SERVER = 0;
const WORLD = 1;
const DAY_MS = 86_400_000;
/** A round may take its two deadlines, and what the disk keeps it from ending. */
const OVERDUE_MS = 300_000;
/** The faults are over: a tab has backed off for 15 s at most, waits 85 s for a silent connection, and a round of two deadlines. */
const HEALED_MS = 240_000;
const NEMESIS_MS = 4_000;
const ROUNDS_AT_ONCE = 100_000;

const STREAM = { world: 1, faults: 2, network: 3, contributors: 4, servers: 5, size: 6 } as const;

/** 34 values; in one of twenty worlds so many that a report is of two chunks. */
const SIDE = 4;
const LARGE_SIDE = 182;
const LARGE_ONE_OF = 20;

/** A task drawn from the seed: how many are asked, how long they have, and whether versions wait for rounds. */
function drawTask(rng: Rng, contributors: number, side: number): TaskSpec {
  const goal = 1 + rng.below(contributors);
  const minimum = 1 + rng.below(goal);
  const isBuffered = rng.below(4) === 0;
  const size = 1 + rng.below(3);
  const made = taskFromTemplate('digits', {
    id: 'simulated',
    ...oneHotModel(side),
    strategy: isBuffered
      ? {
          name: 'fedbuff',
          weighting: 'uniform',
          schedule: { kind: 'buffered', size, maximumStaleness: 1 + rng.below(4), concurrency: size + rng.below(4) },
        }
      : { weighting: 'uniform' },
    rounds: {
      // A version is of so many different contributors at least: there are no more than these.
      ...(isBuffered ? { goal: size, minimum: 1 + rng.below(Math.min(size, contributors)) } : { goal, minimum }),
      ...(isBuffered ? {} : { overSelection: 1 + rng.below(3) / 4 }),
      ...{ selectionDeadlineMs: 2_000 + rng.below(8_000), reportingDeadlineMs: 5_000 + rng.below(20_000) },
    },
  });
  if (!made.ok) throw new Error(JSON.stringify(made.failure));
  return made.value;
}

/**
 * Server, contributors, network and disk in one thread and in simulated time, all drawn from one seed. What runs is the
 * server's own coordinator and gateway and the tabs' own engine; simulated are time, sockets, disk and the ends of processes.
 */
export class World {
  readonly #clock = new SimulatedClock();
  readonly #rng: Rng;
  readonly #faults: Rng;
  readonly #network: Network;
  readonly #disk: Disk;
  readonly #spec: TaskSpec;
  readonly #mood = { isFull: false, isBroken: false };
  readonly #contributors: readonly Contributor[];
  readonly #invariants: Invariants;
  readonly #told = {
    cellOf: new Map<UpdateId, number>(),
    baseOf: new Map<UpdateId, number>(),
    acknowledged: new Map<UpdateId, number>(),
    forgotten: new Set<number>(),
  };
  readonly #servers: Rng;
  #rates: Rates;
  #life: ServerLife | null = null;
  /** Stopped, while another has taken over. */
  #zombie: ServerProcess | null = null;
  #wasStopped = false;
  #lives = 0;
  #mustLook = false;
  #problem: unknown = null;
  #isHealed = false;
  #openedAt = 0;
  /** The last things that happened, for who reads a failure. */
  readonly #trace: string[] = [];

  constructor(seed: number) {
    this.#rng = seededRng(seed, STREAM.world);
    this.#faults = seededRng(seed, STREAM.faults);
    this.#servers = seededRng(seed, STREAM.servers);
    this.#rates = drawRates(this.#faults);
    const clock = this.#clock.of(WORLD);
    this.#network = new Network({ clock, rng: seededRng(seed, STREAM.network), rates: () => this.#rates });
    this.#disk = new Disk(this.#clock.of(SERVER));
    const count = 2 + this.#rng.below(6);
    const isLarge = seededRng(seed, STREAM.size).below(LARGE_ONE_OF) === 0;
    this.#spec = drawTask(this.#rng, count, isLarge ? LARGE_SIDE : SIDE);
    this.#invariants = new Invariants(this.#disk, this.#spec, this.#told);
    this.#contributors = Array.from({ length: count }, (_, cell) => this.#contributor(cell, seed));
  }

  async run(rounds: number): Promise<WorldFigures> {
    try {
      await this.#begin();
      this.#clock.of(WORLD).after(this.#drawMs(NEMESIS_MS), () => this.#nemesis());
      await this.#until(() => this.#invariants.ended >= rounds);
      const healedMs = await this.#heal();
      await this.#rest();
      return {
        ...{ rounds: this.#invariants.ended, committed: this.#invariants.committed },
        ...{ abandoned: Object.fromEntries(this.#invariants.abandoned), counted: this.#invariants.counted },
        ...{
          acknowledged: this.#told.acknowledged.size,
          lives: this.#lives,
          simulatedMs: this.#clock.elapsedMs,
          healedMs,
        },
      };
    } catch (error) {
      this.#describe();
      throw error;
    } finally {
      this.#disk.close();
    }
  }

  /** What somebody wants to see who looks for the cause of a failure. */
  #describe(): void {
    const states = this.#contributors.map(({ client }) => `${client.view().state} ${client.view().reason ?? ''}`);
    const { strategy, rounds, id } = this.#spec;
    const status = this.#life?.coordinator.status(id);
    console.error(this.#trace.join('\n'));
    console.error(JSON.stringify({ strategy, rounds, rates: this.#rates, states, status }, null, 1));
  }

  #contributor(cell: number, seed: number): Contributor {
    const told = this.#told;
    return new Contributor({
      ...{ cell, task: this.#spec.id, clock: this.#clock.of(WORLD + 1 + cell) },
      rng: seededRng(seed, STREAM.contributors + 10 * (1 + cell)),
      socketOf: this.#network.socketOf,
      weights: { fetch: (sha256) => this.#fetch(sha256) },
      heard: {
        assigned: (_, updateId, { base }) => {
          told.cellOf.set(updateId, cell);
          told.baseOf.set(updateId, base.version);
        },
        acknowledged: (_, { updateId }) => told.acknowledged.set(updateId, cell),
        welcomed: () => {},
      },
    });
  }

  /** A download: from whichever process there is, and not always what was asked for. */
  #fetch(sha256: Parameters<ServerLife['blobs']['get']>[0]): Promise<Hashed> {
    const clock = this.#clock.of(WORLD);
    const life = this.#life;
    return new Promise((resolve, reject) => {
      const fail = (): void => reject(new Error('the download failed'));
      if (life === null || this.#faults.uniform() < this.#rates.misfetched) {
        clock.after(this.#faults.below(500), fail);
        return;
      }
      // Who waits for a process that has died is told by the end of the connection.
      clock.after(20_000, fail);
      life.blobs.get(sha256).then((bytes) => {
        if (bytes === null) return fail();
        if (this.#faults.uniform() < this.#rates.misfetched) bytes[0] = (bytes[0] ?? 0) ^ 1;
        clock.after(this.#faults.below(1 + this.#rates.networkMs), () => resolve({ bytes, sha256: sha256Hex(bytes) }));
      }, fail);
    });
  }

  // ── time ─────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Everything that can happen in the present has: all of it is microtasks. */
  async #settle(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    if (this.#problem !== null) throw this.#problem;
    if (!this.#mustLook) return;
    this.#mustLook = false;
    await this.#invariants.look();
  }

  async #until(
    holds: () => boolean,
    within: { readonly ms: number; readonly what: string } | null = null,
  ): Promise<void> {
    const startedAt = this.#clock.elapsedMs;
    await this.#settle();
    while (!holds()) {
      if (!this.#clock.next()) throw new Violation('I7: nothing will ever happen again');
      await this.#settle();
      const now = this.#clock.elapsedMs;
      if (within !== null && now - startedAt > within.ms)
        throw new Violation(`I7: ${within.what}: not within ${within.ms} ms`);
      if (now - this.#openedAt > this.#overdueMs()) throw new Violation('I7: a round has not ended');
    }
  }

  #overdueMs(): number {
    const { selectionDeadlineMs, reportingDeadlineMs } = this.#spec.rounds;
    return selectionDeadlineMs + reportingDeadlineMs + OVERDUE_MS;
  }

  #drawMs(most: number): number {
    return 1 + this.#rng.below(most);
  }

  #say(what: string): void {
    this.#trace.push(`${(this.#clock.elapsedMs / 1000).toFixed(3)} ${what}`);
    if (this.#trace.length > 60) this.#trace.shift();
  }

  // ── what is there ────────────────────────────────────────────────────────────────────────────────────────────

  async #begin(): Promise<void> {
    const rates = this.#rates;
    this.#rates = NOTHING;
    this.#boot();
    await this.#until(() => this.#life !== null);
    await this.#now(this.#order((coordinator) => coordinator.create(this.#spec)));
    await this.#now(this.#order((coordinator) => coordinator.startRounds(this.#spec.id, ROUNDS_AT_ONCE)));
    this.#rates = rates;
    for (const contributor of this.#contributors) void contributor.start();
  }

  /** Lets time go on until it is done. */
  async #now(work: Promise<unknown>): Promise<void> {
    let isDone = false;
    work.then(
      () => {
        isDone = true;
      },
      (error: unknown) => {
        this.#problem = error;
      },
    );
    await this.#until(() => isDone, { ms: HEALED_MS, what: 'an order' });
  }

  async #order(give: (coordinator: ServerLife['coordinator']) => Promise<{ readonly ok: boolean }>): Promise<void> {
    if (this.#life !== null) await give(this.#life.coordinator);
  }

  #boot(): void {
    this.#lives += 1;
    const process = new ServerProcess({
      clock: this.#clock.of(SERVER),
      rng: this.#faults,
      rates: () => this.#rates,
      mood: this.#mood,
      died: () => this.#kill(process, 'in a call'),
    });
    const life = createServerLife({
      ...{ process, disk: this.#disk, network: this.#network, rng: this.#servers },
      onEvent: (event) => this.#heard(event),
      onError: (error, message) => this.#wrong(error, message),
    });
    this.#say(`life ${this.#lives} begins`);
    this.#starting = process;
    life.start().then(
      () => {
        if (process.isDead) return;
        this.#starting = null;
        // It could not be loaded, which is in the log: whoever sees that starts it again.
        if (this.#lives > 1 && life.coordinator.task(this.#spec.id) === undefined) return this.#kill(process, 'empty');
        this.#life = life;
      },
      (error: unknown) => {
        this.#say(`it does not start: ${String(error)}`);
        this.#kill(process, 'at its start');
      },
    );
  }
  #starting: ServerProcess | null = null;

  #kill(process: ServerProcess, why: string): void {
    if (process.isDead) return;
    process.die();
    if (process === this.#zombie) return;
    this.#say(`killed: ${why}`);
    this.#life = null;
    this.#starting = null;
    this.#network.hangUp();
    this.#disk.tear(this.#faults);
    this.#clock.of(WORLD).after(this.#drawMs(3_000), () => this.#boot());
  }

  #heard(event: CoordinatorEvent): void {
    if (event.kind === 'round-started') this.#openedAt = this.#clock.elapsedMs;
    if (event.kind !== 'round-ended') return;
    this.#openedAt = this.#clock.elapsedMs;
    this.#mustLook = true;
    this.#say(`round ${event.round} ${event.outcome} ${event.reason ?? event.version ?? ''}`);
  }

  /** What the log calls an error has to be one that the disk made. */
  #wrong(error: unknown, message: string): void {
    const name = error instanceof Error ? error.name : '';
    this.#say(`error: ${message}: ${String(error)}`);
    if (name === 'BugError' || error instanceof TypeError || error instanceof RangeError) this.#problem ??= error;
  }

  // ── what goes wrong ──────────────────────────────────────────────────────────────────────────────────────────

  #nemesis(): void {
    if (this.#isHealed) return;
    const roll = this.#rng.below(100);
    const who = this.#contributors[this.#rng.below(this.#contributors.length)] as Contributor;
    if (roll < 6) this.#crash();
    else if (roll < 9) this.#restart();
    else if (roll < 12) this.#freeze();
    else if (roll < 16) this.#spell('isFull');
    else if (roll < 19) this.#spell('isBroken');
    else if (roll < 24) this.#network.cutAll();
    else if (roll < 34) this.#do(`${who.cell} reloads`, () => who.reload());
    else if (roll < 40) this.#do(`${who.cell} leaves`, () => who.client.leave());
    else if (roll < 44) this.#forget(who);
    else if (roll < 48) this.#do(`${who.cell} pauses`, async () => who.client.pause());
    else if (roll < 50) this.#say('stop') ?? void this.#order((one) => one.stop(this.#spec.id)).catch(() => {});
    else if (roll < 52) this.#say('pause') ?? void this.#order((one) => one.pause(this.#spec.id)).catch(() => {});
    else this.#encourage();
    this.#clock.of(WORLD).after(this.#drawMs(NEMESIS_MS), () => this.#nemesis());
  }

  #do(what: string, act: () => Promise<unknown>): void {
    this.#say(what);
    act().catch((error: unknown) => {
      this.#problem ??= error;
    });
  }

  /** People who stopped something start it again: an admin, and contributors. */
  #encourage(): void {
    for (const { client } of this.#contributors) {
      const { state } = client.view();
      if (state === 'left' || state === 'idle') void client.start();
      else if (state === 'paused' || state === 'error' || state === 'other-tab') {
        if (state !== 'paused') this.#say(`a person finds ${state}: ${client.view().reason ?? ''}`);
        client.resume();
      }
    }
    const row = this.#life?.coordinator.task(this.#spec.id);
    if (row === undefined || row.state === 'running' || row.state === 'stopping') return;
    const id = this.#spec.id;
    void this.#order((one) =>
      row.state === 'paused' ? one.resumeRounds(id) : one.startRounds(id, ROUNDS_AT_ONCE),
    ).catch(() => {});
  }

  #forget(who: Contributor): void {
    this.#told.forgotten.add(who.cell);
    this.#do(`${who.cell} forgets`, () => who.forget());
  }

  #crash(): void {
    const process = this.#life?.process ?? this.#starting;
    if (process) this.#kill(process, 'by the nemesis');
  }

  /** A rolling restart: the old one drains, and the new one comes after it. */
  #restart(): void {
    const life = this.#life;
    if (life === null) return;
    this.#say('drains');
    this.#life = null;
    life.drain().then(
      () => this.#kill(life.process, 'drained'),
      () => this.#kill(life.process, 'while it drained'),
    );
    // As main.ts: who does not end in time is ended.
    this.#clock.of(WORLD).after(30_000, () => this.#kill(life.process, 'it drained for too long'));
  }

  /** The process stops, another takes over, and then it goes on for a while. */
  #freeze(): void {
    const life = this.#life;
    if (life === null || this.#zombie !== null) return;
    const { process } = life;
    const clock = this.#clock.of(WORLD);
    this.#say('stopped');
    this.#wasStopped = true;
    process.stop();
    this.#zombie = process;
    this.#life = null;
    this.#network.hangUp();
    clock.after(this.#drawMs(5_000), () => this.#boot());
    clock.after(5_000 + this.#drawMs(20_000), () => {
      this.#say('the stopped one goes on');
      process.goOn();
      clock.after(this.#drawMs(10_000), () => {
        process.die();
        this.#zombie = null;
      });
    });
  }

  #spell(mood: 'isFull' | 'isBroken'): void {
    this.#say(mood);
    this.#mood[mood] = true;
    this.#clock.of(WORLD).after(this.#drawMs(8_000), () => {
      this.#mood[mood] = false;
    });
  }

  // ── the end ──────────────────────────────────────────────────────────────────────────────────────────────────

  /** Nothing goes wrong any more: versions must come, and everybody must be part of it. */
  async #heal(): Promise<number> {
    this.#isHealed = true;
    this.#rates = NOTHING;
    this.#mood.isFull = false;
    this.#mood.isBroken = false;
    const healedAt = this.#clock.elapsedMs;
    const before = this.#invariants.committed;
    this.#say('all is well');
    const encourage = (): void => {
      if (this.#isResting) return;
      this.#encourage();
      this.#clock.of(WORLD).after(5_000, encourage);
    };
    encourage();
    await this.#until(() => this.#invariants.committed > before, { ms: HEALED_MS, what: 'a version after the faults' });
    const healedMs = this.#clock.elapsedMs - healedAt;
    const isIn = ({ client, isForgetting }: Contributor): boolean => client.view().connected && !isForgetting;
    await this.#until(() => this.#contributors.every(isIn), { ms: HEALED_MS, what: 'everybody is back' });
    return healedMs;
  }
  #isResting = false;

  async #rest(): Promise<void> {
    this.#isResting = true;
    await this.#until(() => this.#life !== null && this.#zombie === null, { ms: HEALED_MS, what: 'a process' });
    const life = this.#life as ServerLife | null;
    if (life === null) throw new Violation('I7: no process');
    await this.#now(life.coordinator.stop(this.#spec.id));
    for (const { client } of this.#contributors) await this.#now(client.close());
    await this.#now(life.coordinator.drain());
    if (!life.process.failed.has('spool') && !this.#wasStopped) this.#invariants.noReportsLeft();
    // What could not be removed, or a process began that did not know how late it was, goes at the next start, and what belongs to nothing within a day.
    this.#kill(life.process, 'the end');
    await this.#until(() => this.#life !== null);
    await this.#now(this.#sweepADayLater());
    await this.#invariants.atRest();
  }

  async #sweepADayLater(): Promise<void> {
    const { process, blobs } = this.#life as ServerLife;
    await sweep(this.#disk.storageOf(process), blobs, process.clock.now() + DAY_MS);
  }
}
