import { BugError } from '../../shared/assert.ts';
import { LIMITS } from '../../shared/limits.ts';
import type { RoundPolicy } from '../../shared/task/spec.ts';
import type { AssignmentRow, OpenRound, ReceiptRow } from '../storage/port.ts';
import type { BufferPolicy, FillState } from './buffer.ts';
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
      networks: new Map(),
    } as const;
    return { state, members: [] };
  }
  const { parts, members } = partsAndMembers(open, now);
  const { reportingEndsAt } = round;
  return { state: { phase: 'reporting', policy, reportingEndsAt, parts, closing: null }, members };
}

/** The same of a fill of a buffer: its parts have their bases and times again. */
export function restoreFill(
  open: OpenRound,
  options: { readonly policy: BufferPolicy; readonly seed: number; readonly now: number },
): { readonly state: FillState; readonly members: readonly Member[] } {
  const { policy, seed, now } = options;
  const { baseVersion: version, reportingEndsAt } = open.round;
  const { parts, members } = partsAndMembers(open, now);
  if (reportingEndsAt === null) throw new BugError('a fill reports from its opening');
  return {
    state: {
      ...{ schedule: 'buffered', phase: 'reporting', policy, seed, version, reportingEndsAt },
      parts: parts.map((part, slot) => {
        const { baseVersion, endsAt } = members[slot]?.own ?? { baseVersion: version, endsAt: reportingEndsAt };
        return { ...part, baseVersion, endsAt };
      }),
      ...{ waiting: [], networks: new Map(), closing: null },
    },
    members,
  };
}

function partsAndMembers(open: OpenRound, now: number): { readonly parts: Part[]; readonly members: Member[] } {
  const receipts = new Map(open.receipts.map((receipt) => [receipt.updateId, receipt]));
  const rows = [...open.assignments].sort((a, b) => a.slot - b.slot);
  const awayUntil = now + LIMITS.restartGraceMs;
  return {
    parts: rows.map((row) => partOf(row, receipts.get(row.updateId), awayUntil)),
    members: rows.map((row) => memberOfRow(row, receipts.get(row.updateId) ?? null)),
  };
}

function partOf({ clientId, end, rejection }: AssignmentRow, receipt: ReceiptRow | undefined, awayUntil: number): Part {
  if (receipt !== undefined) return { clientId, standing: 'accepted' };
  if (end === 'rejected' && rejection !== null) return { clientId, standing: 'rejected', reason: rejection };
  if (end === null) return { clientId, standing: 'open', awayUntil };
  return { clientId, standing: end === 'late' || end === 'surplus' ? end : 'dropped' };
}
