import { expect, test } from 'vitest';
import { secureRng } from '../../shared/rng.ts';
import { memoryStorage } from '../storage/memory/memory.ts';
import { createAdmins } from './admins.ts';
import { mayJoin } from './join-token.ts';
import { hashSecret, newSecret, sameSecret } from './secrets.ts';

const TOKEN = 'a-standing-admin-token';
const HOUR_MS = 3_600_000;

function setUp(adminToken: string | null = TOKEN) {
  const clock = { time: 1_000_000, now: () => clock.time };
  const store = memoryStorage().admin;
  return { clock, store, admins: createAdmins({ store, adminToken, clock, random: secureRng }) };
}

test('the standing token is a credential by itself and opens sessions, again and again', async () => {
  const { admins } = setUp();
  expect(admins.byToken(TOKEN)).toEqual({ actor: 'token', expiresAt: null });
  expect(admins.byToken(`${TOKEN}x`)).toBe(null);
  expect(admins.byToken('')).toBe(null);
  const first = await admins.logIn(TOKEN);
  const second = await admins.logIn(TOKEN);
  expect(first?.secret).not.toBe(second?.secret);
});

test('without a standing token no text is one', async () => {
  const { admins } = setUp(null);
  expect(admins.byToken('')).toBe(null);
  expect(admins.byToken('null')).toBe(null);
  expect(await admins.logIn('null')).toBe(null);
});

test('threat A1: a link opens one session, within an hour', async () => {
  const { admins, clock } = setUp();
  const [used, late] = [await admins.makeLink(), await admins.makeLink()];
  expect(admins.byToken(used)).toBe(null);
  expect(await admins.logIn(used)).not.toBe(null);
  expect(await admins.logIn(used)).toBe(null);
  clock.time += HOUR_MS;
  expect(await admins.logIn(late)).toBe(null);
});

test('threat A1: a session is good for twelve hours; a restart does not end it', async () => {
  const { admins, clock, store } = setUp();
  const session = await admins.logIn(TOKEN);
  if (session === null) throw new Error('no session');
  expect(session.expiresAt).toBe(1_000_000 + 12 * HOUR_MS);
  const restarted = createAdmins({ store, adminToken: TOKEN, clock, random: secureRng });
  expect(await restarted.bySession(session.secret)).toEqual(session.admin);
  expect(await admins.bySession(`${session.secret}x`)).toBe(null);
  for (let hour = 1; hour < 12; hour++) {
    clock.time += HOUR_MS;
    expect(await admins.bySession(session.secret)).toEqual(session.admin);
  }
  clock.time += HOUR_MS;
  expect(await admins.bySession(session.secret)).toBe(null);
});

test('threat A1: a session ends two hours after it was last used, by a call or by an open dashboard', async () => {
  const { admins, clock } = setUp();
  const [called, open, left] = [await admins.logIn(TOKEN), await admins.logIn(TOKEN), await admins.logIn(TOKEN)];
  if (called === null || open === null || left === null) throw new Error('no session');
  clock.time += 2 * HOUR_MS - 1;
  expect(await admins.bySession(called.secret)).toEqual(called.admin);
  expect(await admins.used(open.admin.actor)).toBe(true);
  clock.time += 1;
  expect(await admins.bySession(left.secret)).toBe(null);
  expect(await admins.used(left.admin.actor)).toBe(false);
  expect((await admins.logins()).map(({ actor }) => actor).sort()).toEqual(
    [called.admin.actor, open.admin.actor].sort(),
  );
  clock.time += 2 * HOUR_MS - 1;
  expect(await admins.bySession(called.secret)).toBe(null);
});

test('threat A1: another standing token ends the sessions that the one before opened, and no other', async () => {
  const { admins, clock, store } = setUp();
  const [byToken, byLink] = [await admins.logIn(TOKEN), await admins.logIn(await admins.makeLink())];
  if (byToken === null || byLink === null) throw new Error('no session');
  for (const adminToken of ['another-standing-token', null]) {
    const restarted = createAdmins({ store, adminToken, clock, random: secureRng });
    expect(await restarted.bySession(byLink.secret)).toEqual(byLink.admin);
    expect(await restarted.bySession(byToken.secret)).toBe(null);
  }
  expect(await admins.bySession(byToken.secret)).toBe(null);
});

test('threat A1: twenty logins at a time; one more ends the one that was used the longest ago', async () => {
  const { admins, clock } = setUp();
  const ended: string[] = [];
  admins.onLogOut((actor) => ended.push(actor));
  const actors: string[] = [];
  const logIn = async (): Promise<void> => {
    clock.time += 61_000;
    actors.push((await admins.logIn(TOKEN))?.admin.actor ?? '');
  };
  for (let i = 0; i < 20; i++) await logIn();
  clock.time += 61_000;
  await admins.used(actors[0] ?? '');
  await logIn();
  expect(ended).toEqual([actors[1]]);
  expect((await admins.logins()).map(({ actor }) => actor)).toEqual([
    ...[actors[20], actors[0]],
    ...actors.slice(2, 20).reverse(),
  ]);
});

test('threat A1: logging out ends the session, takes back its tickets and tells who listens', async () => {
  const { admins } = setUp();
  const [mine, other] = [await admins.logIn(TOKEN), await admins.logIn(TOKEN)];
  if (mine === null || other === null) throw new Error('no session');
  const ended: string[] = [];
  const stop = admins.onLogOut((actor) => ended.push(actor));
  const tickets = await Promise.all([mine, other].map(({ admin }) => admins.issueTicket(admin)));
  expect(await admins.end(mine.admin.actor)).toBe(true);
  expect(await admins.end(mine.admin.actor)).toBe(false);
  expect(ended).toEqual([mine.admin.actor]);
  expect(await admins.bySession(mine.secret)).toBe(null);
  expect(await admins.bySession(other.secret)).toEqual(other.admin);
  const redeemed = await Promise.all(tickets.map(({ ticket }) => admins.redeemTicket(ticket)));
  expect(redeemed).toEqual([null, other.admin]);
  stop();
  await admins.end(other.admin.actor);
  expect(ended).toHaveLength(1);
});

test('a ticket does not outlive its session', async () => {
  const { admins, clock } = setUp();
  const session = await admins.logIn(TOKEN);
  if (session === null) throw new Error('no session');
  clock.time = session.expiresAt - 10;
  const { ticket } = await admins.issueTicket(session.admin);
  clock.time = session.expiresAt;
  expect(await admins.redeemTicket(ticket)).toBe(null);
});

test('a ticket works once, for 30 s, and at any process', async () => {
  const { admins, clock, store } = setUp();
  const elsewhere = createAdmins({ store, adminToken: TOKEN, clock, random: secureRng });
  const admin = { actor: 'token', expiresAt: null };
  const [used, late] = [await admins.issueTicket(admin), await admins.issueTicket(admin)];
  expect(used.expiresAt).toBe(clock.time + 30_000);
  expect(await admins.redeemTicket('another')).toBe(null);
  clock.time += 29_999;
  expect(await elsewhere.redeemTicket(used.ticket)).toEqual(admin);
  expect(await admins.redeemTicket(used.ticket)).toBe(null);
  clock.time += 1;
  expect(await admins.redeemTicket(late.ticket)).toBe(null);
});

test('the standing token is no session to end: its tickets stay good', async () => {
  const { admins } = setUp();
  const { ticket } = await admins.issueTicket({ actor: 'token', expiresAt: null });
  expect(await admins.end('token')).toBe(false);
  expect(await admins.redeemTicket(ticket)).toEqual({ actor: 'token', expiresAt: null });
});

test('a session that ended at another process is told, too', () => {
  const { admins } = setUp();
  const ended: unknown[] = [];
  admins.onLogOut((...ending) => ended.push(ending));
  admins.loggedOut('session-1');
  expect(ended).toEqual([['session-1', true]]);
});

test('threat A1: secrets: 256 bits, kept as their hash, compared whole', () => {
  const secrets = new Set(Array.from({ length: 100 }, () => newSecret(secureRng)));
  expect(secrets.size).toBe(100);
  for (const secret of secrets) expect(secret).toMatch(/^[\w-]{43}$/);
  expect(hashSecret('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  expect(sameSecret('abc', 'abc')).toBe(true);
  expect(sameSecret('abc', 'abcd')).toBe(false);
  expect(sameSecret('', 'a')).toBe(false);
});

test('mayJoin: everybody where there is no join token, else who knows it', () => {
  const open = { access: { allowedOrigins: [] } };
  const closed = { access: { allowedOrigins: [], joinToken: 'let-me-in' } };
  expect(mayJoin(open, undefined)).toBe(true);
  expect(mayJoin(open, 'anything')).toBe(true);
  expect(mayJoin(closed, 'let-me-in')).toBe(true);
  expect(mayJoin(closed, 'let-me-on')).toBe(false);
  expect(mayJoin(closed, undefined)).toBe(false);
  expect(mayJoin(closed, '')).toBe(false);
});
