import { sha256Hex, utf8ToBytes } from '../../shared/hash.ts';
import type { Sha256 } from '../../shared/ids.ts';
import type { AuditAction } from '../observability/audit.ts';
import type { AdminStore, KeptAuditRow } from './port.ts';

/** What the first row of the chain follows. */
export const CHAIN_START = '0'.repeat(64) as Sha256;

/** Anybody can be refused, so those rows are trimmed, and stay out of a chain that may lose none. */
export const isChained = (action: string): boolean => action !== ('session.refused' satisfies AuditAction);

/**
 * SHA-256 of `[previous, at, actor, action, task, details]` as JSON without spaces, in UTF-8, where details are the text that they are
 * kept as. This never changes: rows are checked for as long as they are kept.
 */
export function auditHash(
  previous: Sha256,
  { at, actor, action, task, detailsJson }: Pick<KeptAuditRow, 'at' | 'actor' | 'action' | 'task' | 'detailsJson'>,
): Sha256 {
  return sha256Hex(utf8ToBytes(JSON.stringify([previous, at, actor, action, task, detailsJson])));
}

/** `changed`: it does not have its hash; `follows`: what it follows is not the row before it; `unchained`: it has no place in the chain. */
export interface ChainFault {
  readonly row: KeptAuditRow;
  readonly kind: 'changed' | 'follows' | 'unchained';
}

export interface ChainCheck {
  /** In the chain, up to the first fault. */
  readonly length: number;
  /** The hash of the last of these; null where there is none. */
  readonly head: Sha256 | null;
  /** Rows that are in no chain: refused logins. */
  readonly outside: number;
  /** How many rows follow the anchor; null where the chain does not have it, or none was given. */
  readonly sinceAnchor: number | null;
  readonly fault: ChainFault | null;
}

const ROWS_AT_A_TIME = 500;

/**
 * Goes through the chain from its first row to its end or its first fault; rows may be appended meanwhile. A chain that lost its
 * end, or was made anew as a whole, has no fault: only an anchor shows it, a hash of the chain that was noted elsewhere.
 */
export async function checkChain(
  store: Pick<AdminStore, 'auditAfter'>,
  anchor: Sha256 | null = null,
): Promise<ChainCheck> {
  let [length, outside, head] = [0, 0, CHAIN_START];
  let anchorAt: number | null = null;
  const found = (fault: ChainFault | null): ChainCheck => {
    const sinceAnchor = anchorAt === null ? null : length - anchorAt;
    return { length, head: length === 0 ? null : head, outside, sinceAnchor, fault };
  };
  for (let after = Number.MIN_SAFE_INTEGER; ; ) {
    const rows = await store.auditAfter(after, ROWS_AT_A_TIME);
    for (const row of rows) {
      after = row.id;
      if (row.sha256 === null && !isChained(row.action)) {
        outside++;
        continue;
      }
      const kind = faultOf(row, head);
      if (kind !== null) return found({ row, kind });
      head = row.sha256 ?? head;
      length++;
      if (head === anchor) anchorAt = length;
    }
    if (rows.length < ROWS_AT_A_TIME) return found(null);
  }
}

function faultOf(row: KeptAuditRow, head: Sha256): ChainFault['kind'] | null {
  if (row.sha256 === null || row.previousSha256 === null) return 'unchained';
  if (row.sha256 !== auditHash(row.previousSha256, row)) return 'changed';
  return row.previousSha256 === head ? null : 'follows';
}
