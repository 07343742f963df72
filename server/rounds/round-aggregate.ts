import type { UpdateId } from '../../shared/ids.ts';
import { LIMITS } from '../../shared/limits.ts';
import type { Spool } from '../storage/blobs/port.ts';
import type { ReceiptRow } from '../storage/port.ts';
import type { CoordinatorLog } from './coordinator-ports.ts';
import { type AcceptedReport, FoldedReports } from './folded-reports.ts';
import { type SavedSum, sumBytes } from './partial-sum.ts';
import type { Arithmetic, MadeVersion } from './port.ts';
import type { SharedRound, SumsElsewhere } from './sums-elsewhere.ts';

export interface RoundAggregateOptions {
  readonly arithmetic: Arithmetic;
  readonly spool: Pick<Spool, 'has' | 'path' | 'remove'>;
  /** Null where there is one process. */
  readonly elsewhere: SumsElsewhere | null;
  readonly log: CoordinatorLog;
  readonly round: SharedRound;
  readonly reportOf: (updateId: UpdateId) => Omit<AcceptedReport, 'path'>;
}

type Receipt = Pick<ReceiptRow, 'updateId' | 'sha256' | 'bytes' | 'place'>;

/** The sum of one group: in the thread under a key, or handed over in a file. */
type Held =
  | { readonly kind: 'open'; readonly key: string }
  | { readonly kind: 'saved'; readonly name: UpdateId; readonly saved: SavedSum };

/** The task is quiet, or another process's: sums of others are not waited for. */
export class InterruptedError extends Error {
  override readonly name = 'InterruptedError';
}

/** The reports that came to the process which had the task. */
const HERE = '';

/**
 * The aggregate of one round. Under a rule that is a sum, the reports of one place are a group: each is added up from nothing in
 * the order of its receipts, and the groups are added in the order of their first receipts. So the result depends on the receipts
 * alone, and not on who added up which group, or how often (D11). Groups of other processes are added up there, unless
 * fetching their reports is less; whatever becomes of that, the reports are in the spool, and can be added up here.
 */
export class RoundAggregate {
  readonly #options: RoundAggregateOptions;
  readonly #key: string;
  readonly #sumBytes: number | null;
  readonly #groups = new Map<string, FoldedReports>();
  /** Processes that were told of reports. */
  readonly #told = new Set<string>();
  /** Sums that were handed over. */
  readonly #sums = new Set<UpdateId>();
  readonly #interrupted: Promise<never>;
  #interrupt = (): void => {};

  constructor(options: RoundAggregateOptions) {
    const { task, number, fold, expected } = options.round;
    this.#options = options;
    this.#key = `${task}/${number}`;
    this.#sumBytes = sumBytes(fold, expected);
    this.#interrupted = new Promise((_, reject) => {
      this.#interrupt = () => reject(new InterruptedError('sums of others are not waited for'));
    });
    this.#interrupted.catch(() => {});
  }

  /** Reports may stay where they are: it is a sum, of which others may make a part. */
  get isSum(): boolean {
    return this.#sumBytes !== null;
  }

  /** Nothing waits for others any more: what would rejects with `InterruptedError`. */
  interrupt(): void {
    this.#interrupt();
  }

  add(receipt: Receipt): void {
    const { elsewhere, round } = this.#options;
    const { place, updateId } = receipt;
    if (place !== null && elsewhere?.has(place)) {
      this.#told.add(place);
      elsewhere.fold(place, round, this.#listed(receipt));
    } else this.#group(place ?? HERE).add(updateId);
  }

  /** Resolves when it reads none of the reports that it was given. */
  async settled(): Promise<void> {
    await Promise.all([...this.#groups.values()].map((group) => group.settled()));
  }

  /** Has the copies of other processes removed. */
  async forget(updateIds: readonly UpdateId[]): Promise<void> {
    const { elsewhere, round } = this.#options;
    await elsewhere?.forget(round, updateIds);
  }

  /** Makes the next version of exactly these receipts. Rejects when that cannot be done. */
  finish(
    receipts: readonly Receipt[],
    spec: Parameters<Arithmetic['finish']>[1],
    base: Parameters<Arithmetic['finish']>[2],
  ): Promise<MadeVersion> {
    return this.#ofWhole(receipts, (key) => this.#options.arithmetic.finish(key, spec, base));
  }

  /** The plain sum of exactly these receipts. Rejects when that cannot be done. */
  total(receipts: readonly Receipt[]): Promise<Float64Array> {
    return this.#ofWhole(receipts, (key) => this.#options.arithmetic.total(key));
  }

  /** The round is over, everywhere. Never rejects. */
  async end(): Promise<void> {
    const { elsewhere, round } = this.#options;
    for (const process of this.#told) elsewhere?.end(process, round);
    this.#told.clear();
    await this.drop();
  }

  /** Lets go of all memory of this process. Never rejects. */
  async drop(): Promise<void> {
    const { arithmetic } = this.#options;
    await Promise.all([...this.#groups.values()].map((group) => group.drop()));
    await arithmetic.drop(this.#wholeKey).catch(() => {});
  }

  get #wholeKey(): string {
    return `${this.#key}/whole`;
  }

  #group(place: string): FoldedReports {
    const known = this.#groups.get(place);
    if (known !== undefined) return known;
    const { arithmetic, spool, log, round, reportOf } = this.#options;
    const { task, fold, expected } = round;
    const group = new FoldedReports({
      ...{ arithmetic, log, fold, values: expected.values },
      key: place === HERE ? this.#key : `${this.#key}/${place}`,
      reportOf: (updateId) => ({ ...reportOf(updateId), path: spool.path(task, round.place, updateId) }),
      bring: (updateId) => this.#bring(updateId),
    });
    this.#groups.set(place, group);
    return group;
  }

  async #bring(name: UpdateId): Promise<void> {
    const { spool, round } = this.#options;
    if (!(await spool.has(round.task, round.place, name))) throw new Error(`${name} is nowhere`);
  }

  /** What comes of `work` on the sum of these; its aggregate is used up. */
  async #ofWhole<Outcome>(receipts: readonly Receipt[], work: (key: string) => Promise<Outcome>): Promise<Outcome> {
    const { log, round } = this.#options;
    const groups = groupsOf(receipts);
    try {
      const held = await all(groups, (group) => this.#hold(group, true));
      let key: string;
      try {
        key = await this.#merged(held);
      } catch (error) {
        if (held.every(({ kind }) => kind === 'open')) throw error;
        log.warn(
          { err: error, task: round.task, round: round.number },
          'sums could not be put together: once more here',
        );
        for (const group of this.#groups.values()) await group.drop();
        key = await this.#merged(await all(groups, (group) => this.#hold(group, false)));
      }
      return await work(key);
    } finally {
      // They are used up, or in an unknown state.
      for (const group of this.#groups.values()) await group.drop();
      await this.#removeSums();
    }
  }

  /** Groups in their order. */
  async #merged(held: readonly Held[]): Promise<string> {
    const { arithmetic, spool, round } = this.#options;
    const [first, ...others] = held;
    const rest = first?.kind === 'open' ? others : held;
    const key = first?.kind === 'open' ? first.key : this.#wholeKey;
    if (first?.kind !== 'open') await arithmetic.begin(key, round.fold, round.expected.values);
    for (const one of rest) {
      if (one.kind === 'open') await arithmetic.join(key, one.key);
      else {
        const path = spool.path(round.task, round.place, one.name);
        if (!(await arithmetic.merge(key, path, one.saved)))
          throw new Error(`the sum ${one.name} is not as it was saved`);
      }
    }
    return key;
  }

  /** Those that stay go when the round ends where they were made, or when the task is next loaded. */
  async #removeSums(): Promise<void> {
    const { spool, round, log } = this.#options;
    for (const name of this.#sums)
      await spool.remove(round.task, round.place, name).catch((error: unknown) => {
        log.warn({ err: error, task: round.task, round: round.number }, 'a sum that was handed over is still there');
      });
    this.#sums.clear();
  }

  async #hold([place, receipts]: Group, mayAsk: boolean): Promise<Held> {
    const asked = mayAsk ? await this.#ask(place, receipts) : null;
    if (asked !== null) return asked;
    const group = this.#group(place);
    await group.hold(
      receipts.map(({ updateId }) => updateId),
      async () => {},
    );
    return { kind: 'open', key: group.key };
  }

  /** Null where its reports are to be added up here. */
  async #ask(place: string, receipts: readonly Receipt[]): Promise<Held | null> {
    const { elsewhere, round, log } = this.#options;
    if (elsewhere?.has(place) !== true || this.#sumBytes === null) return null;
    const bytes = receipts.reduce((sum, receipt) => sum + receipt.bytes, 0);
    if (bytes <= this.#sumBytes || receipts.length > LIMITS.partialSumReportsCount) return null;
    this.#told.add(place);
    const names = { task: round.task, round: round.number, process: place };
    try {
      const listed = receipts.map((receipt) => this.#listed(receipt));
      const answer = await Promise.race([this.#interrupted, elsewhere.sum(place, round, listed)]);
      if (!answer.ok) throw new Error(answer.reason);
      const { name, saved } = answer;
      this.#sums.add(name);
      await this.#bring(name);
      return { kind: 'saved', name, saved };
    } catch (error) {
      if (error instanceof InterruptedError) throw error;
      log.warn({ err: error, ...names }, 'a process did not hand over its sum: its reports are fetched one by one');
      return null;
    }
  }

  #listed({ updateId, sha256 }: Receipt) {
    const { expected, staleness } = this.#options.reportOf(updateId);
    return { updateId, sha256, baseSha256: expected.baseSha256, staleness };
  }
}

type Group = readonly [place: string, receipts: readonly Receipt[]];

/** In the order of their first receipts. */
function groupsOf(receipts: readonly Receipt[]): readonly Group[] {
  const groups = new Map<string, Receipt[]>();
  for (const receipt of receipts) {
    const place = receipt.place ?? HERE;
    const group = groups.get(place) ?? [];
    groups.set(place, group);
    group.push(receipt);
  }
  return [...groups];
}

/** Nothing is under way any more when it rejects. */
async function all<In, Out>(list: readonly In[], work: (one: In) => Promise<Out>): Promise<Out[]> {
  const settled = await Promise.allSettled(list.map(work));
  return settled.map((one) => {
    if (one.status === 'rejected') throw one.reason;
    return one.value;
  });
}
