import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { beforeEach, describe, expect, it } from 'vitest';
import { BugError } from '../../../shared/assert.ts';
import type { Sha256 } from '../../../shared/ids.ts';
import type { BlobStore } from './port.ts';

export const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
export const nameOf = (bytes: Uint8Array): Sha256 => createHash('sha256').update(bytes).digest('hex') as Sha256;
const HOUR_MS = 3_600_000;

/** What every store of blobs must do. `open` gives an empty one. */
export function blobContract(open: () => Promise<BlobStore>): void {
  let blobs: BlobStore;
  beforeEach(async () => {
    blobs = await open();
  });

  describe('blobs', () => {
    it('are named by their SHA-256 and come back as they were', async () => {
      const bytes = bytesOf('weights');
      expect(await blobs.put(bytes)).toBe(nameOf(bytes));
      expect(await blobs.put(bytes)).toBe(nameOf(bytes));
      expect(Buffer.from((await blobs.get(nameOf(bytes))) ?? [])).toEqual(Buffer.from(bytes));
      expect(await blobs.size(nameOf(bytes))).toBe(7);
      expect(await blobs.get(nameOf(bytesOf('absent')))).toBeNull();
      expect(await blobs.size(nameOf(bytesOf('absent')))).toBeNull();
    });

    it('may be views of a larger buffer, and empty', async () => {
      const view = bytesOf('..abc..').subarray(2, 5);
      expect(await blobs.put(view)).toBe(nameOf(bytesOf('abc')));
      expect(await blobs.size(nameOf(bytesOf('abc')))).toBe(3);
      const empty = await blobs.put(new Uint8Array());
      expect(await blobs.size(empty)).toBe(0);
      expect(await buffer(blobs.stream(empty, { start: 0, end: -1 }))).toHaveLength(0);
    });

    it('stream the range that is asked for', async () => {
      const sha256 = await blobs.put(bytesOf('0123456789'));
      expect(String(await buffer(blobs.stream(sha256, { start: 0, end: 9 })))).toBe('0123456789');
      expect(String(await buffer(blobs.stream(sha256, { start: 3, end: 5 })))).toBe('345');
      expect(String(await buffer(blobs.stream(sha256, { start: 9, end: 9 })))).toBe('9');
    });

    it('may be put by many at the same time', async () => {
      const names = await Promise.all(
        Array.from({ length: 40 }, (_, index) => blobs.put(bytesOf(`blob ${index % 4}`))),
      );
      expect(new Set(names).size).toBe(4);
      for (const name of names) expect(await blobs.get(name)).not.toBeNull();
    });

    it('are swept once nothing refers to them and they are old', async () => {
      const now = Date.now();
      const [kept, gone] = [await blobs.put(bytesOf('kept')), await blobs.put(bytesOf('gone'))];
      expect(await blobs.sweep(new Set([kept]), HOUR_MS, now)).toBe(0);
      expect(await blobs.sweep(new Set([kept]), HOUR_MS, now + 2 * HOUR_MS)).toBe(1);
      expect([await blobs.size(kept), await blobs.size(gone)]).toEqual([4, null]);
      expect(await blobs.sweep(new Set([kept]), HOUR_MS, now + 2 * HOUR_MS)).toBe(0);
    });

    it('have a file for those who read it themselves', async () => {
      const sha256 = await blobs.put(bytesOf('weights'));
      expect(await readFile(await blobs.file(sha256), 'utf8')).toBe('weights');
    });

    it('have no other names', async () => {
      for (const name of ['../fedtab.db', 'A'.repeat(64), 'a'.repeat(63), `${'a'.repeat(64)}/..`, '']) {
        await expect(blobs.file(name as Sha256)).rejects.toThrow(BugError);
        expect(() => blobs.stream(name as Sha256, { start: 0, end: 1 })).toThrow(BugError);
      }
    });
  });
}
