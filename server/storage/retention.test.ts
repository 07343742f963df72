import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bytesOf } from './blobs/contract.ts';
import { fileBlobs } from './blobs/files.ts';
import { checkpoint, createdTask, DIGITS, opening, roundEnd, sha, spec, T0 } from './contract-rows.ts';
import { memoryStorage } from './memory/memory.ts';
import type { CheckpointRow } from './port.ts';
import { releaseOldWeights, sweep, versionsToRelease } from './retention.ts';

const row = (version: number, changes: Partial<CheckpointRow> = {}): CheckpointRow => ({
  ...checkpoint(version),
  createdAt: T0,
  metrics: null,
  kept: true,
  ...changes,
});
const rows = (count: number): CheckpointRow[] => Array.from({ length: count }, (_, version) => row(version));

describe('retention', () => {
  it('keeps everything while there are no more than 20 versions after the first', () => {
    expect(versionsToRelease([])).toEqual([]);
    expect(versionsToRelease(rows(21))).toEqual([]);
    expect(versionsToRelease(rows(22))).toEqual([1]);
  });

  it('keeps the last 20 and every 10th', () => {
    expect(versionsToRelease(rows(36))).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 14, 15]);
  });

  it('keeps what somebody rolled back to, and names nothing twice', () => {
    const history = rows(30).map((each) =>
      each.version === 5 || each.version === 7 ? { ...each, kept: false } : each,
    );
    const rollback = row(30, { origin: 'rollback', copyOf: 3 });
    expect(versionsToRelease([...history, rollback])).toEqual([1, 2, 4, 6, 8, 9]);
  });

  it('takes the rows first, and the files once they are an hour old', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'fedtab-retention-'));
    const blobs = fileBlobs(folder);
    const storage = memoryStorage();
    const now = Date.now();
    const fence = await createdTask(storage);
    const hashes = [];
    for (let version = 1; version <= 25; version += 1) {
      const sha256 = await blobs.put(bytesOf(`weights ${version}`));
      hashes.push(sha256);
      await storage.rounds.open(fence, opening(version));
      await storage.rounds.commit(fence, roundEnd(version, []), checkpoint(version, { sha256 }));
    }
    expect(await releaseOldWeights(storage, DIGITS)).toBe(5);
    expect(await releaseOldWeights(storage, DIGITS)).toBe(0);
    expect(await sweep(storage, blobs, now)).toBe(0);
    expect(await sweep(storage, blobs, now + 7_200_000)).toBe(5);
    const sizes = await Promise.all(hashes.map((hash) => blobs.size(hash)));
    expect(sizes.map((size) => size !== null)).toEqual([...Array(5).fill(false), ...Array(20).fill(true)]);
    expect((await storage.checkpoints.list(DIGITS)).filter(({ kept }) => !kept).map(({ version }) => version)).toEqual([
      1, 2, 3, 4, 5,
    ]);
    rmSync(folder, { recursive: true });
  });

  it('threat C8: keeps a thousand refused logins, the newest', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'fedtab-retention-'));
    const storage = memoryStorage();
    const refused = { actor: 'anonymous', action: 'session.refused', task: null, details: {} };
    for (let at = 1; at <= 1_002; at++) await storage.admin.appendAudit({ at, ...refused });
    await sweep(storage, fileBlobs(folder), T0);
    const kept = await storage.admin.audit(2_000);
    expect([kept.length, kept[0]?.at]).toEqual([1_000, 3]);
    rmSync(folder, { recursive: true });
  });

  it('keeps a file that another task refers to, and forgets sessions that have expired', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'fedtab-retention-'));
    const blobs = fileBlobs(folder);
    const storage = memoryStorage();
    const shared = await blobs.put(bytesOf('shared'));
    await storage.tasks.create(spec('a'), checkpoint(0, { sha256: shared }), T0);
    await storage.tasks.create(spec('b'), checkpoint(0, { sha256: shared }), T0);
    await storage.tasks.remove(spec('a').id);
    await storage.admin.saveSession({
      ...{ sha256: sha(1), actor: 'session-1', proof: null },
      ...{ beganAt: T0, usedAt: T0, expiresAt: T0 },
    });
    expect(await sweep(storage, blobs, Date.now() + 7_200_000)).toBe(0);
    expect(await storage.admin.session(sha(1))).toBeNull();
    await storage.tasks.remove(spec('b').id);
    expect(await sweep(storage, blobs, Date.now() + 7_200_000)).toBe(1);
    rmSync(folder, { recursive: true });
  });
});
