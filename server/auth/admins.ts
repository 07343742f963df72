import type { Clock } from '../../shared/clock.ts';
import type { Sha256 } from '../../shared/ids.ts';
import { LIMITS } from '../../shared/limits.ts';
import type { SecureRng } from '../../shared/rng.ts';
import type { AdminStore, SessionRow } from '../storage/port.ts';
import { hashSecret, newSecret, sameSecret } from './secrets.ts';

/** Who acts, for the audit: `token`, or the public id of a session. */
export interface Admin {
  readonly actor: string;
  /** At the latest, in milliseconds since 1970; null for the standing token. */
  readonly expiresAt: number | null;
}

/** What is told of a login. Times in milliseconds since 1970. */
export interface Login extends Admin {
  readonly expiresAt: number;
  readonly beganAt: number;
  /** To the minute. */
  readonly usedAt: number;
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
  /** Logins that are good, the last used first. */
  logins(): Promise<Login[]>;
  /** Ends one of them; its live sockets are told. False where there is none of this name. */
  end(actor: string): Promise<boolean>;
  /** A dashboard of this login is open. False where there is no such login any more. */
  used(actor: string): Promise<boolean>;
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
    | 'saveLink'
    | 'useLink'
    | 'saveSession'
    | 'session'
    | 'sessions'
    | 'useSession'
    | 'removeSession'
    | 'saveTicket'
    | 'useTicket'
    | 'removeTickets'
  >;
  readonly adminToken: string | null;
  readonly clock: Pick<Clock, 'now'>;
  readonly random: SecureRng;
}

export function createAdmins({ store, adminToken, clock, random }: AdminsOptions): Admins {
  const listeners = new Set<(actor: string, isElsewhere: boolean) => void>();
  const isToken = (credential: string): boolean => adminToken !== null && sameSecret(credential, adminToken);
  /** Of the session's own secret too, so that the table by itself says nothing about the token. */
  const proofOf = (secret: string): Sha256 | null =>
    adminToken === null ? null : hashSecret(`${secret} ${adminToken}`);
  const endOf = ({ beganAt }: Pick<SessionRow, 'beganAt'>): number => beganAt + LIMITS.adminSessionLifeMs;
  const expiryOf = (row: Pick<SessionRow, 'beganAt'>, usedAt: number): number =>
    Math.min(endOf(row), usedAt + LIMITS.adminSessionIdleMs);
  const loginOf = (row: SessionRow): Login => ({
    ...{ actor: row.actor, beganAt: row.beganAt, usedAt: row.usedAt, expiresAt: endOf(row) },
  });

  const tell = (actor: string, isElsewhere: boolean): void => {
    for (const listener of listeners) listener(actor, isElsewhere);
  };

  async function end(actor: string): Promise<boolean> {
    // The standing token is no session: its tickets stay.
    if (!(await store.removeSession(actor))) return false;
    await store.removeTickets(actor);
    tell(actor, false);
    return true;
  }

  async function good(): Promise<readonly SessionRow[]> {
    return (await store.sessions()).filter(({ expiresAt }) => expiresAt > clock.now());
  }

  async function use(row: SessionRow): Promise<void> {
    const now = clock.now();
    if (now - row.usedAt >= LIMITS.adminSessionUseMs) await store.useSession(row.actor, now, expiryOf(row, now));
  }

  return {
    async makeLink() {
      const code = newSecret(random);
      await store.saveLink(hashSecret(code), clock.now() + LIMITS.adminLinkLifeMs);
      return code;
    },
    async logIn(credential) {
      const isByToken = isToken(credential);
      if (!isByToken && !(await store.useLink(hashSecret(credential), clock.now()))) return null;
      const secret = newSecret(random);
      const sha256 = hashSecret(secret);
      const beganAt = clock.now();
      const row: SessionRow = {
        ...{ sha256, actor: `session-${sha256.slice(0, 8)}`, proof: isByToken ? proofOf(secret) : null },
        ...{ beganAt, usedAt: beganAt, expiresAt: expiryOf({ beganAt }, beganAt) },
      };
      for (const { actor } of (await good()).slice(LIMITS.adminSessionsCount - 1)) await end(actor);
      await store.saveSession(row);
      return { secret, expiresAt: endOf(row), admin: { actor: row.actor, expiresAt: endOf(row) } };
    },
    async logins() {
      return (await good()).map(loginOf);
    },
    end,
    async used(actor) {
      const row = (await good()).find((one) => one.actor === actor);
      if (row === undefined) return false;
      await use(row);
      return true;
    },
    loggedOut: (actor) => tell(actor, true),
    byToken: (credential) => (isToken(credential) ? { actor: 'token', expiresAt: null } : null),
    async bySession(secret) {
      const row = await store.session(hashSecret(secret));
      if (row === null || row.expiresAt <= clock.now()) return null;
      if (row.proof !== null && row.proof !== proofOf(secret)) {
        await end(row.actor);
        return null;
      }
      await use(row);
      return { actor: row.actor, expiresAt: endOf(row) };
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
