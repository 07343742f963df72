import { auditHash, CHAIN_START, isChained } from '../audit-chain.ts';
import type { AdminStore, Storage } from '../port.ts';
import { memoryRounds } from './rounds.ts';
import { emptyState, type State } from './state.ts';
import { memoryCheckpoints, memoryTasks } from './tasks.ts';

/** Storage that ends with the process: for the simulator and for tests. Nothing waits, so each call is atomic. */
export function memoryStorage(): Storage {
  const state = emptyState();
  return {
    tasks: memoryTasks(state),
    rounds: memoryRounds(state),
    checkpoints: memoryCheckpoints(state),
    admin: memoryAdmin(state),
    async close() {},
  };
}

function memoryAdmin({ sessions, links, tickets, settings, audit }: State): AdminStore {
  return {
    async saveSession(row) {
      sessions.set(row.sha256, row);
    },
    session: async (sha256) => sessions.get(sha256) ?? null,
    sessions: async () => [...sessions.values()].sort((one, other) => other.usedAt - one.usedAt),
    async useSession(actor, usedAt, expiresAt) {
      for (const [sha256, row] of sessions)
        if (row.actor === actor) sessions.set(sha256, { ...row, usedAt, expiresAt });
    },
    async removeSession(actor) {
      const found = [...sessions.values()].find((row) => row.actor === actor);
      return found !== undefined && sessions.delete(found.sha256);
    },
    async saveLink(sha256, expiresAt) {
      links.set(sha256, expiresAt);
    },
    async useLink(sha256, now) {
      const expiresAt = links.get(sha256);
      links.delete(sha256);
      return expiresAt !== undefined && expiresAt > now;
    },
    async saveTicket(sha256, holder, expiresAt) {
      tickets.set(sha256, { holder, expiresAt });
    },
    async useTicket(sha256, now) {
      const found = tickets.get(sha256);
      tickets.delete(sha256);
      return found !== undefined && found.expiresAt > now ? found.holder : null;
    },
    async removeTickets(actor) {
      for (const [sha256, { holder }] of tickets) if (holder.actor === actor) tickets.delete(sha256);
    },
    async removeExpired(now) {
      for (const expiring of [tickets, sessions])
        for (const [sha256, { expiresAt }] of expiring) if (expiresAt <= now) expiring.delete(sha256);
      for (const [sha256, expiresAt] of links) if (expiresAt <= now) links.delete(sha256);
    },
    async appendAudit({ details, ...rest }) {
      const row = { ...rest, detailsJson: JSON.stringify(details) };
      const head = audit.findLast(({ sha256 }) => sha256 !== null)?.sha256 ?? CHAIN_START;
      const previousSha256 = isChained(row.action) ? head : null;
      const sha256 = previousSha256 === null ? null : auditHash(previousSha256, row);
      audit.push({ id: (audit.at(-1)?.id ?? 0) + 1, ...row, previousSha256, sha256 });
      return sha256;
    },
    async trimAudit(action, keptCount) {
      const rows = audit.filter((row) => row.action === action && row.sha256 === null);
      const old = new Set(rows.slice(0, -keptCount));
      audit.splice(0, audit.length, ...audit.filter((row) => !old.has(row)));
    },
    audit: async (limit) =>
      audit.slice(Math.max(0, audit.length - limit)).map(({ at, actor, action, task, detailsJson }) => {
        const details: Readonly<Record<string, unknown>> = JSON.parse(detailsJson);
        return { at, actor, action, task, details };
      }),
    auditAfter: async (after, limit) => audit.filter(({ id }) => id > after).slice(0, limit),
    setting: async (key) => settings.get(key) ?? null,
    async claimSetting(key, value) {
      const there = settings.get(key) ?? value;
      settings.set(key, there);
      return there;
    },
    async setSetting(key, value) {
      settings.set(key, value);
    },
    async advance(key, by) {
      const before = Number(settings.get(key) ?? 0);
      settings.set(key, String(before + by));
      return before;
    },
  };
}
