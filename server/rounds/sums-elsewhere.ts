import type { Sha256, TaskId, UpdateId } from '../../shared/ids.ts';
import type { ExpectedFrame } from '../../shared/wire/frame.ts';
import type { ProcessId } from '../cluster/bus.ts';
import type { SavedSum } from './partial-sum.ts';
import type { Fold } from './port.ts';

/** A round as another process needs to know it to add its reports up: plain data. */
export interface SharedRound {
  readonly task: TaskId;
  readonly number: number;
  /** Where its reports lie in the spool. */
  readonly place: number;
  readonly fold: Fold;
  /** Of its reports, but for the base of those that have their own. */
  readonly expected: ExpectedFrame;
}

/** An accepted report, so that no other is taken for it. */
export interface ListedReport {
  readonly updateId: UpdateId;
  readonly sha256: Sha256;
  readonly baseSha256: Sha256;
  /** How many versions its base is behind that of the round. */
  readonly staleness: number;
}

/** A sum lies in the spool, under a name of its own, beside the reports of the round. */
export type SumAnswer =
  | { readonly ok: true; readonly name: UpdateId; readonly saved: SavedSum }
  /** `absent`: not all of them are to be had there, or the round is over; `failed`: they could not be added up. */
  | { readonly ok: false; readonly reason: 'absent' | 'failed' };

/** Other processes, which add up the reports that they took. */
export interface SumsElsewhere {
  /** It is another one, and there, as far as is known. */
  has(process: ProcessId): boolean;
  /** It may fold this one beforehand. Never throws and never waits: the word may be lost. */
  fold(process: ProcessId, round: SharedRound, report: ListedReport): void;
  /** The sum of exactly these, folded in this order. Rejects where there is no answer. */
  sum(process: ProcessId, round: SharedRound, reports: readonly ListedReport[]): Promise<SumAnswer>;
  /** None keeps anything of these any more, whoever took them; resolves when that is so, or where one does not answer. */
  forget(round: SharedRound, updateIds: readonly UpdateId[]): Promise<void>;
  /** It need keep nothing of this round any more. The word may be lost. */
  end(process: ProcessId, round: SharedRound): void;
}
