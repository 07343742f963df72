import type { TaskId } from '../../shared/ids.ts';
import { LIMITS } from '../../shared/limits.ts';
import type { AuditAction } from '../observability/audit.ts';
import type { BlobStore } from './blobs/port.ts';
import type { CheckpointRow, Storage } from './port.ts';

/**
 * Which versions lose their weights: all but the newest `LIMITS.checkpointsKeptCount`, every
 * `LIMITS.checkpointsKeptEvery`th, and those that a person named by rolling back to them.
 */
export function versionsToRelease(checkpoints: readonly CheckpointRow[]): number[] {
  const newest = checkpoints.reduce((version, row) => Math.max(version, row.version), -1);
  const named = new Set(checkpoints.map(({ copyOf }) => copyOf));
  return checkpoints
    .filter(({ kept }) => kept)
    .map(({ version }) => version)
    .filter((version) => version <= newest - LIMITS.checkpointsKeptCount)
    .filter((version) => version % LIMITS.checkpointsKeptEvery !== 0)
    .filter((version) => !named.has(version));
}

/** Marks what retention takes from a task, for instance after a commit; the files go with the next `sweep`. */
export async function releaseOldWeights(storage: Storage, task: TaskId): Promise<number> {
  const versions = versionsToRelease(await storage.checkpoints.list(task));
  if (versions.length > 0) await storage.checkpoints.release(task, versions);
  return versions.length;
}

/**
 * Removes blobs that nothing has referred to for `LIMITS.blobGraceMs`, sessions and links that have expired, and the
 * oldest of refused logins.
 * Returns how many files went. For start-up and then every few minutes.
 */
export async function sweep(storage: Storage, blobs: BlobStore, now: number): Promise<number> {
  await storage.admin.removeExpired(now);
  await storage.admin.trimAudit('session.refused' satisfies AuditAction, LIMITS.refusedLoginsKeptCount);
  return blobs.sweep(await storage.checkpoints.referenced(), LIMITS.blobGraceMs, now);
}
