import { LIMITS } from '../../shared/limits.ts';
import type { RoundPolicy } from '../../shared/task/spec.ts';
import type { AssignmentRow, OpenRound, ReceiptRow } from '../storage/port.ts';
import { type Member, memberOfRow } from './member.ts';
import type { Part, RoundState } from './round.ts';

/**
 * A round as a restart finds it (D5): the deadlines are the old ones, accepted reports are accepted, deleted data stay
 * dropped, and every other member is away since now, with `LIMITS.restartGraceMs` to come back.
 */
export function restoreRound(
  open: OpenRound,
  options: { readonly policy: RoundPolicy; readonly seed: number; readonly now: number },
): { readonly state: RoundState; readonly members: readonly Member[] } {
  const { policy, seed, now } = options;
  const { round } = open;
  if (round.phase !== 'reporting' || round.reportingEndsAt === null) {
    const { selectionEndsAt } = round;
    const state = {
      phase: 'selecting',
      policy,
      seed,
      selectionEndsAt,
      settlesAt: null,
      available: [],
      utilities: null,
    } as const;
    return { state, members: [] };
  }
  const receipts = new Map(open.receipts.map((receipt) => [receipt.updateId, receipt]));
  const rows = [...open.assignments].sort((a, b) => a.slot - b.slot);
  const awayUntil = now + LIMITS.restartGraceMs;
  return {
    state: {
      phase: 'reporting',
      policy,
      reportingEndsAt: round.reportingEndsAt,
      parts: rows.map((row) => partOf(row, receipts.get(row.updateId), awayUntil)),
      closing: null,
    },
    members: rows.map((row) => memberOfRow(row, receipts.get(row.updateId) ?? null)),
  };
}

function partOf({ clientId, end, rejection }: AssignmentRow, receipt: ReceiptRow | undefined, awayUntil: number): Part {
  if (receipt !== undefined) return { clientId, standing: 'accepted' };
  if (end === 'rejected' && rejection !== null) return { clientId, standing: 'rejected', reason: rejection };
  if (end === null) return { clientId, standing: 'open', awayUntil };
  return { clientId, standing: end === 'late' || end === 'surplus' ? end : 'dropped' };
}
