import { bytesToHex } from '../../shared/hash.ts';
import type { AssignmentToken, ClientId, Sha256, UpdateId } from '../../shared/ids.ts';
import {
  type Assignment,
  type ControlOffer,
  type ModelStep,
  type Progress,
  type Receipt,
  type RoundPurpose,
  updateIdOf,
} from '../../shared/protocol/index.ts';
import type { Rng, SecureRng } from '../../shared/rng.ts';
import type { AssignmentRow, OwnTerms, ReceiptRow } from '../storage/port.ts';

/** One client's assignment in a round, and what is known of its work besides its standing. */
export interface Member {
  /** In its present round: a part of a buffered task may go on in the next under another. */
  slot: number;
  readonly clientId: ClientId;
  readonly token: AssignmentToken;
  readonly updateId: UpdateId;
  /** Seeds the client's shuffling. */
  readonly seed: number;
  /** The weights that it said it holds, when it was chosen. */
  readonly held: Sha256 | null;
  /** Of a part that may outlive its round; null where the round's base and deadline hold. */
  readonly own: OwnTerms | null;
  /** It is durable: before that its token does not leave the house. */
  isSaved: boolean;
  progress: Pick<Progress, 'phase' | 'share'> | null;
  receipt: ReceiptRow | null;
  /** Its report is being checked or made durable. */
  arriving: Promise<unknown> | null;
}

/** A new member with a token of its own. */
export function newMember(
  slot: number,
  clientId: ClientId,
  held: Sha256 | null,
  { rng, secureRng }: { readonly rng: Rng; readonly secureRng: SecureRng },
  own: OwnTerms | null = null,
): Member {
  const token = bytesToHex(secureRng.bytes(16)) as AssignmentToken;
  const updateId = updateIdOf(token);
  return {
    ...{ slot, clientId, token, updateId, held, seed: rng.uint32(), own },
    ...{ isSaved: false, progress: null, receipt: null, arriving: null },
  };
}

export const memberOfRow = (row: AssignmentRow, receipt: ReceiptRow | null): Member => ({
  ...{ slot: row.slot, clientId: row.clientId, token: row.token, updateId: row.updateId, seed: row.seed },
  ...{ held: null, own: row.own, isSaved: true, progress: null, receipt, arriving: null },
});

export const rowOfMember = ({ slot, clientId, token, updateId, seed, own }: Member): AssignmentRow => ({
  ...{ slot, clientId, token, updateId, seed, own },
  ...{ end: null, rejection: null },
});

/** How the weights come. */
export interface Delivery {
  readonly delivery: Assignment['delivery'];
  readonly steps?: readonly ModelStep[];
}

/** What goes out to the client. */
export function assignmentOf(
  member: Member,
  round: {
    readonly number: number;
    readonly purpose: RoundPurpose;
    readonly isFill: boolean;
    readonly cohort: number;
    readonly base: Assignment['base'];
    readonly remainingMs: number;
    readonly controlOf: ((clientId: ClientId) => ControlOffer) | null;
  },
  { delivery, steps = [] }: Delivery,
): Assignment {
  const { token, updateId, slot, seed } = member;
  const { number, purpose, isFill, cohort, base, remainingMs, controlOf } = round;
  return {
    round: number,
    ...(purpose === 'train' ? {} : { purpose }),
    ...(isFill ? { schedule: 'buffered' as const } : {}),
    token,
    updateId,
    slot,
    cohort,
    base,
    delivery,
    ...(steps.length === 0 ? {} : { steps: [...steps] }),
    ...(controlOf === null ? {} : { control: controlOf(member.clientId) }),
    seed,
    remainingMs,
  };
}

/** A stored receipt as the client sees it. */
export const receiptOfRow = ({ updateId, round, status, order, version, reason }: ReceiptRow): Receipt => ({
  ...{ updateId, round, status, order },
  ...(version === null ? {} : { version }),
  ...(reason === null ? {} : { reason }),
});
