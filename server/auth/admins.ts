import type { Clock } from '../../shared/clock.ts';
import { LIMITS } from '../../shared/limits.ts';
import type { SecureRng } from '../../shared/rng.ts';
import type { AdminStore } from '../storage/port.ts';
import { hashSecret, newSecret, sameSecret } from './secrets.ts';

/** Who acts, for the audit: `token`, or the public id of a session. */
export interface Admin {
  readonly actor: string;
  /** Milliseconds since 1970; null for the standing token. */
  readonly expiresAt: number | null;
}

export interface Session {
  /** The cookie's value; only its hash is kept. */
  readonly secret: string;
  readonly admin: Admin;
  readonly expiresAt: number;
}

/** The door for admins: a standing token, one-time links, sessions, and tickets for sockets. */
export interface Admins {
  /** A new one-time code for `/admin#<code>`, good for an hour. */
  makeLink(): Promise<string>;
  /** Exchanges the standing token or a one-time code for a session; null if it is neither. */
  logIn(credential: string): Promise<Session | null>;
  /** Ends a session; its live sockets are told. */
  logOut(secret: string): Promise<void>;
  /** The admin behind a Bearer credential, or null. */
  byToken(credential: string): Admin | null;
  /** The admin behind a session cookie, or null. */
  bySession(secret: string): Promise<Admin | null>;
  issueTicket(admin: Admin): Promise<{ readonly ticket: string; readonly expiresAt: number }>;
  /** The admin a ticket was issued to; works once, for 30 s. */
  redeemTicket(ticket: string): Promise<Admin | null>;
  /** Called with the actor of a session that ended: its sockets must go. Returns what ends the subscription. */
  onLogOut(listener: (actor: string, isElsewhere: boolean) => void): () => void;
  /** The same for a session that ended at another process. */
  loggedOut(actor: string): void;
}

export interface AdminsOptions {
  readonly store: Pick<
    AdminStore,
    'saveLink' | 'useLink' | 'saveSession' | 'session' | 'removeSession' | 'saveTicket' | 'useTicket' | 'removeTickets'
  >;
  readonly adminToken: string | null;
  readonly clock: Pick<Clock, 'now'>;
  readonly random: SecureRng;
}

export function createAdmins({ store, adminToken, clock, random }: AdminsOptions): Admins {
  const listeners = new Set<(actor: string, isElsewhere: boolean) => void>();
  const isToken = (credential: string): boolean => adminToken !== null && sameSecret(credential, adminToken);
  const adminOf = (secret: string, expiresAt: number): Admin => ({
    actor: `session-${hashSecret(secret).slice(0, 8)}`,
    expiresAt,
  });

  const tell = (actor: string, isElsewhere: boolean): void => {
    for (const listener of listeners) listener(actor, isElsewhere);
  };

  return {
    async makeLink() {
      const code = newSecret(random);
      await store.saveLink(hashSecret(code), clock.now() + LIMITS.adminLinkLifeMs);
      return code;
    },
    async logIn(credential) {
      if (!isToken(credential) && !(await store.useLink(hashSecret(credential), clock.now()))) return null;
      const secret = newSecret(random);
      const expiresAt = clock.now() + LIMITS.adminSessionLifeMs;
      await store.saveSession(hashSecret(secret), expiresAt);
      return { secret, expiresAt, admin: adminOf(secret, expiresAt) };
    },
    async logOut(secret) {
      await store.removeSession(hashSecret(secret));
      const { actor } = adminOf(secret, 0);
      await store.removeTickets(actor);
      tell(actor, false);
    },
    loggedOut: (actor) => tell(actor, true),
    byToken: (credential) => (isToken(credential) ? { actor: 'token', expiresAt: null } : null),
    async bySession(secret) {
      const expiresAt = await store.session(hashSecret(secret));
      return expiresAt !== null && expiresAt > clock.now() ? adminOf(secret, expiresAt) : null;
    },
    async issueTicket({ actor, expiresAt: loginExpiresAt }) {
      const ticket = newSecret(random);
      const expiresAt = clock.now() + LIMITS.ticketLifeMs;
      await store.saveTicket(hashSecret(ticket), { actor, expiresAt: loginExpiresAt }, expiresAt);
      return { ticket, expiresAt };
    },
    async redeemTicket(ticket) {
      const admin = await store.useTicket(hashSecret(ticket), clock.now());
      return admin !== null && (admin.expiresAt === null || admin.expiresAt > clock.now()) ? admin : null;
    },
    onLogOut(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
