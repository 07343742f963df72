import { isDeepStrictEqual } from 'node:util';
import { sha256Hex } from '../../../shared/hash.ts';
import type { TaskId, UpdateId } from '../../../shared/ids.ts';
import { LIMITS } from '../../../shared/limits.ts';
import type { ProcessId } from '../../cluster/bus.ts';
import type { Spool } from '../../storage/blobs/port.ts';
import type { CoordinatorLog } from '../coordinator-ports.ts';
import { FoldedReports } from '../folded-reports.ts';
import { type SavedSum, sumBytes } from '../partial-sum.ts';
import type { Arithmetic } from '../port.ts';
import { Serial } from '../serial.ts';
import type { ListedReport, SharedRound, SumAnswer } from '../sums-elsewhere.ts';

export interface HeldReportsOptions {
  readonly self: ProcessId;
  readonly spool: Pick<Spool, 'open' | 'path' | 'has' | 'remove' | 'release'>;
  readonly arithmetic: Pick<Arithmetic, 'begin' | 'fold' | 'save' | 'drop'>;
  readonly log: CoordinatorLog;
  /** `LIMITS.heldSumsBytes`. */
  readonly roomBytes?: number;
}

interface HeldRound {
  readonly round: SharedRound;
  readonly reports: Map<UpdateId, ListedReport>;
  readonly folded: FoldedReports;
  /** Its sum is made as reports come, and stays in memory. */
  isBeforehand: boolean;
  /** Of sums that were handed over: whoever asked removes them, if it got the answer. */
  readonly sums: Set<UpdateId>;
}

/** The round of a task that is open, and those of its reports that are not withdrawn. */
interface OpenReports {
  readonly number: number;
  readonly reports: readonly UpdateId[];
}

class AbsentError extends Error {}

/**
 * What this process keeps for rounds of others: reports that it took, and their sum so far. One round of each task at a time, the
 * last that it heard of. Each sum takes O(model) of memory: as many as fit in `roomBytes` are made beforehand,
 * the others one at a time.
 */
export class HeldReports {
  readonly #options: HeldReportsOptions;
  readonly #rounds = new Map<TaskId, HeldRound>();
  /** Sums that were not made beforehand: one after another, however many rounds end at once. */
  readonly #onDemand = new Serial();
  /** Rounds begun: each has an aggregate of its own, also where one of the same number is still being let go of. */
  #begun = 0;

  constructor(options: HeldReportsOptions) {
    this.#options = options;
  }

  /** Its file is to stay. */
  keeps(task: TaskId, updateId: UpdateId): boolean {
    return this.#rounds.get(task)?.reports.has(updateId) === true;
  }

  /** Folds one beforehand, if there is room. */
  fold(round: SharedRound, report: ListedReport): void {
    const held = this.#of(round);
    if (held === null || held.reports.has(report.updateId)) return;
    const { reports, folded } = held;
    reports.set(report.updateId, report);
    if (held.isBeforehand) folded.add(report.updateId);
    else if (this.#hasRoomFor(held)) {
      held.isBeforehand = true;
      for (const updateId of reports.keys()) folded.add(updateId);
    }
  }

  /** The sum of exactly these, in this order, durable in the spool, for the process that asks. */
  async sum(asker: ProcessId, round: SharedRound, reports: readonly ListedReport[]): Promise<SumAnswer> {
    const held = this.#of(round);
    if (held === null) return { ok: false, reason: 'absent' };
    for (const report of reports) held.reports.set(report.updateId, report);
    const made = () => this.#sumOf(held, asker, reports);
    return held.isBeforehand ? made() : this.#onDemand.run(made);
  }

  async #sumOf(held: HeldRound, asker: ProcessId, reports: readonly ListedReport[]): Promise<SumAnswer> {
    const { spool, arithmetic, log } = this.#options;
    const { round } = held;
    const { task, number, place } = round;
    const bytes = sumBytes(round.fold, round.expected);
    const name = nameOf([asker, this.#options.self], round, reports);
    try {
      if (bytes === null) throw new Error('the rule is no sum');
      const updateIds = reports.map(({ updateId }) => updateId);
      held.sums.add(name);
      const saved = await held.folded.hold(updateIds, async (): Promise<SavedSum> => {
        const writer = await spool.open(task, place, name, bytes);
        try {
          const written = await arithmetic.save(held.folded.key, writer.path);
          await writer.finish();
          return written;
        } finally {
          await writer.discard();
        }
      });
      await spool.release(task, place, name);
      if (this.#rounds.get(task) === held) return { ok: true, name, saved };
      // Nobody waits for it any more.
      await spool.remove(task, place, name);
      return { ok: false, reason: 'absent' };
    } catch (error) {
      log.warn({ err: error, task, round: number }, 'a sum for another process could not be made');
      return { ok: false, reason: error instanceof AbsentError ? 'absent' : 'failed' };
    } finally {
      if (!held.isBeforehand) await held.folded.drop();
    }
  }

  #hasRoomFor({ round }: HeldRound): boolean {
    const { roomBytes = LIMITS.heldSumsBytes } = this.#options;
    const beforehand = [...this.#rounds.values()].filter(({ isBeforehand }) => isBeforehand);
    const bytes = [round, ...beforehand.map((held) => held.round)].map((one) => sumBytes(one.fold, one.expected) ?? 0);
    return bytes.reduce((sum, some) => sum + some, 0) <= roomBytes;
  }

  /** Deleted data: neither the bytes nor a sum with them stays. */
  async forget(round: SharedRound, updateIds: readonly UpdateId[]): Promise<void> {
    const held = this.#rounds.get(round.task);
    if (held !== undefined) {
      for (const updateId of updateIds) held.reports.delete(updateId);
      await held.folded.drop();
      await this.#removeSums(held);
    }
    for (const updateId of updateIds) await this.#options.spool.release(round.task, round.place, updateId);
  }

  /** The round is over, or the task is gone or this process's own: `keepFiles`, since it folds them itself. */
  async end(task: TaskId, { number, keepFiles = false }: { number?: number; keepFiles?: boolean } = {}): Promise<void> {
    const held = this.#rounds.get(task);
    if (held === undefined || (number !== undefined && held.round.number !== number)) return;
    this.#rounds.delete(task);
    await held.folded.drop();
    await this.#removeSums(held);
    if (keepFiles) return;
    for (const updateId of held.reports.keys()) await this.#options.spool.release(task, held.round.place, updateId);
  }

  /** Lets go of what is over by the database: the word that said so may be lost, or whoever was to say it. */
  async compare(openOf: (task: TaskId) => Promise<OpenReports | null>): Promise<void> {
    for (const [task, { round, reports }] of [...this.#rounds]) {
      const open = await openOf(task);
      if (open?.number !== round.number) await this.end(task, { number: round.number });
      else {
        const kept = new Set(open.reports);
        const gone = [...reports.keys()].filter((updateId) => !kept.has(updateId));
        if (gone.length > 0) await this.forget(round, gone);
      }
    }
  }

  async #removeSums({ round, sums }: HeldRound): Promise<void> {
    for (const name of sums) await this.#options.spool.remove(round.task, round.place, name);
    sums.clear();
  }

  /** Null where a later round is known. */
  #of(round: SharedRound): HeldRound | null {
    const known = this.#rounds.get(round.task);
    if (known !== undefined && round.number < known.round.number) return null;
    if (known !== undefined && isDeepStrictEqual(known.round, round)) return known;
    if (known !== undefined) this.#forgotten(this.end(round.task), round.task);
    const { self, spool, arithmetic, log } = this.#options;
    const { task, number, place, fold, expected } = round;
    const reports = new Map<UpdateId, ListedReport>();
    const folded = new FoldedReports({
      ...{ arithmetic, log, fold, values: expected.values, key: `${self}/${task}/${number}/${++this.#begun}` },
      reportOf(updateId) {
        const report = reports.get(updateId);
        if (report === undefined) throw new AbsentError(`${updateId} is not kept any more`);
        const { baseSha256, staleness } = report;
        return { path: spool.path(task, place, updateId), expected: { ...expected, baseSha256 }, staleness };
      },
      async bring(updateId) {
        if (!(await spool.has(task, place, updateId))) throw new AbsentError(`${updateId} is not to be had`);
      },
    });
    const held = { round, reports, folded, isBeforehand: false, sums: new Set<UpdateId>() };
    this.#rounds.set(task, held);
    return held;
  }

  #forgotten(ending: Promise<void>, task: TaskId): void {
    ending.catch((error: unknown) =>
      this.#options.log.warn({ err: error, task }, 'what was kept of a round is still here'),
    );
  }
}

/** The same for the same reports between the same two: asked twice, one sum takes the other's place. */
function nameOf(
  between: readonly ProcessId[],
  { task, number }: SharedRound,
  reports: readonly ListedReport[],
): UpdateId {
  const ids = reports.map(({ updateId, sha256 }) => `${updateId} ${sha256}`);
  const text = ['a sum', ...between, task, number, ...ids].join('\n');
  return sha256Hex(new TextEncoder().encode(text)).slice(0, 32) as UpdateId;
}
