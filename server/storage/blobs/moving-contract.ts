import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { TaskId, UpdateId } from '../../../shared/ids.ts';
import { LIMITS } from '../../../shared/limits.ts';
import type { MovingReports } from './port.ts';

const DIGITS = 'digits' as TaskId;
const [first, second] = ['a1', 'b2'].map((two) => two.repeat(16)) as [UpdateId, UpdateId];
/** Two chunks and a short one. */
const bytes = new Uint8Array(2 * LIMITS.chunkBytes + 5).map((_, at) => at % 253);
const chunkOf = (index: number): Buffer =>
  Buffer.from(bytes.subarray(index * LIMITS.chunkBytes, (index + 1) * LIMITS.chunkBytes));

/** What every way between processes must do. `open` gives an empty one. */
export function movingContract(open: () => Promise<MovingReports>): void {
  let moving: MovingReports;
  let folder: string;
  let path: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'fedtab-moving-'));
    path = join(folder, 'report.partial');
    writeFileSync(path, bytes);
  });
  afterAll(() => rmSync(folder, { recursive: true }));
  beforeEach(async () => {
    moving = await open();
  });
  const found = async (report: UpdateId, index: number): Promise<Buffer | null> => {
    const content = await moving.chunk(report, index);
    return content && Buffer.from(content);
  };

  describe('reports on their way', () => {
    it('are there chunk by chunk, those that were left', async () => {
      await moving.leave(DIGITS, 1, first, path, [2, 0]);
      expect(Buffer.compare((await found(first, 0)) ?? Buffer.alloc(0), chunkOf(0))).toBe(0);
      expect(await found(first, 2)).toEqual(chunkOf(2));
      expect(await found(first, 1)).toBe(null);
      expect(await found(second, 0)).toBe(null);
    });

    it('take the place of what was left before', async () => {
      await moving.leave(DIGITS, 1, first, path, [0]);
      await moving.leave(DIGITS, 1, first, path, [2]);
      expect([await found(first, 0), await found(first, 2)]).toEqual([null, chunkOf(2)]);
    });

    it('go when they are removed, and no others', async () => {
      await moving.leave(DIGITS, 1, first, path, [2]);
      await moving.leave(DIGITS, 1, second, path, [2]);
      await moving.remove(first);
      await moving.remove(first);
      expect([await found(first, 2), await found(second, 2)]).toEqual([null, chunkOf(2)]);
    });

    it('are not left where their file cannot be read', async () => {
      await expect(moving.leave(DIGITS, 1, first, join(folder, 'none'), [0])).rejects.toThrow('ENOENT');
      expect(await found(first, 0)).toBe(null);
    });
  });
}
