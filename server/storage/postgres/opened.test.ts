import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bytesOf } from '../blobs/contract.ts';
import { inPlace } from '../blobs/files.ts';
import { S3Server } from '../blobs/fixtures/s3-server.ts';
import { openBlobs } from '../blobs/place.ts';
import { createdTask, DIGITS, update } from '../contract-rows.ts';
import { DataFolderInUseError, StorageIoError } from '../errors.ts';
import { type OpenedStorage, openStorage } from '../index.ts';
import { sharedCluster } from './fixtures/cluster.ts';

let root: string;
let databaseUrl: string;
beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'fedtab-pg-opened-'));
  databaseUrl = await (await sharedCluster()).createDatabase();
});
afterEach(() => rmSync(root, { recursive: true }));

const on = (folder: string, more = {}): Promise<OpenedStorage> =>
  openStorage({ dataFolder: join(root, folder), databaseUrl, ...more });

describe('storage opened on postgres', () => {
  it('finds everything again, also from an empty folder', async () => {
    const first = await on('a');
    await createdTask(first.storage);
    const sha256 = await first.blobs.put(bytesOf('weights'));
    const writer = await first.spool.open(DIGITS, 1, update(1, 1), 3);
    await writer.write(0, bytesOf('abc'));
    await writer.finish();
    await first.close();

    const second = await on('b');
    expect(await second.storage.tasks.list()).toHaveLength(1);
    expect(Buffer.from((await second.blobs.get(sha256)) ?? []).toString()).toBe('weights');
    expect(await second.spool.has(DIGITS, 1, update(1, 1))).toBe(true);
    await second.close();
  });

  it('says where a thread finds the blobs, in the database or in a folder of all', async () => {
    const shared = join(root, 'shared');
    await expect(on('a', { blobs: { kind: 'folder', folder: shared } })).rejects.toThrow(StorageIoError);
    mkdirSync(shared);
    for (const more of [{}, { blobs: { kind: 'folder', folder: shared } as const }]) {
      const opened = await on('a', more);
      const ofThread = openBlobs(opened.blobPlace, inPlace);
      const sha256 = await ofThread.put(bytesOf(JSON.stringify(more)));
      expect(Buffer.from((await opened.blobs.get(sha256)) ?? []).toString()).toBe(JSON.stringify(more));
      expect(existsSync(join(shared, sha256))).toBe('blobs' in more);
      await opened.close();
    }
  });

  it('has blobs in a bucket, for itself and for a thread, also from an empty folder', async () => {
    const bucket = await S3Server.open();
    try {
      const more = { blobs: { kind: 's3', url: `${bucket.url}/bucket/fedtab`, keys: bucket.keys } as const };
      const first = await on('a', more);
      const sha256 = await openBlobs(first.blobPlace, inPlace).put(bytesOf('weights'));
      expect([...bucket.objects.keys()]).toEqual([`bucket/fedtab/${sha256}`]);
      await first.close();
      const second = await on('b', more);
      expect(Buffer.from((await second.blobs.get(sha256)) ?? []).toString()).toBe('weights');
      await second.close();
    } finally {
      await bucket.close();
    }
  });

  it('has the folder and the database for itself, and lets both go where it cannot be opened', async () => {
    const first = await on('a');
    await expect(on('a')).rejects.toThrow(DataFolderInUseError);
    await expect(on('b')).rejects.toThrow('another Fedtab process has this database');
    await first.close();
    await (await sharedCluster()).query(databaseUrl, 'alter role fedtab set synchronous_commit = off');
    await expect(on('a')).rejects.toThrow(StorageIoError);
    await (await sharedCluster()).query(databaseUrl, 'alter role fedtab reset synchronous_commit');
    await (await on('a')).close();
  });
});
