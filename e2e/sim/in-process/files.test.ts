import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import type { Sha256, TaskId, UpdateId } from '../../../shared/ids.ts';
import { quickBlobs, quickSpool } from './files.ts';
import { WeightsPool } from './held.ts';

const folder = mkdtempSync(join(tmpdir(), 'fedtab-quick-'));
afterAll(() => rmSync(folder, { recursive: true }));

it('keeps blobs by their SHA-256, the newest of them up to a size', async () => {
  const blobs = quickBlobs(folder, 10);
  const names: Sha256[] = [];
  for (let value = 0; value < 20; value++) names.push(await blobs.put(Uint8Array.of(value)));
  expect(names[0]).toBe('6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d');
  // The oldest that is put again is as new as any.
  await blobs.put(Uint8Array.of(10));
  await blobs.put(Uint8Array.of(20));
  expect(await blobs.get(names[10] as Sha256)).toEqual(Uint8Array.of(10));
  expect([await blobs.get(names[11] as Sha256), await blobs.size(names[11] as Sha256)]).toEqual([null, null]);
  expect(existsSync(blobs.path(names[11] as Sha256))).toBe(false);
  expect(await blobs.size(names[12] as Sha256)).toBe(1);
});

it('keeps a report where the coordinator reads it, until its round is dropped', async () => {
  const spool = quickSpool(folder);
  const [task, id] = ['digits' as TaskId, 'ab' as UpdateId];
  const writer = await spool.open(task, 3, id, 4);
  await writer.write(2, Uint8Array.of(3, 4));
  await writer.write(0, Uint8Array.of(1, 2));
  expect(await spool.has(task, 3, id)).toBe(false);
  await writer.finish();
  expect([...readFileSync(spool.path(task, 3, id))]).toEqual([1, 2, 3, 4]);
  await expect(writer.write(0, Uint8Array.of(9))).rejects.toThrow('closed');
  await (await spool.open(task, 3, 'cd' as UpdateId, 4)).discard();
  expect(await spool.has(task, 3, 'cd' as UpdateId)).toBe(false);
  await spool.drop(task, 3);
  expect(await spool.has(task, 3, id)).toBe(false);
});

it('contributors know of the weights that they hold themselves, and share the memory', () => {
  const pool = new WeightsPool();
  const [one, other] = [pool.held(), pool.held()];
  const name = 'a' as Sha256;
  const bytes = Uint8Array.of(1);
  one.put(name, bytes);
  expect([one.get(name), other.get(name)]).toEqual([bytes, null]);
  other.put(name, bytes.slice());
  expect(other.get(name)).toBe(bytes);
  one.put('b' as Sha256, bytes);
  expect(one.get(name)).toBeNull();
  other.clear();
  expect(other.get(name)).toBeNull();
});
