import { LIMITS } from '../../shared/limits.ts';
import type { RetryWindow } from '../../shared/protocol/index.ts';
import type { RoundPolicy } from '../../shared/task/spec.ts';

// Bonawitz et al., "Towards Federated Learning at Scale: System Design", MLSys 2019 (arXiv 1902.01046): over-selection of
// 130 % at 6 to 10 % drop-out (§9), reporting windows, and pace steering (§2.3). Tabs drop out more than phones on a charger,
// so what is asked for follows from what was measured.

/** What one round of training told of its cohort. */
export interface PaceNote {
  /** Members of the cohort, and those of them of whom no report came in time or at all; a surplus report did come. */
  readonly selected: number;
  readonly lost: number;
  /** From the assignments to each report. */
  readonly reportMs: readonly number[];
  /** From the start of the round to its end. */
  readonly roundMs: number;
}

/**
 * The smallest cohort of which, with a drop-out of `share`, the goal reports come in with three standard deviations to
 * spare: n(1 − p) − 3·√(np(1 − p)) ≥ goal. 143 for a goal of 100 at 20 %, 169 at 30 %. It is never above `most`.
 */
export function cohortFor(goal: number, share: number, most: number): number {
  const enough = (n: number): boolean => n * (1 - share) - 3 * Math.sqrt(n * share * (1 - share)) >= goal;
  let n = goal;
  while (n < most && !enough(n)) n++;
  return n;
}

/** Of all who were selected in these rounds; null while fewer than `LIMITS.paceMembersCount` were. */
export function dropoutOf(notes: readonly PaceNote[]): number | null {
  let selected = 0;
  let lost = 0;
  for (const note of notes) {
    selected += note.selected;
    lost += note.lost;
  }
  return selected < LIMITS.paceMembersCount ? null : lost / selected;
}

/** Nine of ten reports took no longer; null while fewer than `LIMITS.paceMembersCount` came. */
export function slowReportMs(notes: readonly PaceNote[]): number | null {
  const sorted = notes.flatMap(({ reportMs }) => reportMs).sort((a, b) => a - b);
  return sorted.length < LIMITS.paceMembersCount ? null : (sorted[Math.ceil(0.9 * sorted.length) - 1] ?? null);
}

/**
 * The task's policy as the last rounds suggest it, where the task wants that: a cohort for the drop-out that was seen, never
 * above `LIMITS.paceOverSelection` times the goal, and a deadline of twice what nine of ten reports took, never above the
 * task's own. Without enough rounds it is the task's own.
 */
export function measuredPolicy(policy: RoundPolicy, notes: readonly PaceNote[]): RoundPolicy {
  if (policy.pace !== 'measured') return policy;
  const share = dropoutOf(notes);
  const slowMs = slowReportMs(notes);
  const most = Math.ceil(policy.goal * LIMITS.paceOverSelection);
  const cohort = share === null ? null : cohortFor(policy.goal, share, most);
  return {
    ...policy,
    ...(cohort === null ? {} : { overSelection: cohort / policy.goal }),
    ...(slowMs === null ? {} : { reportingDeadlineMs: deadlineFor(slowMs, policy.reportingDeadlineMs) }),
  };
}

const deadlineFor = (slowMs: number, mostMs: number): number =>
  Math.min(mostMs, Math.max(LIMITS.paceDeadlineMs, Math.ceil(2 * slowMs)));

/**
 * When those who were not chosen come back: each at a time of its own within the window, which is wide enough for
 * `LIMITS.retriesPerSecond`. Where rounds were measured it begins when the present one should end, so that they do not ask
 * for nothing in between.
 */
export function retryWindow(round: number, clientsCount: number, roundMs: number | null = null): RetryWindow {
  const spreadMs = Math.max(LIMITS.retrySpreadMs, Math.ceil((clientsCount / LIMITS.retriesPerSecond) * 1_000));
  const afterMs = Math.min(LIMITS.retryLatestMs, Math.max(LIMITS.retryAfterMs, Math.round(0.9 * (roundMs ?? 0))));
  return { round, afterMs, beforeMs: afterMs + spreadMs };
}

/** The median of the rounds; null of none. */
export function usualRoundMs(notes: readonly PaceNote[]): number | null {
  const sorted = notes.map(({ roundMs }) => roundMs).sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? null;
}
