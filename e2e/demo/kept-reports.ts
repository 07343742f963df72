import { copyFile, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Spool } from '../../server/storage/blobs/port.ts';
import { isUpdateId, type TaskId, type UpdateId } from '../../shared/ids.ts';

const anyUpdate = '0'.repeat(32) as string as UpdateId;
const folderOf = (folder: string, round: number): string => join(folder, `round-${String(round).padStart(4, '0')}`);

/**
 * The server's spool, but a round's reports are copied to `folder` before they are dropped. A server never keeps
 * them: this is for checking the arithmetic of a demonstration on sample data.
 */
export function keepingReports(spool: Spool, folder: string): Spool {
  return {
    ...spool,
    async drop(task: TaskId, round: number) {
      const reports = await readdir(dirname(spool.path(task, round, anyUpdate))).catch((): string[] => []);
      const target = folderOf(folder, round);
      await mkdir(target, { recursive: true });
      for (const name of reports.filter(isUpdateId))
        await copyFile(spool.path(task, round, name), join(target, `${name}.ftr`));
      await spool.drop(task, round);
    },
  };
}

/** What `recompute.mjs` needs beside the frames. An abandoned round's reports go. */
export async function describeRound(
  folder: string,
  round: { readonly number: number; readonly baseVersion: number; readonly version: number | null },
  weighting: string,
): Promise<void> {
  const target = folderOf(folder, round.number);
  if (round.version === null) return rm(target, { recursive: true, force: true });
  const about = { baseVersion: round.baseVersion, version: round.version, weighting };
  await writeFile(join(target, 'round.json'), `${JSON.stringify(about)}\n`);
}

export async function keepVersion(folder: string, version: number, weights: Uint8Array): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, `version-${version}.f32`), weights);
}
