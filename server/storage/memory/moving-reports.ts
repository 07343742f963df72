import { open } from 'node:fs/promises';
import type { UpdateId } from '../../../shared/ids.ts';
import { LIMITS } from '../../../shared/limits.ts';
import type { MovingReports } from '../blobs/port.ts';

/** Moving reports between processes that are in one: for tests. */
export class MemoryMovingReports implements MovingReports {
  /** All that is there. */
  readonly reports = new Map<UpdateId, ReadonlyMap<number, Uint8Array>>();

  async leave(...[, , updateId, path, chunks]: Parameters<MovingReports['leave']>): Promise<void> {
    const file = await open(path, 'r');
    try {
      const contents = new Map<number, Uint8Array>();
      for (const index of chunks) {
        const content = new Uint8Array(LIMITS.chunkBytes);
        const { bytesRead } = await file.read(content, 0, content.length, index * LIMITS.chunkBytes);
        contents.set(index, content.subarray(0, bytesRead));
      }
      this.reports.set(updateId, contents);
    } finally {
      await file.close();
    }
  }

  async chunk(updateId: UpdateId, index: number): Promise<Uint8Array | null> {
    return this.reports.get(updateId)?.get(index) ?? null;
  }

  async remove(updateId: UpdateId): Promise<void> {
    this.reports.delete(updateId);
  }
}
