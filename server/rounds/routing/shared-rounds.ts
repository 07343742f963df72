import type { TaskId, UpdateId } from '../../../shared/ids.ts';
import { LIMITS } from '../../../shared/limits.ts';
import type { ProcessId } from '../../cluster/bus.ts';
import type { RoutingMessage } from '../../cluster/messages.ts';
import type { RoundStore } from '../../storage/port.ts';
import { reportsOf } from '../coordinator.ts';
import type { CoordinatorLog } from '../coordinator-ports.ts';
import { sumBytes } from '../partial-sum.ts';
import type { ListedReport, SharedRound, SumAnswer, SumsElsewhere } from '../sums-elsewhere.ts';
import type { CallOptions } from './calls.ts';
import type { HeldReports } from './held-reports.ts';
import type { Presence } from './presence.ts';

/** What one process asks another for. */
const SUM = 'sum';
const UNHOLD = 'unhold';
const UNHOLD_WITHIN_MS = 15_000;

type HeldMessage = Extract<RoutingMessage, { readonly kind: 'held' }>;

export interface SharedRoundsOptions {
  readonly self: ProcessId;
  readonly held: HeldReports;
  readonly presence: Pick<Presence, 'has' | 'processes'>;
  readonly isHere: (task: TaskId) => boolean;
  readonly isEnding: () => boolean;
  readonly rounds: Pick<RoundStore, 'unfinished'>;
  readonly ask: (task: TaskId, name: string, args: readonly unknown[], how: CallOptions) => Promise<unknown>;
  readonly send: (message: HeldMessage, to: ProcessId) => void;
  readonly log: CoordinatorLog;
}

/**
 * Rounds whose reports lie at several processes, seen from both sides: whoever has the task asks the others for the sums of what
 * they took, and this process keeps what it took for tasks of others until their rounds are over.
 */
export class SharedRounds implements SumsElsewhere {
  readonly #options: SharedRoundsOptions;

  constructor(options: SharedRoundsOptions) {
    this.#options = options;
  }

  has(process: ProcessId): boolean {
    return process !== this.#options.self && this.#options.presence.has(process);
  }

  fold(process: ProcessId, round: SharedRound, report: ListedReport): void {
    this.#tell(process, round.task, 'fold', [round, report]);
  }

  end(process: ProcessId, round: SharedRound): void {
    this.#tell(process, round.task, 'end', [round.number]);
  }

  sum(to: ProcessId, round: SharedRound, reports: readonly ListedReport[]): Promise<SumAnswer> {
    const forBytesMs = (sumBytes(round.fold, round.expected) ?? 0) / LIMITS.partialSumBytesPerMs;
    const withinMs = Math.min(LIMITS.partialSumMs + forBytesMs, LIMITS.partialSumMaximumMs);
    return this.#ask(to, SUM, [round, reports], withinMs) as Promise<SumAnswer>;
  }

  async forget(round: SharedRound, updateIds: readonly UpdateId[]): Promise<void> {
    const { presence, log } = this.#options;
    const asked = presence.processes().map((to) =>
      this.#ask(to, UNHOLD, [round, updateIds], UNHOLD_WITHIN_MS).catch((error: unknown) => {
        log.warn({ err: error, task: round.task, to }, 'a copy of deleted data may be there a little longer');
      }),
    );
    await Promise.all(asked);
  }

  /** What another process asks this one; undefined where it is no question of this kind. */
  answer(asker: ProcessId, task: TaskId, name: string, args: readonly unknown[]): Promise<unknown> | undefined {
    if (name === SUM) return this.#sumOf(asker, task, args[0] as SharedRound, args[1] as ListedReport[]);
    if (name === UNHOLD) return this.#unhold(task, args[0] as SharedRound, args[1] as UpdateId[]);
    return undefined;
  }

  heard({ task, name, args }: HeldMessage): void {
    // Late, of a process that had this task before.
    if (this.#options.isHere(task)) return;
    if (name === 'fold') this.#options.held.fold(args[0] as SharedRound, args[1] as ListedReport);
    else this.forgetTask(task, { number: args[0] as number });
  }

  /** What is kept of a round of another process. */
  forgetTask(task: TaskId, how: Parameters<HeldReports['end']>[1] = {}): void {
    const { held, log } = this.#options;
    held
      .end(task, how)
      .catch((error: unknown) => log.warn({ err: error, task }, 'what was kept of a round is still here'));
  }

  /** Lets go of what is of no open round any more: the word that a round is over may be lost. */
  compare(): void {
    const { held, rounds, log } = this.#options;
    const openOf = async (task: TaskId) => {
      const open = await rounds.unfinished(task);
      return open && { number: open.round.number, reports: reportsOf(open).reports };
    };
    held
      .compare(openOf)
      .catch((error: unknown) => log.warn({ err: error }, 'what is kept of rounds was not looked at'));
  }

  /** Late, of a process that had this task before, it is for nobody; and one that ends holds nobody up. */
  async #sumOf(asker: ProcessId, task: TaskId, round: SharedRound, list: readonly ListedReport[]): Promise<SumAnswer> {
    const { held, isHere, isEnding } = this.#options;
    return isHere(task) || isEnding() ? { ok: false, reason: 'absent' } : held.sum(asker, round, list);
  }

  async #unhold(task: TaskId, round: SharedRound, updateIds: readonly UpdateId[]): Promise<void> {
    if (!this.#options.isHere(task)) await this.#options.held.forget(round, updateIds);
  }

  #ask(
    to: ProcessId,
    name: typeof SUM | typeof UNHOLD,
    args: readonly [round: SharedRound, list: readonly unknown[]],
    withinMs: number,
  ): Promise<unknown> {
    return this.#options.ask(args[0].task, name, args, { to, withinMs, isRepeatable: true });
  }

  #tell(to: ProcessId, task: TaskId, name: HeldMessage['name'], args: unknown[]): void {
    this.#options.send({ kind: 'held', task, name, args }, to);
  }
}
