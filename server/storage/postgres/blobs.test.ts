import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { cachedBlobs } from '../blobs/cached.ts';
import { blobContract, bytesOf, nameOf } from '../blobs/contract.ts';
import { type FileBlobs, fileBlobs } from '../blobs/files.ts';
import { type BlobStore, CorruptBlobError, type RemoteBlobs } from '../blobs/port.ts';
import { postgresBlobs } from './blobs.ts';
import { sharedCluster } from './fixtures/cluster.ts';
import { PIECE_BYTES } from './pieces.ts';
import { Postgres } from './postgres.ts';

const HOUR_MS = 3_600_000;
let folder: string;
let url: string;
let database: Postgres;
let store: RemoteBlobs;
let foldersCount = 0;

const sql = async (text: string, ...values: readonly unknown[]) => (await sharedCluster()).query(url, text, values);
/** The cache of one more machine. */
function machine(): { readonly cache: FileBlobs; readonly blobs: BlobStore } {
  const path = join(folder, String(++foldersCount));
  mkdirSync(path);
  const cache = fileBlobs(path);
  return { cache, blobs: cachedBlobs(cache, store) };
}
/** Several pieces, of which the last is not full. */
const large = new Uint8Array(2.5 * PIECE_BYTES).map((_, at) => (at * 31) % 251);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'fedtab-pg-blobs-'));
  url = await (await sharedCluster()).createDatabase();
  database = new Postgres(url);
  await database.prepare();
  store = postgresBlobs(database);
});
afterAll(async () => {
  await database.close();
  rmSync(folder, { recursive: true });
});
beforeEach(() => sql('delete from blobs'));

describe('blobs in postgres', () => {
  blobContract(async () => machine().blobs);

  describe('on another machine than they were put', () => {
    blobContract(async () => {
      const [here, there] = [machine().blobs, machine().blobs];
      return { ...there, put: (bytes) => here.put(bytes) };
    });
  });

  it('are written in pieces, whole or not at all', async () => {
    const sha256 = await store.put(large);
    const rows = await sql('select length(content) as bytes from blob_pieces where sha256 = $1 order by piece', sha256);
    expect(rows.map(({ bytes }) => bytes)).toEqual([PIECE_BYTES, PIECE_BYTES, PIECE_BYTES / 2]);
    expect(Buffer.compare((await store.get(sha256)) ?? new Uint8Array(), large)).toBe(0);
    const { blobs } = machine();
    const range = { start: PIECE_BYTES - 3, end: PIECE_BYTES + 2 };
    expect(await buffer(blobs.stream(sha256, range))).toEqual(Buffer.from(large.subarray(range.start, range.end + 1)));
  });

  it('are found out when they are damaged, and mended by whoever has them', async () => {
    const sha256 = await store.put(large);
    for (const damage of [
      'delete from blob_pieces where piece = 1',
      'update blob_pieces set content = set_byte(content, 7, 255) where piece = 0',
      'update blob_pieces set content = content || content where piece = 2',
    ]) {
      await sql(damage);
      await expect(store.get(sha256)).rejects.toThrow(CorruptBlobError);
      await expect(machine().blobs.get(sha256)).rejects.toThrow(CorruptBlobError);
      expect(await store.put(large)).toBe(sha256);
      expect(Buffer.compare((await store.get(sha256)) ?? new Uint8Array(), large)).toBe(0);
    }
  });

  it('are brought again where the folder of a machine holds something else', async () => {
    const { cache, blobs } = machine();
    const sha256 = await blobs.put(bytesOf('weights'));
    writeFileSync(cache.path(sha256), 'w?ights');
    expect(Buffer.from((await blobs.get(sha256)) ?? []).toString()).toBe('weights');
    writeFileSync(cache.path(sha256), 'wei?hts');
    expect(String(await buffer(blobs.stream(sha256, { start: 0, end: 6 })))).toBe('weights');
    rmSync(cache.path(sha256));
    expect(String(await buffer(blobs.stream(sha256, { start: 0, end: 6 })))).toBe('weights');
  });

  it('are as young as new ones when they are put again', async () => {
    const sha256 = await store.put(bytesOf('old'));
    await sql('update blobs set stored_at = stored_at - $1', 2 * HOUR_MS);
    await store.put(bytesOf('old'));
    expect(await store.sweep(new Set(), HOUR_MS, Date.now())).toBe(0);
    expect(await store.get(sha256)).toHaveLength(3);
  });

  it('are gone for everybody when they are swept while nobody holds them', async () => {
    await store.put(bytesOf('gone'));
    expect(await store.sweep(new Set(), HOUR_MS, Date.now() + 2 * HOUR_MS)).toBe(1);
    expect(await machine().blobs.get(nameOf(bytesOf('gone')))).toBeNull();
    await expect(machine().blobs.file(nameOf(bytesOf('gone')))).rejects.toThrow('is gone');
    expect(await sql('select count(*)::int as pieces from blob_pieces')).toEqual([{ pieces: 0 }]);
  });
});
