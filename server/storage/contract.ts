import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BugError } from '../../shared/assert.ts';
import type { TaskId } from '../../shared/ids.ts';
import { adminContract } from './admin-contract.ts';
import {
  assignment,
  checkpoint,
  client,
  committedRound,
  createdTask,
  DIGITS,
  emptyAssignment,
  emptyReceipt,
  NO_COUNTS,
  opening,
  receipt,
  reportingRound,
  roundEnd,
  sha,
  spec,
  T0,
  update,
} from './contract-rows.ts';
import type { FencingToken, ReceiptOutcome, Storage } from './port.ts';

const OTHER = 'other' as TaskId;
const kinds = (outcomes: readonly ReceiptOutcome[]): string[] => outcomes.map(({ kind }) => kind);
const score = { accuracy: 0.9, loss: 0.31 };

/** What every adapter must do. `open` gives an empty storage; the suite closes it. */
export function storageContract(open: () => Promise<Storage>): void {
  let storage: Storage;
  beforeEach(async () => {
    storage = await open();
  });
  afterEach(() => storage.close());

  describe('tasks', () => {
    it('are created idle with version 0, once', async () => {
      expect(await storage.tasks.create(spec(), checkpoint(0), T0)).toBe('created');
      expect(
        await storage.tasks.create(spec('digits', { title: 'Again' }), checkpoint(0, { sha256: sha(9) }), T0),
      ).toBe('taken');
      expect(await storage.tasks.get(DIGITS)).toEqual({
        spec: spec(),
        state: 'idle',
        roundsLeft: 0,
        evaluationWanted: false,
        pausedReason: null,
        abandonedInARow: 0,
        createdAt: T0,
        archivedAt: null,
        version: 0,
        sha256: checkpoint(0).sha256,
      });
      expect(await storage.checkpoints.list(DIGITS)).toHaveLength(1);
      expect(await storage.tasks.get(OTHER)).toBeNull();
    });

    it('start at version 0 only', async () => {
      await expect(storage.tasks.create(spec(), checkpoint(1), T0)).rejects.toThrow(BugError);
      expect(await storage.tasks.list()).toEqual([]);
    });

    it('are listed oldest first, archived ones too', async () => {
      await storage.tasks.create(spec('late'), checkpoint(0), T0 + 5);
      await storage.tasks.create(spec('early'), checkpoint(0), T0 + 1);
      await storage.tasks.create(spec('aside'), checkpoint(0), T0 + 5);
      await storage.tasks.update('early' as TaskId, { archivedAt: T0 + 9 });
      const rows = await storage.tasks.list();
      expect(rows.map(({ spec: { id }, archivedAt }) => [id, archivedAt])).toEqual([
        ['early', T0 + 9],
        ['aside', null],
        ['late', null],
      ]);
    });

    it('change only what a patch names', async () => {
      await createdTask(storage);
      await storage.tasks.update(DIGITS, {
        state: 'paused',
        pausedReason: 'too-few',
        abandonedInARow: 5,
        roundsLeft: 3,
      });
      await storage.tasks.update(DIGITS, { pausedReason: null });
      await storage.tasks.update(DIGITS, {});
      await storage.tasks.update(OTHER, { state: 'running' });
      expect(await storage.tasks.get(DIGITS)).toMatchObject({
        state: 'paused',
        pausedReason: null,
        abandonedInARow: 5,
        roundsLeft: 3,
      });
      expect(await storage.tasks.list()).toHaveLength(1);
    });

    it('go with all that hangs on them but the audit', async () => {
      const fence = await createdTask(storage);
      await committedRound(storage, fence, 1, 2);
      await storage.admin.appendAudit({ at: T0, actor: 'token', action: 'task.create', task: DIGITS, details: {} });
      await storage.tasks.remove(DIGITS);
      expect(await storage.tasks.get(DIGITS)).toBeNull();
      expect(await storage.checkpoints.list(DIGITS)).toEqual([]);
      expect(await storage.rounds.list(DIGITS, 10)).toEqual([]);
      expect(await storage.rounds.receipt(update(1, 0))).toBeNull();
      expect(await storage.checkpoints.referenced()).toEqual(new Set());
      expect(await storage.admin.audit(10)).toHaveLength(1);
    });

    it('are new under an old name, and no old token writes to them', async () => {
      const old = await createdTask(storage);
      await storage.tasks.remove(DIGITS);
      expect(await createdTask(storage)).toBeGreaterThan(old);
      expect(await storage.rounds.open(old, opening(1))).toBe('fenced');
    });
  });

  describe('fencing', () => {
    it('gives every holder a larger token than any before', async () => {
      const first = await createdTask(storage);
      await storage.tasks.create(spec('other'), checkpoint(0), T0);
      const tokens = [
        first,
        await storage.tasks.fence(DIGITS),
        await storage.tasks.fence(OTHER),
        await storage.tasks.fence(DIGITS),
      ];
      expect([...tokens].sort((a, b) => a - b)).toEqual(tokens);
      expect(new Set(tokens).size).toBe(4);
      await expect(storage.tasks.fence('absent' as TaskId)).rejects.toThrow(BugError);
    });

    it('refuses every write of an older holder, and nothing of it happens', async () => {
      const old = await createdTask(storage);
      await reportingRound(storage, old, 1, 2);
      await storage.rounds.accept([receipt(1, 0)], T0);
      const fresh = await storage.tasks.fence(DIGITS);

      expect(await storage.rounds.assign(old, DIGITS, 1, T0, [assignment(1, 5)])).toBe('fenced');
      expect(await storage.rounds.accept([{ ...receipt(1, 1), fence: old }], T0)).toEqual([{ kind: 'fenced' }]);
      expect(await storage.tasks.update(DIGITS, { roundsLeft: 77 }, old)).toBe('fenced');
      expect(await storage.tasks.get(DIGITS)).not.toMatchObject({ roundsLeft: 77 });
      expect(await storage.tasks.update(DIGITS, { roundsLeft: 7 }, fresh)).toBe('saved');
      expect(await storage.rounds.commit(old, roundEnd(1, [0], [1]), checkpoint(1))).toBe('fenced');
      expect(await storage.rounds.abandon(old, roundEnd(1, [], [0, 1]), 'stopped')).toBe('fenced');
      expect(await storage.rounds.open(old, opening(2, 0))).toBe('fenced');
      const copy = checkpoint(1, { origin: 'rollback', sha256: checkpoint(0).sha256, copyOf: 0, round: null });
      expect(await storage.checkpoints.append(DIGITS, old, copy, T0)).toBe('fenced');

      expect(await storage.checkpoints.list(DIGITS)).toHaveLength(1);
      const open = await storage.rounds.unfinished(DIGITS);
      expect(open?.assignments).toHaveLength(2);
      expect(open?.receipts.map(({ status }) => status)).toEqual(['accepted']);
      expect(await storage.rounds.commit(fresh, roundEnd(1, [0], [1]), checkpoint(1))).toBe('saved');
    });

    it('refuses the token of another task, and any of a task that is not there', async () => {
      await createdTask(storage);
      await storage.tasks.create(spec('other'), checkpoint(0), T0);
      const others = await storage.tasks.fence(OTHER);
      expect(await storage.rounds.open(others, opening(1))).toBe('fenced');
      expect(await storage.rounds.open(others, { ...opening(1), task: 'absent' as TaskId })).toBe('fenced');
    });
  });

  describe('leases', () => {
    const LONG_MS = 60_000;
    beforeEach(async () => {
      await storage.tasks.create(spec(), checkpoint(0), T0);
    });

    it('are of one holder at a time, who may have another token at any time', async () => {
      const first = await storage.tasks.lease(DIGITS, 'a', LONG_MS);
      expect(await storage.tasks.lease(DIGITS, 'b', LONG_MS)).toBeNull();
      const second = await storage.tasks.lease(DIGITS, 'a', LONG_MS);
      expect(second).toBeGreaterThan(first ?? 0);
      expect(await storage.rounds.open(first ?? 0, opening(1))).toBe('fenced');
      expect(await storage.rounds.open(second ?? 0, opening(1))).toBe('saved');
      await expect(storage.tasks.lease('absent' as TaskId, 'a', LONG_MS)).rejects.toThrow(BugError);
    });

    it('pass to the next when their time is over, and are not renewed then', async () => {
      const first = (await storage.tasks.lease(DIGITS, 'a', 0)) ?? 0;
      expect(await storage.rounds.open(first, opening(1))).toBe('saved');
      const second = (await storage.tasks.lease(DIGITS, 'b', LONG_MS)) ?? 0;
      expect(second).toBeGreaterThan(first);
      expect(await storage.tasks.renew([{ task: DIGITS, token: first }], LONG_MS)).toEqual([]);
      expect(await storage.rounds.abandon(first, roundEnd(1, []), 'stopped')).toBe('fenced');
      expect(await storage.rounds.abandon(second, roundEnd(1, []), 'stopped')).toBe('saved');
    });

    it('are had for longer when they are renewed, and by nobody when they are ended', async () => {
      await storage.tasks.create(spec('other'), checkpoint(0), T0);
      const token = (await storage.tasks.lease(DIGITS, 'a', 0)) ?? 0;
      const others = (await storage.tasks.lease(OTHER, 'a', LONG_MS)) ?? 0;
      const both = [
        { task: OTHER, token: others },
        { task: DIGITS, token },
      ];
      expect((await storage.tasks.renew(both, LONG_MS)).sort()).toEqual([token, others].sort());
      expect(await storage.tasks.lease(DIGITS, 'b', LONG_MS)).toBeNull();
      await storage.tasks.endLease(DIGITS, token - 1);
      expect(await storage.tasks.lease(DIGITS, 'b', LONG_MS)).toBeNull();
      await storage.tasks.endLease(DIGITS, token);
      expect(await storage.tasks.lease(DIGITS, 'b', LONG_MS)).toBeGreaterThan(token);
      expect(await storage.tasks.renew([], LONG_MS)).toEqual([]);
    });

    it('are to be had of tasks that nobody has, or had for long enough', async () => {
      for (const id of ['held', 'over', 'ended']) await storage.tasks.create(spec(id), checkpoint(0), T0);
      await storage.tasks.lease(spec('held').id, 'a', LONG_MS);
      await storage.tasks.lease(spec('over').id, 'a', 0);
      const ended = (await storage.tasks.lease(spec('ended').id, 'a', LONG_MS)) ?? 0;
      await storage.tasks.endLease(spec('ended').id, ended);
      expect((await storage.tasks.unheld()).sort()).toEqual([DIGITS, 'ended', 'over']);
    });

    it('end with a token that anybody takes without one', async () => {
      const token = (await storage.tasks.lease(DIGITS, 'a', LONG_MS)) ?? 0;
      await storage.tasks.fence(DIGITS);
      expect(await storage.tasks.renew([{ task: DIGITS, token }], LONG_MS)).toEqual([]);
      expect(await storage.tasks.lease(DIGITS, 'b', LONG_MS)).not.toBeNull();
    });
  });

  describe('rounds', () => {
    let fence: FencingToken;
    beforeEach(async () => {
      fence = await createdTask(storage);
    });

    it('open in `selecting` and get their cohort once', async () => {
      expect(await storage.rounds.lastNumber(DIGITS)).toBe(0);
      expect(await storage.rounds.unfinished(DIGITS)).toBeNull();
      expect(await storage.rounds.open(fence, opening(1))).toBe('saved');
      const selecting = {
        ...opening(1),
        ...NO_COUNTS,
        schedule: 'synchronous',
        phase: 'selecting',
        reportingEndsAt: null,
        endedAt: null,
        outcome: null,
        reason: null,
        version: null,
        evaluation: null,
      };
      expect(await storage.rounds.unfinished(DIGITS)).toEqual({ round: selecting, assignments: [], receipts: [] });

      const cohort = [assignment(1, 1), assignment(1, 0), assignment(1, 2)];
      expect(await storage.rounds.assign(fence, DIGITS, 1, T0 + 9, cohort)).toBe('saved');
      expect(await storage.rounds.unfinished(DIGITS)).toEqual({
        round: { ...selecting, phase: 'reporting', reportingEndsAt: T0 + 9, selected: 3 },
        assignments: [assignment(1, 0), assignment(1, 1), assignment(1, 2)],
        receipts: [],
      });
      expect(await storage.rounds.lastNumber(DIGITS)).toBe(1);
      await expect(storage.rounds.assign(fence, DIGITS, 1, T0, [assignment(1, 3)])).rejects.toThrow(BugError);
    });

    it('refuse a cohort with a client or an id twice', async () => {
      await storage.rounds.open(fence, opening(1));
      const twice = [assignment(1, 0), { ...assignment(1, 1), clientId: client(0) }];
      await expect(storage.rounds.assign(fence, DIGITS, 1, T0, twice)).rejects.toThrow(BugError);
      expect(await storage.rounds.unfinished(DIGITS)).toMatchObject({ round: { phase: 'selecting' }, assignments: [] });
    });

    it('open only as the next number, on the newest version, when no other is under way', async () => {
      await expect(storage.rounds.open(fence, opening(2))).rejects.toThrow(BugError);
      await expect(storage.rounds.open(fence, opening(1, 1))).rejects.toThrow(BugError);
      await storage.rounds.open(fence, opening(1));
      await expect(storage.rounds.open(fence, opening(2, 0))).rejects.toThrow(BugError);
      expect(await storage.rounds.list(DIGITS, 10)).toHaveLength(1);
    });

    it('take cohorts of thousands', async () => {
      const slots = Array.from({ length: 2_100 }, (_, slot) => slot);
      await reportingRound(storage, fence, 1, slots.length);
      expect(
        kinds(
          await storage.rounds.accept(
            slots.map((slot) => receipt(1, slot)),
            T0,
          ),
        ),
      ).toEqual(slots.map(() => 'accepted'));
      expect(
        kinds(
          await storage.rounds.accept(
            slots.map((slot) => receipt(1, slot)),
            T0,
          ),
        ),
      ).toEqual(slots.map(() => 'duplicate'));
      expect(await storage.rounds.commit(fence, roundEnd(1, slots), checkpoint(1))).toBe('saved');
      const rows = await storage.rounds.receiptsOf(DIGITS, 1);
      expect(rows.map(({ order, status }) => [order, status])).toEqual(slots.map((slot) => [slot + 1, 'counted']));
    });

    it('keep the first rejection of an assignment', async () => {
      await reportingRound(storage, fence, 1, 2);
      await storage.rounds.reject(DIGITS, update(1, 0), 'norm');
      await storage.rounds.reject(DIGITS, update(1, 0), 'hash');
      await storage.rounds.reject(OTHER, update(1, 1), 'hash');
      const open = await storage.rounds.unfinished(DIGITS);
      expect(open?.assignments).toEqual([
        { ...assignment(1, 0), end: 'rejected', rejection: 'norm' },
        assignment(1, 1),
      ]);
    });

    it('are listed oldest first, the last of them', async () => {
      for (const round of [1, 2, 3]) await committedRound(storage, fence, round, 1);
      await storage.rounds.open(fence, opening(4));
      const rows = await storage.rounds.list(DIGITS, 3);
      expect(rows.map(({ number, phase }) => [number, phase])).toEqual([
        [2, 'ended'],
        [3, 'ended'],
        [4, 'selecting'],
      ]);
      expect(await storage.rounds.list(OTHER, 3)).toEqual([]);
      const numbers = async (limit: number, before: number): Promise<number[]> =>
        (await storage.rounds.list(DIGITS, limit, before)).map(({ number }) => number);
      expect(await numbers(2, 4)).toEqual([2, 3]);
      expect(await numbers(2, 2)).toEqual([1]);
      expect(await numbers(2, 1)).toEqual([]);
    });
  });

  describe('accept', () => {
    let fence: FencingToken;
    beforeEach(async () => {
      fence = await createdTask(storage);
      await reportingRound(storage, fence, 1, 4);
    });

    it('numbers receipts 1, 2, 3 … and gives back what it wrote', async () => {
      const elsewhere = receipt(1, 0, { place: 'another' });
      const [first, second] = await storage.rounds.accept([receipt(1, 2), elsewhere], T0 + 7);
      const row = { acceptedAt: T0 + 7, status: 'accepted', version: null, reason: null };
      expect(first).toEqual({ kind: 'accepted', receipt: { ...receipt(1, 2), ...row, order: 1 } });
      expect(second).toEqual({ kind: 'accepted', receipt: { ...elsewhere, ...row, order: 2 } });
      await storage.rounds.accept([receipt(1, 3)], T0 + 8);
      const rows = await storage.rounds.receiptsOf(DIGITS, 1);
      expect(rows.map(({ updateId, order }) => [updateId, order])).toEqual([
        [update(1, 2), 1],
        [update(1, 0), 2],
        [update(1, 3), 3],
      ]);
      expect(await storage.rounds.receipt(update(1, 0))).toEqual(rows[1]);
      expect((await storage.rounds.unfinished(DIGITS))?.receipts).toEqual(rows);
      expect(await storage.rounds.receipt(update(1, 1))).toBeNull();
    });

    it('answers the same bytes with the receipt that there was, and other bytes with `conflict`', async () => {
      const [accepted] = await storage.rounds.accept([receipt(1, 0)], T0);
      const again = await storage.rounds.accept([receipt(1, 0), receipt(1, 0, { sha256: sha(5) })], T0 + 1);
      expect(again).toEqual([{ ...accepted, kind: 'duplicate' }, { kind: 'conflict' }]);
      expect(await storage.rounds.receiptsOf(DIGITS, 1)).toHaveLength(1);
    });

    it('sees receipts of the same call and of the same turn', async () => {
      const calls = await Promise.all([
        storage.rounds.accept([receipt(1, 0), receipt(1, 0), receipt(1, 0, { sha256: sha(5) })], T0),
        storage.rounds.accept([receipt(1, 0, { sha256: sha(6) }), receipt(1, 1)], T0),
        storage.rounds.accept([receipt(1, 1)], T0),
      ]);
      expect(calls.map(kinds)).toEqual([
        ['accepted', 'duplicate', 'conflict'],
        ['conflict', 'accepted'],
        ['duplicate'],
      ]);
      const rows = await storage.rounds.receiptsOf(DIGITS, 1);
      expect(rows.map(({ updateId, order }) => [updateId, order])).toEqual([
        [update(1, 0), 1],
        [update(1, 1), 2],
      ]);
    });

    it('takes one report of a client in a round', async () => {
      await storage.rounds.accept([receipt(1, 0)], T0);
      const stolen = receipt(1, 0, { updateId: update(1, 1) });
      expect(kinds(await storage.rounds.accept([stolen], T0))).toEqual(['conflict']);
      const claimed = receipt(1, 1, { updateId: update(1, 0), sha256: receipt(1, 0).sha256 });
      expect(kinds(await storage.rounds.accept([claimed], T0))).toEqual(['conflict']);
      expect(await storage.rounds.receiptsOf(DIGITS, 1)).toHaveLength(1);
    });

    it('is closed where no round reports, and still knows the receipts of one that has ended', async () => {
      await storage.rounds.accept([receipt(1, 0)], T0);
      await storage.rounds.commit(fence, roundEnd(1, [0], [1, 2, 3]), checkpoint(1));
      await storage.rounds.open(fence, opening(2));
      const late = [
        receipt(1, 1),
        receipt(2, 0),
        receipt(7, 0),
        receipt(1, 0, { task: OTHER, updateId: update(9, 9) }),
        receipt(1, 0),
        receipt(1, 0, { sha256: sha(5) }),
      ];
      const outcomes = await storage.rounds.accept(late, T0);
      expect(kinds(outcomes)).toEqual(['closed', 'closed', 'closed', 'closed', 'duplicate', 'conflict']);
      expect(outcomes[4]).toMatchObject({ receipt: { status: 'counted', version: 1 } });
      expect(await storage.rounds.accept([], T0)).toEqual([]);
    });

    it('keeps rounds of several tasks apart in one transaction', async () => {
      await storage.tasks.create(spec('other'), checkpoint(0), T0);
      const others = await storage.tasks.fence(OTHER);
      await storage.rounds.open(others, { ...opening(1), task: OTHER });
      const cohort = { ...assignment(8, 0), clientId: client(0) };
      await storage.rounds.assign(others, OTHER, 1, T0, [cohort]);
      const outcomes = await storage.rounds.accept(
        [receipt(1, 0), receipt(1, 0, { task: OTHER, updateId: update(8, 0) })],
        T0,
      );
      expect(outcomes).toMatchObject([{ receipt: { task: DIGITS, order: 1 } }, { receipt: { task: OTHER, order: 1 } }]);
    });

    it('counts hundreds of concurrent calls once each, in a dense order', async () => {
      await storage.rounds.commit(fence, roundEnd(1, [], [0, 1, 2, 3]), checkpoint(1));
      await reportingRound(storage, fence, 2, 300);
      const slots = Array.from({ length: 600 }, (_, index) => index % 300);
      const outcomes = (await Promise.all(slots.map((slot) => storage.rounds.accept([receipt(2, slot)], T0)))).flat();
      expect(outcomes.filter(({ kind }) => kind === 'accepted')).toHaveLength(300);
      expect(outcomes.filter(({ kind }) => kind === 'duplicate')).toHaveLength(300);
      const rows = await storage.rounds.receiptsOf(DIGITS, 2);
      expect(rows.map(({ order }) => order)).toEqual(Array.from({ length: 300 }, (_, index) => index + 1));
    });

    it('runs against commits without losing or counting twice', async () => {
      const accepting = storage.rounds.accept([receipt(1, 0)], T0);
      const ending = storage.rounds.commit(fence, roundEnd(1, [], [0, 1, 2, 3]), checkpoint(1)).then(
        () => 'committed',
        (error: unknown) => (error instanceof BugError ? 'refused' : 'broken'),
      );
      const [[outcome], end] = await Promise.all([accepting, ending]);
      expect([outcome?.kind, end]).toBeOneOf([
        ['accepted', 'refused'],
        ['closed', 'committed'],
      ]);
    });
  });

  describe('the end of a round', () => {
    let fence: FencingToken;
    beforeEach(async () => {
      fence = await createdTask(storage);
      await reportingRound(storage, fence, 1, 4);
      await storage.rounds.accept([receipt(1, 0), receipt(1, 1)], T0);
      await storage.rounds.reject(DIGITS, update(1, 2), 'zero');
    });
    const end = {
      ...roundEnd(1, [0, 1], [3]),
      counts: {
        ...NO_COUNTS,
        selected: 4,
        accepted: 2,
        rejected: { zero: 1 },
        dropped: 1,
        uplinkBytes: 2 ** 41,
        downlinkBytes: 9,
      },
      taskPatch: { roundsLeft: 6, abandonedInARow: 0 },
    };

    it('commits version, receipts, round and task together', async () => {
      const next = checkpoint(1, { optimizerSha256: sha(0xaa) });
      expect(await storage.rounds.commit(fence, end, next)).toBe('saved');
      expect(await storage.tasks.get(DIGITS)).toMatchObject({ version: 1, sha256: next.sha256, roundsLeft: 6 });
      expect(await storage.checkpoints.list(DIGITS)).toEqual([
        { ...checkpoint(0), createdAt: T0, metrics: null, kept: true },
        { ...next, createdAt: end.endedAt, metrics: null, kept: true },
      ]);
      expect(await storage.rounds.list(DIGITS, 9)).toEqual([
        {
          ...opening(1),
          schedule: 'synchronous',
          ...end.counts,
          phase: 'ended',
          reportingEndsAt: T0 + 1800,
          endedAt: end.endedAt,
          outcome: 'committed',
          reason: null,
          version: 1,
          evaluation: null,
        },
      ]);
      const rows = await storage.rounds.receiptsOf(DIGITS, 1);
      expect(rows.map(({ status, version, reason }) => [status, version, reason])).toEqual([
        ['counted', 1, null],
        ['counted', 1, null],
      ]);
      expect(await storage.rounds.unfinished(DIGITS)).toBeNull();
      await expect(storage.rounds.commit(fence, end, checkpoint(2))).rejects.toThrow(BugError);
      await expect(storage.rounds.abandon(fence, end, 'failed')).rejects.toThrow(BugError);
      expect(await storage.checkpoints.list(DIGITS)).toHaveLength(2);
    });

    it('concludes an evaluation with what came of it, and makes no version', async () => {
      const spread = { mean: 0.7, deviation: 0.25, bins: Array<number>(20).fill(1), binWidth: 0.05 };
      const evaluation = { clients: 2, examples: 30, score: { loss: 0.5, accuracy: 0.75 }, spread };
      expect(await storage.rounds.conclude(fence - 1, end, evaluation)).toBe('fenced');
      await expect(storage.rounds.conclude(fence, roundEnd(1, [0], [1, 3]), evaluation)).rejects.toThrow(BugError);
      const patch = { evaluationWanted: false };
      expect(await storage.rounds.conclude(fence, { ...end, taskPatch: patch }, evaluation)).toBe('saved');
      expect(await storage.rounds.list(DIGITS, 9)).toMatchObject([
        { phase: 'ended', outcome: 'committed', version: null, evaluation, accepted: 2 },
      ]);
      expect(await storage.rounds.receiptsOf(DIGITS, 1)).toMatchObject(
        Array(2).fill({ status: 'counted', version: null, sha256: sha(0) }),
      );
      expect(await storage.checkpoints.list(DIGITS)).toHaveLength(1);
      await expect(storage.rounds.conclude(fence, end, evaluation)).rejects.toThrow(BugError);
    });

    it('abandons with a reason that every receipt tells', async () => {
      const patch = { state: 'paused', pausedReason: 'too-few', abandonedInARow: 1 } as const;
      expect(await storage.rounds.abandon(fence, { ...end, taskPatch: patch }, 'too-few')).toBe('saved');
      expect(await storage.tasks.get(DIGITS)).toMatchObject({ version: 0, ...patch });
      expect(await storage.rounds.list(DIGITS, 9)).toMatchObject([
        { phase: 'ended', outcome: 'abandoned', reason: 'too-few', version: null, rejected: { zero: 1 } },
      ]);
      const rows = await storage.rounds.receiptsOf(DIGITS, 1);
      expect(rows.map(({ status, version, reason }) => [status, version, reason])).toEqual([
        ['abandoned', null, 'too-few'],
        ['abandoned', null, 'too-few'],
      ]);
      expect(await storage.rounds.open(fence, opening(2, 0))).toBe('saved');
    });

    it.each([1, 3])('is not committed as version %i + 1', async (version) => {
      await expect(storage.rounds.commit(fence, end, checkpoint(version + 1))).rejects.toThrow(BugError);
      await expect(storage.rounds.commit(fence, end, checkpoint(0))).rejects.toThrow(BugError);
      expect(await storage.tasks.get(DIGITS)).toMatchObject({ version: 0, roundsLeft: 0 });
      expect((await storage.rounds.unfinished(DIGITS))?.receipts).toHaveLength(2);
    });

    it('is not committed with a receipt too few or too many: nothing of it happens', async () => {
      for (const wrong of [roundEnd(1, [0], [1]), roundEnd(1, [0, 1, 3])]) {
        await expect(storage.rounds.commit(fence, wrong, checkpoint(1))).rejects.toThrow(BugError);
      }
      expect(await storage.tasks.get(DIGITS)).toMatchObject({ version: 0 });
      expect((await storage.rounds.unfinished(DIGITS))?.receipts.map(({ status }) => status)).toEqual([
        'accepted',
        'accepted',
      ]);
      expect(await storage.rounds.commit(fence, end, checkpoint(1))).toBe('saved');
    });

    it('happens to rounds under way only', async () => {
      await expect(storage.rounds.commit(fence, roundEnd(2, []), checkpoint(1))).rejects.toThrow(BugError);
      await expect(storage.rounds.abandon(fence, roundEnd(2, []), 'stopped')).rejects.toThrow(BugError);
    });

    it('may come before anybody was selected', async () => {
      await storage.rounds.abandon(fence, end, 'stopped');
      await storage.rounds.open(fence, opening(2, 0));
      expect(await storage.rounds.abandon(fence, roundEnd(2, []), 'too-few')).toBe('saved');
      expect(await storage.rounds.list(DIGITS, 1)).toMatchObject([
        { number: 2, outcome: 'abandoned', reportingEndsAt: null },
      ]);
    });

    it('counts nothing that was withdrawn', async () => {
      expect(await storage.rounds.withdraw(DIGITS, client(1))).toEqual([update(1, 1)]);
      expect(await storage.rounds.withdraw(DIGITS, client(1))).toEqual([]);
      expect(await storage.rounds.withdraw(OTHER, client(0))).toEqual([]);
      expect((await storage.rounds.unfinished(DIGITS))?.receipts.map(({ updateId }) => updateId)).toEqual([
        update(1, 0),
      ]);
      await expect(storage.rounds.commit(fence, end, checkpoint(1))).rejects.toThrow(BugError);

      const [next] = await storage.rounds.accept([receipt(1, 3)], T0);
      expect(next).toMatchObject({ kind: 'accepted', receipt: { order: 3 } });
      expect(await storage.rounds.commit(fence, roundEnd(1, [0, 3], [1]), checkpoint(1))).toBe('saved');
      expect((await storage.rounds.receiptsOf(DIGITS, 1)).map(({ status }) => status)).toEqual([
        'counted',
        'withdrawn',
        'counted',
      ]);
      expect(await storage.rounds.withdraw(DIGITS, client(0))).toEqual([]);
      expect(await storage.rounds.receipt(update(1, 1))).toMatchObject({ status: 'withdrawn', version: null });
    });

    it('knows how many ever had a part, and of some clients the last report that is in a version since a rollback', async () => {
      const of = [client(0), client(1), client(9)];
      const before = await storage.rounds.contributors(DIGITS, of);
      expect([before.count, [...before.counted]]).toEqual([4, []]);
      await storage.rounds.commit(fence, end, checkpoint(1));
      await reportingRound(storage, fence, 2, 2);
      await storage.rounds.accept([receipt(2, 0)], T0);
      expect(await storage.rounds.contributors(DIGITS, of)).toEqual({
        count: 4,
        counted: new Map([
          [client(0), update(1, 0)],
          [client(1), update(1, 1)],
        ]),
      });
      await storage.rounds.commit(fence, roundEnd(2, [0], [1]), checkpoint(2));
      await storage.rounds.withdraw(DIGITS, client(1));
      expect(await storage.rounds.contributors(DIGITS, of)).toEqual({
        count: 3,
        counted: new Map([[client(0), update(2, 0)]]),
      });
      const back = { ...checkpoint(1), version: 3, round: null, copyOf: 1, origin: 'rollback' } as const;
      expect(await storage.checkpoints.append(DIGITS, fence, back, T0)).toBe('saved');
      expect((await storage.rounds.contributors(DIGITS, of)).counted.size).toBe(0);
      expect(await storage.rounds.contributors(OTHER, of)).toEqual({ count: 0, counted: new Map() });
      expect((await storage.rounds.contributors(DIGITS, [])).counted.size).toBe(0);
    });

    it('leaves of a withdrawn report its id and what became of it, and the part stays in the round', async () => {
      const [, kept] = [await storage.rounds.withdraw(DIGITS, client(1)), await storage.rounds.unfinished(DIGITS)];
      expect(await storage.rounds.receipt(update(1, 1))).toEqual(emptyReceipt(1, 1, 2));
      expect(kept?.receipts.map(({ clientId }) => clientId)).toEqual([client(0)]);
      expect(kept?.round.selected).toBe(4);
      const gone = { ...emptyAssignment(1, 1), end: 'dropped' };
      expect(kept?.assignments.map((row) => ({ ...row, seed: 0 }))).toEqual([
        { ...assignment(1, 0), seed: 0 },
        gone,
        { ...assignment(1, 2), seed: 0, end: 'rejected', rejection: 'zero' },
        { ...assignment(1, 3), seed: 0 },
      ]);
      expect(kept?.assignments[1]).toEqual(gone);
      // The same report again is not the one that there was, and its client may not have another.
      expect(kinds(await storage.rounds.accept([receipt(1, 1)], T0))).toEqual(['conflict']);
    });

    it('forgets who was rejected, who said nothing, and several of one round', async () => {
      for (const slot of [1, 2, 3]) await storage.rounds.withdraw(DIGITS, client(slot));
      const rows = (await storage.rounds.unfinished(DIGITS))?.assignments.slice(1);
      expect(rows).toEqual([
        { ...emptyAssignment(1, 1), end: 'dropped' },
        { ...emptyAssignment(1, 2), end: 'rejected', rejection: 'zero' },
        { ...emptyAssignment(1, 3), end: 'dropped' },
      ]);
      const counts = { ...NO_COUNTS, selected: 4, accepted: 1, rejected: { zero: 1 }, dropped: 2 };
      const last = { ...roundEnd(1, [0], [1, 3]), counts };
      expect(await storage.rounds.commit(fence, last, checkpoint(1))).toBe('saved');
      expect(await storage.rounds.list(DIGITS, 1)).toMatchObject([counts]);
    });

    it('forgets a client of rounds that are over, and keeps what is in a version', async () => {
      await storage.rounds.commit(fence, end, checkpoint(1));
      await reportingRound(storage, fence, 2, 2);
      await storage.rounds.accept([receipt(2, 0), receipt(2, 1)], T0);
      await storage.rounds.abandon(fence, roundEnd(2, [0, 1]), 'stopped');
      const before = await storage.rounds.receipt(update(1, 0));
      expect(await storage.rounds.withdraw(DIGITS, client(0))).toEqual([]);
      expect(await storage.rounds.receipt(update(1, 0))).toEqual({
        ...before,
        clientId: update(1, 0),
        metrics: emptyReceipt(1, 0, 1).metrics,
      });
      const gone = { status: 'abandoned', reason: 'stopped' };
      expect(await storage.rounds.receiptsOf(DIGITS, 2)).toMatchObject([
        { ...emptyReceipt(2, 0, 1), ...gone },
        { ...receipt(2, 1), ...gone },
      ]);
      expect(await storage.rounds.list(DIGITS, 2)).toMatchObject([{ accepted: 2 }, { selected: 2, accepted: 2 }]);
    });

    it('forgets in one task only', async () => {
      await storage.rounds.withdraw(OTHER, client(0));
      expect(await storage.rounds.receipt(update(1, 0))).toMatchObject(receipt(1, 0));
    });
  });

  describe('fills of a buffer', () => {
    const fill = (number: number) => ({
      ...{ task: DIGITS, number, baseVersion: number - 1 },
      ...{ startedAt: T0 + number * 1000, reportingEndsAt: T0 + number * 1000 + 800 },
    });
    const next = (number: number, ...carried: readonly number[]) => ({
      ...{ number, startedAt: T0 + number * 1000, reportingEndsAt: T0 + number * 1000 + 800 },
      carried: carried.map((old, slot) => ({ updateId: update(number - 1, old), slot })),
    });
    const own = { baseVersion: 0, baseSha256: sha(0xc000), endsAt: T0 + 9_000 };
    const part = (round: number, slot: number) => ({ ...assignment(round, slot), own });
    /** The same client once more. */
    const again = (slot: number, whose: number) => ({ ...part(1, slot), clientId: client(whose) });

    let fence: FencingToken;
    beforeEach(async () => {
      fence = await createdTask(storage);
      expect(await storage.rounds.openFill(fence, fill(1))).toBe('saved');
    });

    it('B1 report from their opening, and clients join while they do', async () => {
      expect(await storage.rounds.join(fence, DIGITS, 1, [part(1, 0), part(1, 1)])).toBe('saved');
      expect(kinds(await storage.rounds.accept([receipt(1, 0)], T0))).toEqual(['accepted']);
      expect(await storage.rounds.join(fence, DIGITS, 1, [again(2, 0)])).toBe('saved');
      const found = await storage.rounds.unfinished(DIGITS);
      expect(found?.round).toMatchObject({ schedule: 'buffered', phase: 'reporting', selected: 3, baseVersion: 0 });
      expect(found?.assignments).toEqual([part(1, 0), part(1, 1), again(2, 0)]);
      expect(await storage.rounds.join(fence + 1, DIGITS, 1, [part(1, 3)])).toBe('fenced');
      await expect(storage.rounds.join(fence, DIGITS, 2, [part(2, 3)])).rejects.toThrow(BugError);
    });

    it('B2 take several reports of a client, each of an assignment of its own', async () => {
      await storage.rounds.join(fence, DIGITS, 1, [part(1, 0), again(1, 0)]);
      const second = receipt(1, 1, { clientId: client(0) });
      expect(kinds(await storage.rounds.accept([receipt(1, 0), second, receipt(1, 0)], T0))).toEqual([
        ...['accepted', 'accepted', 'duplicate'],
      ]);
      const withdrawn = await storage.rounds.withdraw(DIGITS, client(0));
      expect(withdrawn.sort()).toEqual([update(1, 0), update(1, 1)]);
    });

    it('B11 commit, open the next and move the parts that go on, all together', async () => {
      await storage.rounds.join(fence, DIGITS, 1, [part(1, 0), part(1, 1), part(1, 2)]);
      await storage.rounds.accept([receipt(1, 0)], T0);
      const end = roundEnd(1, [0], [2]);
      expect(await storage.rounds.commit(fence + 1, end, checkpoint(1), next(2, 1))).toBe('fenced');
      await expect(storage.rounds.commit(fence, end, checkpoint(1), next(3, 1))).rejects.toThrow(BugError);
      expect(await storage.rounds.commit(fence, end, checkpoint(1), next(2, 1))).toBe('saved');
      expect(await storage.rounds.list(DIGITS, 9)).toMatchObject([
        { number: 1, outcome: 'committed', version: 1, selected: 2 },
        { number: 2, outcome: null, phase: 'reporting', baseVersion: 1, selected: 1, schedule: 'buffered' },
      ]);
      expect(await storage.rounds.unfinished(DIGITS)).toEqual({
        round: expect.objectContaining({ number: 2, reportingEndsAt: T0 + 2800, startedAt: T0 + 2000 }),
        assignments: [{ ...part(1, 1), slot: 0 }],
        receipts: [],
      });
      const carried = { ...receipt(1, 1), round: 2 };
      expect(await storage.rounds.accept([carried], T0)).toMatchObject([
        { kind: 'accepted', receipt: { round: 2, order: 1 } },
      ]);
      const last = { ...roundEnd(2, []), assignments: [{ updateId: update(1, 1), end: 'accepted' as const }] };
      expect(await storage.rounds.commit(fence, last, checkpoint(2))).toBe('saved');
      expect(await storage.rounds.unfinished(DIGITS)).toBeNull();
      expect(await storage.rounds.receipt(update(1, 1))).toMatchObject({ status: 'counted', round: 2, version: 2 });
    });

    it('B11 keep what became of a part while it went on', async () => {
      await storage.rounds.join(fence, DIGITS, 1, [part(1, 0), part(1, 1)]);
      await storage.rounds.accept([receipt(1, 0)], T0);
      await storage.rounds.reject(DIGITS, update(1, 1), 'norm');
      await storage.rounds.commit(fence, roundEnd(1, [0]), checkpoint(1), next(2, 1));
      const found = await storage.rounds.unfinished(DIGITS);
      expect(found?.assignments).toMatchObject([{ slot: 0, end: 'rejected', rejection: 'norm' }]);
      expect(await storage.rounds.abandon(fence, roundEnd(2, []), 'stopped')).toBe('saved');
    });
  });

  describe('checkpoints', () => {
    let fence: FencingToken;
    beforeEach(async () => {
      fence = await createdTask(storage);
      await committedRound(storage, fence, 1, 1);
    });
    const copy = checkpoint(2, { origin: 'rollback', round: null, copyOf: 0, sha256: checkpoint(0).sha256 });

    it('are found by version and carry their score', async () => {
      await storage.checkpoints.setMetrics(DIGITS, 1, score);
      await storage.checkpoints.setMetrics(DIGITS, 5, score);
      await storage.checkpoints.setMetrics(OTHER, 1, score);
      expect(await storage.checkpoints.get(DIGITS, 1)).toMatchObject({
        version: 1,
        origin: 'round',
        round: 1,
        metrics: score,
      });
      expect(await storage.checkpoints.get(DIGITS, 2)).toBeNull();
      expect(await storage.checkpoints.get(OTHER, 0)).toBeNull();
    });

    it('are rolled back to by a new version with the same weights', async () => {
      expect(await storage.checkpoints.append(DIGITS, fence, copy, T0 + 3)).toBe('saved');
      expect(await storage.checkpoints.get(DIGITS, 2)).toEqual({
        ...copy,
        createdAt: T0 + 3,
        metrics: null,
        kept: true,
      });
      expect(await storage.tasks.get(DIGITS)).toMatchObject({ version: 2, sha256: checkpoint(0).sha256 });
      expect(await storage.rounds.open(fence, opening(2, 2))).toBe('saved');
    });

    it('are not rolled back to when the weights are gone, are others, or the version is not the next', async () => {
      const wrong = [
        { ...copy, version: 3 },
        { ...copy, version: 1 },
        { ...copy, copyOf: 9 },
        { ...copy, sha256: sha(1) },
      ];
      for (const bad of wrong)
        await expect(storage.checkpoints.append(DIGITS, fence, bad, T0)).rejects.toThrow(BugError);
      await storage.checkpoints.release(DIGITS, [0]);
      await expect(storage.checkpoints.append(DIGITS, fence, copy, T0)).rejects.toThrow(BugError);
      expect(await storage.checkpoints.list(DIGITS)).toHaveLength(2);
    });

    it('stay as rows when retention takes their weights', async () => {
      await storage.checkpoints.append(DIGITS, fence, copy, T0);
      await storage.checkpoints.release(DIGITS, [1, 7]);
      await storage.checkpoints.release(DIGITS, []);
      expect((await storage.checkpoints.list(DIGITS)).map(({ kept }) => kept)).toEqual([true, false, true]);
      expect(await storage.checkpoints.referenced()).toEqual(new Set([checkpoint(0).sha256]));
      expect(await storage.checkpoints.taskOf(checkpoint(1).sha256)).toBeNull();
      await storage.checkpoints.release(DIGITS, [0]);
      expect(await storage.checkpoints.taskOf(checkpoint(0).sha256)).toEqual({ task: DIGITS, closed: false });
    });

    it('refer to their weights and to the state of the optimizer', async () => {
      await reportingRound(storage, fence, 2, 0);
      await storage.rounds.commit(fence, roundEnd(2, []), checkpoint(2, { optimizerSha256: sha(0xaa) }));
      const expected = [checkpoint(0).sha256, checkpoint(1).sha256, checkpoint(2).sha256, sha(0xaa)];
      expect(await storage.checkpoints.referenced()).toEqual(new Set(expected));
      expect(await storage.checkpoints.taskOf(sha(0xaa))).toBeNull();
    });

    it('refer to the step that leads to them, and give it out as their own', async () => {
      const step = { sha256: sha(0xab), bytes: 1_096 };
      await reportingRound(storage, fence, 2, 0);
      await storage.rounds.commit(fence, roundEnd(2, []), checkpoint(2, { step }));
      expect(await storage.checkpoints.get(DIGITS, 2)).toMatchObject({ step });
      expect((await storage.checkpoints.list(DIGITS)).map((row) => row.step)).toEqual([null, null, step]);
      expect(await storage.checkpoints.referenced()).toContain(step.sha256);
      expect(await storage.checkpoints.taskOf(step.sha256)).toEqual({ task: DIGITS, closed: false });
      await storage.checkpoints.release(DIGITS, [2]);
      expect(await storage.checkpoints.referenced()).not.toContain(step.sha256);
      expect(await storage.checkpoints.taskOf(step.sha256)).toBeNull();
    });

    it('belong to an open task rather than a closed one', async () => {
      const access = { allowedOrigins: [], joinToken: 'let-me-in' };
      await storage.tasks.create(spec('a-closed', { access }), checkpoint(0), T0);
      await storage.tasks.create(spec('b-closed', { access }), checkpoint(0, { sha256: sha(0xbb) }), T0);
      expect(await storage.checkpoints.taskOf(checkpoint(0).sha256)).toEqual({ task: DIGITS, closed: false });
      expect(await storage.checkpoints.taskOf(sha(0xbb))).toEqual({ task: 'b-closed', closed: true });
    });
  });

  describe('admin', () => adminContract(() => storage));
}
