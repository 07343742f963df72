import type { AssignmentToken, ClientId, Sha256, TaskId, UpdateId } from '../../shared/ids.ts';
import type { TaskSpec } from '../../shared/task/spec.ts';
import { digits } from '../../shared/task/templates/digits.ts';
import type {
  AssignmentRow,
  FencingToken,
  NewCheckpoint,
  NewReceipt,
  ReceiptRow,
  RoundCounts,
  RoundEndRow,
  Storage,
} from './port.ts';

/** Rows for tests of storage: each is a function of small numbers, so that a test reads as what happens to them. */

export const T0 = 1_700_000_000_000;

const hex = (number: number, digitCount: number): string => number.toString(16).padStart(digitCount, '0');
export const sha = (number: number): Sha256 => hex(number, 64) as Sha256;
export const client = (number: number): ClientId => hex(number, 32) as ClientId;
export const update = (round: number, slot: number): UpdateId => hex(round * 0x1_0000 + slot, 32) as UpdateId;
const token = (round: number, slot: number): AssignmentToken =>
  `f${hex(round * 0x1_0000 + slot, 31)}` as AssignmentToken;

export const spec = (id = 'digits', changes: Partial<TaskSpec> = {}): TaskSpec => ({
  ...digits,
  id: id as TaskId,
  ...changes,
});
export const DIGITS = 'digits' as TaskId;

export const checkpoint = (version: number, changes: Partial<NewCheckpoint> = {}): NewCheckpoint => ({
  version,
  sha256: sha(0xc000 + version),
  bytes: 796_840,
  optimizerSha256: null,
  step: null,
  origin: version === 0 ? 'initial' : 'round',
  round: version === 0 ? null : version,
  copyOf: null,
  ...changes,
});

export const assignment = (round: number, slot: number): AssignmentRow => ({
  slot,
  clientId: client(slot),
  token: token(round, slot),
  updateId: update(round, slot),
  seed: 0xffff_fff0 + slot,
  own: null,
  end: null,
  rejection: null,
});

export const receipt = (round: number, slot: number, changes: Partial<NewReceipt> = {}): NewReceipt => ({
  task: DIGITS,
  round,
  updateId: update(round, slot),
  clientId: client(slot),
  sha256: sha(round * 1000 + slot),
  bytes: 796_908,
  examples: 600,
  steps: 60,
  norm: 0.1 + slot,
  metrics: { lossBefore: 2.3, lossAfter: 0.7, accuracyBefore: null, accuracyAfter: 0.81, trainingMs: 1234 },
  place: null,
  ...changes,
});

/** What is left of them once their client had its data deleted. */
export const emptyReceipt = (round: number, slot: number, order: number): ReceiptRow => ({
  ...{ task: DIGITS, round, updateId: update(round, slot), order, status: 'withdrawn', version: null, reason: null },
  clientId: update(round, slot) as string as ClientId,
  ...{ sha256: sha(0), bytes: 0, examples: 0, steps: 0, norm: 0, acceptedAt: 0 },
  metrics: { lossBefore: null, lossAfter: null, accuracyBefore: null, accuracyAfter: null, trainingMs: 0 },
  place: null,
});
export const emptyAssignment = (round: number, slot: number): AssignmentRow => ({
  ...assignment(round, slot),
  clientId: update(round, slot) as string as ClientId,
  token: update(round, slot) as string as AssignmentToken,
  seed: 0,
});

export const NO_COUNTS: RoundCounts = {
  selected: 0,
  accepted: 0,
  rejected: {},
  late: 0,
  surplus: 0,
  dropped: 0,
  uplinkBytes: 0,
  downlinkBytes: 0,
};

/** The end of a round in which `accepted` reported and `others` were dropped. */
export const roundEnd = (round: number, accepted: readonly number[], others: readonly number[] = []): RoundEndRow => ({
  task: DIGITS,
  number: round,
  counts: {
    selected: accepted.length + others.length,
    accepted: accepted.length,
    rejected: {},
    late: 0,
    surplus: 0,
    dropped: others.length,
    uplinkBytes: 2 ** 40,
    downlinkBytes: 7,
  },
  assignments: [
    ...accepted.map((slot) => ({ updateId: update(round, slot), end: 'accepted' as const })),
    ...others.map((slot) => ({ updateId: update(round, slot), end: 'dropped' as const })),
  ],
  endedAt: T0 + round * 1000 + 900,
  taskPatch: {},
});

/** The task `digits` with version 0, its lease taken. */
export async function createdTask(storage: Storage): Promise<FencingToken> {
  await storage.tasks.create(spec(), checkpoint(0), T0);
  return storage.tasks.fence(DIGITS);
}

export const opening = (round: number, baseVersion = round - 1) => ({
  task: DIGITS,
  number: round,
  purpose: 'train' as const,
  baseVersion,
  selectionEndsAt: T0 + round * 1000 + 500,
  startedAt: T0 + round * 1000,
});

/** A round of `slots` clients that is reporting. */
export async function reportingRound(
  storage: Storage,
  fence: FencingToken,
  round: number,
  slots: number,
  baseVersion = round - 1,
): Promise<void> {
  await storage.rounds.open(fence, opening(round, baseVersion));
  const cohort = Array.from({ length: slots }, (_, slot) => assignment(round, slot));
  await storage.rounds.assign(fence, DIGITS, round, T0 + round * 1000 + 800, cohort);
}

/** A round from nothing to its commit, in which the first `slots` clients reported. */
export async function committedRound(
  storage: Storage,
  fence: FencingToken,
  round: number,
  slots: number,
): Promise<void> {
  await reportingRound(storage, fence, round, slots);
  const all = Array.from({ length: slots }, (_, slot) => slot);
  await storage.rounds.accept(
    all.map((slot) => receipt(round, slot)),
    T0 + round * 1000 + 600,
  );
  await storage.rounds.commit(fence, roundEnd(round, all), checkpoint(round));
}
