import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeFolder, syncFolder } from './durable.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fedtab-durable-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('syncing folders', () => {
  it('shares the next sync among all that come during one', async () => {
    const first = syncFolder(folder);
    const [second, third] = [syncFolder(folder), syncFolder(folder)];
    expect(second).toBe(third);
    expect(second).not.toBe(first);
    await Promise.all([first, second]);
    const later = syncFolder(folder);
    expect(later).not.toBe(second);
    await later;
  });

  it('tells every caller that it failed, and recovers', async () => {
    const absent = join(folder, 'later');
    const results = await Promise.allSettled([syncFolder(absent), syncFolder(absent), syncFolder(absent)]);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    await makeFolder(absent);
    await expect(syncFolder(absent)).resolves.toBeUndefined();
  });

  it('makes folders for their owner alone, once', async () => {
    const made = join(folder, 'made');
    await Promise.all([makeFolder(made), makeFolder(made)]);
    await makeFolder(made);
    expect(statSync(made).mode & 0o777).toBe(0o700);
    await expect(makeFolder(join(folder, 'no', 'parent'))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
