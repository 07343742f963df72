import type { Clock } from '../../shared/clock.ts';
import { LIMITS } from '../../shared/limits.ts';
import type { SecureRng } from '../../shared/rng.ts';
import { hashSecret, newSecret } from './secrets.ts';

/** Single-use tickets, in memory: a dashboard's socket carries one instead of the cookie. */
export interface Tickets<Holder> {
  issue(holder: Holder): { readonly ticket: string; readonly expiresAt: number };
  /** Who it was issued to, once and within 30 s; else null. */
  redeem(ticket: string): Holder | null;
  /** Takes back the unused tickets of these holders. */
  revoke(isGone: (holder: Holder) => boolean): void;
}

export function createTickets<Holder>(clock: Pick<Clock, 'now'>, random: SecureRng): Tickets<Holder> {
  const open = new Map<string, { readonly holder: Holder; readonly expiresAt: number }>();

  /** Oldest first, so the expired ones stand in front. */
  function sweep(): void {
    for (const [hash, { expiresAt }] of open) {
      if (expiresAt > clock.now() && open.size <= LIMITS.ticketsCount) return;
      open.delete(hash);
    }
  }

  return {
    issue(holder) {
      const ticket = newSecret(random);
      const expiresAt = clock.now() + LIMITS.ticketLifeMs;
      open.set(hashSecret(ticket), { holder, expiresAt });
      sweep();
      return { ticket, expiresAt };
    },
    redeem(ticket) {
      const hash = hashSecret(ticket);
      const found = open.get(hash);
      open.delete(hash);
      return found !== undefined && found.expiresAt > clock.now() ? found.holder : null;
    },
    revoke(isGone) {
      for (const [hash, { holder }] of open) if (isGone(holder)) open.delete(hash);
    },
  };
}
