import { type Refusal, type RejectionReason, refuse } from '../../shared/errors.ts';
import type { RoundEnd } from '../../shared/protocol/index.ts';
import type { RoundCounts } from '../storage/port.ts';
import { type Part, tally } from './round.ts';

/** The class in which an assignment ended (R8); a part that was never sent out is `dropped`. */
export function endOf(part: Part | undefined): NonNullable<RoundEnd['yours']> {
  return part === undefined || part.standing === 'open' || part.standing === 'storing' ? 'dropped' : part.standing;
}

/** What a member is told of its own part. */
export const yoursOf = (part: Part): Pick<RoundEnd, 'yours' | 'yoursReason'> =>
  part.standing === 'rejected' ? { yours: 'rejected', yoursReason: part.reason } : { yours: endOf(part) };

/** selected = accepted + Σ rejected + late + surplus + dropped. */
export function countsOf(parts: readonly Part[], bytes: { readonly up: number; readonly down: number }): RoundCounts {
  const { accepted, late, surplus, dropped } = tally(parts);
  const rejected: Partial<Record<RejectionReason, number>> = {};
  for (const part of parts) if (part.standing === 'rejected') rejected[part.reason] = (rejected[part.reason] ?? 0) + 1;
  return {
    ...{ selected: parts.length, accepted, rejected, late, surplus, dropped },
    ...{ uplinkBytes: bytes.up, downlinkBytes: bytes.down },
  };
}

/** Why nothing more is taken under an assignment; null while its report is awaited. */
export function refusalOf(part: Part): Refusal | null {
  switch (part.standing) {
    case 'open':
      return null;
    case 'storing':
      return refuse('busy', 'the report of this assignment is being stored', 500);
    case 'accepted':
      return refuse('conflict', 'this assignment has its report');
    case 'rejected':
      return refuse(part.reason, 'the report of this assignment was refused');
    case 'late':
      return refuse('late', 'the round ended before the report was complete');
    case 'surplus':
      return refuse('surplus', 'the round had its goal');
    case 'dropped':
      return refuse('not-assigned', 'this assignment was given up');
  }
}
