import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bytesOf } from './blobs/contract.ts';
import { createdTask, DIGITS, update } from './contract-rows.ts';
import { CorruptDatabaseError, DataFolderInUseError, StorageIoError } from './errors.ts';
import { openStorage } from './index.ts';

let root: string;
let dataFolder: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'fedtab-storage-'));
  dataFolder = join(root, 'deep', 'data');
});
afterEach(() => rmSync(root, { recursive: true }));

const children: ChildProcess[] = [];
afterEach(async () => {
  for (const child of children.splice(0)) await kill(child);
});

/** Starts the child and collects the numbers that it says are acknowledged. */
async function startChild(): Promise<{
  readonly child: ChildProcess;
  readonly acknowledged: Set<number>;
  reached(count: number): Promise<void>;
}> {
  const child = fork(fileURLToPath(new URL('./crash-child.ts', import.meta.url)), [dataFolder], {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  children.push(child);
  const acknowledged = new Set<number>();
  const waiting: { readonly count: number; readonly resolve: () => void }[] = [];
  const ready = new Promise<void>((resolve, reject) => {
    child.once('exit', () => reject(new Error('the child ended by itself')));
    if (!child.stdout) throw new Error('no stdout');
    createInterface(child.stdout).on('line', (line) => {
      if (line === 'ready') return resolve();
      acknowledged.add(Number(line));
      for (const { count, resolve: reachedIt } of waiting) if (acknowledged.size >= count) reachedIt();
    });
  });
  await ready;
  return { child, acknowledged, reached: (count) => new Promise((resolve) => waiting.push({ count, resolve })) };
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = once(child, 'close');
  child.kill('SIGKILL');
  await closed;
}

describe('open storage', () => {
  it('makes the data folder for its owner alone, and finds everything again', async () => {
    const first = await openStorage({ dataFolder });
    expect(statSync(dataFolder).mode & 0o777).toBe(0o700);
    await createdTask(first.storage);
    const sha256 = await first.blobs.put(bytesOf('weights'));
    expect(await first.blobs.file(sha256)).toBe(join(dataFolder, 'blobs', sha256));
    const writer = await first.spool.open(DIGITS, 1, update(1, 1), 3);
    await writer.write(0, bytesOf('abc'));
    await writer.finish();
    await first.close();

    const second = await openStorage({ dataFolder, databaseUrl: null });
    expect(await second.storage.tasks.list()).toHaveLength(1);
    expect(await second.blobs.size(sha256)).toBe(7);
    expect(await second.spool.has(DIGITS, 1, update(1, 1))).toBe(true);
    await second.close();
  });

  it('has the data folder for itself until it is closed', async () => {
    const first = await openStorage({ dataFolder });
    await expect(openStorage({ dataFolder })).rejects.toThrow(DataFolderInUseError);
    await expect(openStorage({ dataFolder })).rejects.toThrow(`${dataFolder} is in use by another Fedtab process`);
    expect(await first.storage.tasks.list()).toEqual([]);
    await first.close();
    await (await openStorage({ dataFolder })).close();
  });

  it('lets the folder go when it cannot open what is in it', async () => {
    await (await openStorage({ dataFolder })).close();
    const intact = readFileSync(join(dataFolder, 'fedtab.db'));
    writeFileSync(join(dataFolder, 'fedtab.db'), 'x'.repeat(10_000));
    await expect(openStorage({ dataFolder })).rejects.toThrow(CorruptDatabaseError);
    writeFileSync(join(dataFolder, 'fedtab.db'), intact);
    await (await openStorage({ dataFolder })).close();
  });

  it('says what it cannot do', async () => {
    writeFileSync(join(root, 'deep'), 'a file');
    await expect(openStorage({ dataFolder })).rejects.toThrow(StorageIoError);
    const refused = openStorage({ dataFolder: root, databaseUrl: 'mysql://user:secret@localhost' });
    await expect(refused).rejects.toThrow(new TypeError('the URL of the database is not one of PostgreSQL'));
  });

  it('holds the folder against another process, and a killed one holds it no longer', async () => {
    const { child } = await startChild();
    await expect(openStorage({ dataFolder })).rejects.toThrow(DataFolderInUseError);
    await kill(child);
    await (await openStorage({ dataFolder })).close();
  });

  it('has every acknowledged report after SIGKILL, once, in a dense order, with its bytes', async () => {
    const { child, acknowledged, reached } = await startChild();
    await reached(60);
    await kill(child);

    const { storage, spool, close } = await openStorage({ dataFolder });
    const rows = await storage.rounds.receiptsOf(DIGITS, 1);
    expect(acknowledged.size).toBeGreaterThanOrEqual(60);
    expect(rows.map(({ order }) => order)).toEqual(rows.map((_, index) => index + 1));
    const written = new Set(rows.map(({ updateId }) => updateId));
    expect(written.size).toBe(rows.length);
    expect([...acknowledged].filter((slot) => !written.has(update(1, slot)))).toEqual([]);
    for (const { task, round, updateId } of rows) {
      const slot = Number.parseInt(updateId, 16) - 0x1_0000;
      expect(readFileSync(spool.path(task, round, updateId), 'utf8')).toBe(`report ${slot}`);
    }
    await close();
  });
});
