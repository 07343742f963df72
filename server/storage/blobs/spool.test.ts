import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BugError } from '../../../shared/assert.ts';
import type { TaskId, UpdateId } from '../../../shared/ids.ts';
import { StorageIoError } from '../errors.ts';
import { bytesOf } from './contract.ts';
import type { Spool } from './port.ts';
import { fileSpool } from './spool.ts';

const DIGITS = 'digits' as TaskId;
const OTHER = 'other' as TaskId;
const id = (number: number): UpdateId => number.toString(16).padStart(32, '0') as UpdateId;

let folder: string;
let spool: Spool;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fedtab-spool-'));
  spool = fileSpool(folder);
});
afterEach(() => rmSync(folder, { recursive: true }));

const finished = async (task: TaskId, round: number, number: number, text: string): Promise<void> => {
  const writer = await spool.open(task, round, id(number), text.length);
  await writer.write(0, bytesOf(text));
  await writer.finish();
};
const files = (): string[] => readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();

describe('the spool', () => {
  it('takes chunks in any order and names the file when it is finished', async () => {
    const writer = await spool.open(DIGITS, 7, id(1), 10);
    await Promise.all([
      writer.write(6, bytesOf('6789')),
      writer.write(3, bytesOf('345')),
      writer.write(0, bytesOf('012')),
    ]);
    expect(writer.path).toBe(join(folder, 'digits', '7', `${id(1)}.partial`));
    expect(readFileSync(writer.path, 'utf8')).toBe('0123456789');
    expect(await spool.has(DIGITS, 7, id(1))).toBe(false);
    await writer.finish();
    expect(await spool.has(DIGITS, 7, id(1))).toBe(true);
    expect(spool.path(DIGITS, 7, id(1))).toBe(join(folder, 'digits', '7', id(1)));
    expect(files()).toEqual(['digits', 'digits/7', `digits/7/${id(1)}`]);
    expect(readFileSync(spool.path(DIGITS, 7, id(1)), 'utf8')).toBe('0123456789');
  });

  it('assembles any chunks in any order', async () => {
    const chunks = fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 300 }), fc.integer({ min: 1, max: 64 }), fc.nat());
    await fc.assert(
      fc.asyncProperty(chunks, async ([bytes, chunkBytes, turn]) => {
        const writer = await spool.open(DIGITS, 1, id(1), bytes.length);
        const offsets = Array.from({ length: Math.ceil(bytes.length / chunkBytes) }, (_, index) => index * chunkBytes);
        offsets.sort((a, b) => ((a + turn) % 7) - ((b + turn) % 7));
        await Promise.all(offsets.map((offset) => writer.write(offset, bytes.subarray(offset, offset + chunkBytes))));
        await writer.finish();
        expect(readFileSync(spool.path(DIGITS, 1, id(1)))).toEqual(Buffer.from(bytes));
      }),
      { numRuns: 40 },
    );
  });

  it('finishes only after the writes that were asked for before', async () => {
    const writer = await spool.open(DIGITS, 1, id(1), 1000);
    const writes = Array.from({ length: 1000 }, (_, offset) => writer.write(offset, bytesOf('x')));
    await Promise.all([...writes, writer.finish()]);
    expect(readFileSync(spool.path(DIGITS, 1, id(1)), 'utf8')).toBe('x'.repeat(1000));
  });

  it('goes on with a report that was paused, also in the next process', async () => {
    const first = await spool.open(DIGITS, 1, id(1), 6);
    await first.write(0, bytesOf('abc'));
    await first.pause();
    const second = await fileSpool(folder).open(DIGITS, 1, id(1), 6);
    await second.write(3, bytesOf('def'));
    await second.finish();
    expect(readFileSync(spool.path(DIGITS, 1, id(1)), 'utf8')).toBe('abcdef');
  });

  it('fits an old partial file to the length announced now', async () => {
    const first = await spool.open(DIGITS, 1, id(1), 9);
    await first.write(0, bytesOf('too long!'));
    await first.pause();
    const second = await spool.open(DIGITS, 1, id(1), 4);
    await second.write(0, bytesOf('good'));
    await second.finish();
    expect(readFileSync(spool.path(DIGITS, 1, id(1)), 'utf8')).toBe('good');
  });

  it('lets the newest writer of a report take over from the others', async () => {
    const writers = await Promise.all([1, 2, 3].map(() => spool.open(DIGITS, 1, id(1), 3)));
    const results = await Promise.allSettled(writers.map((writer, index) => writer.write(0, bytesOf(`w_${index}`))));
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'fulfilled']);
    await expect(writers[0]?.finish()).rejects.toThrow(StorageIoError);
    await writers[0]?.discard();
    await writers[2]?.finish();
    expect(readFileSync(spool.path(DIGITS, 1, id(1)), 'utf8')).toBe('w_2');
  });

  it('writes nothing after the end, and ends once', async () => {
    const writer = await spool.open(DIGITS, 1, id(1), 3);
    await writer.write(0, bytesOf('abc'));
    await writer.finish();
    await expect(writer.write(0, bytesOf('xyz'))).rejects.toThrow(StorageIoError);
    await expect(writer.finish()).rejects.toThrow(StorageIoError);
    await writer.pause();
    await writer.discard();
    expect(readFileSync(spool.path(DIGITS, 1, id(1)), 'utf8')).toBe('abc');
  });

  it('discards without a trace', async () => {
    const writer = await spool.open(DIGITS, 1, id(1), 3);
    await writer.write(0, bytesOf('abc'));
    await writer.discard();
    expect(files()).toEqual(['digits', 'digits/1']);
  });

  it('takes no byte outside the announced length', async () => {
    const writer = await spool.open(DIGITS, 1, id(1), 4);
    await expect(writer.write(2, bytesOf('abc'))).rejects.toThrow(BugError);
    await expect(writer.write(-1, bytesOf('a'))).rejects.toThrow(BugError);
    await writer.write(0, bytesOf('good'));
    await writer.finish();
    expect(readFileSync(spool.path(DIGITS, 1, id(1)), 'utf8')).toBe('good');
  });

  it('removes one report, finished or still being written, and no other', async () => {
    await finished(DIGITS, 1, 1, 'a');
    await finished(DIGITS, 1, 2, 'b');
    const writer = await spool.open(DIGITS, 1, id(1), 3);
    await spool.remove(DIGITS, 1, id(1));
    await spool.remove(DIGITS, 1, id(3));
    await spool.remove(OTHER, 9, id(1));
    expect(files()).toEqual(['digits', 'digits/1', `digits/1/${id(2)}`]);
    await expect(writer.write(0, bytesOf('abc'))).rejects.toThrow(StorageIoError);
    await finished(DIGITS, 1, 1, 'again');
    expect(await spool.has(DIGITS, 1, id(1))).toBe(true);
  });

  it('drops rounds and tasks whole, those still being written too', async () => {
    await finished(DIGITS, 1, 1, 'a');
    await finished(DIGITS, 11, 2, 'b');
    await finished(OTHER, 1, 3, 'c');
    const writer = await spool.open(DIGITS, 1, id(4), 3);
    await spool.drop(DIGITS, 1);
    await spool.drop(DIGITS, 99);
    expect(files()).toEqual(['digits', 'digits/11', `digits/11/${id(2)}`, 'other', 'other/1', `other/1/${id(3)}`]);
    await expect(writer.write(0, bytesOf('abc'))).rejects.toThrow(StorageIoError);
    await finished(DIGITS, 1, 5, 'again');
    await spool.dropTask(DIGITS);
    expect(files()).toEqual(['other', 'other/1', `other/1/${id(3)}`]);
    await finished(DIGITS, 1, 6, 'made anew');
    expect(await spool.has(DIGITS, 1, id(6))).toBe(true);
  });

  it('keeps only what open rounds still need at start-up, with what is partial of it', async () => {
    await finished(DIGITS, 1, 1, 'over');
    await finished(DIGITS, 2, 2, 'kept');
    await (await spool.open(DIGITS, 2, id(3), 3)).pause();
    await finished(OTHER, 2, 4, 'over');
    mkdirSync(join(folder, 'not a task'));
    writeFileSync(join(folder, 'digits', 'stray'), 'x');
    await finished(DIGITS, 2, 5, 'of nobody');
    await (await spool.open(DIGITS, 2, id(6), 3)).pause();
    const again = fileSpool(folder);
    await again.keepOnly([DIGITS]);
    expect(files().some((path) => path.startsWith('other') || path === 'not a task')).toBe(false);
    await finished(OTHER, 1, 8, 'of a task that another has');
    await again.sweep(DIGITS, { round: 2, reports: [id(2), id(3), id(7)] });
    expect(await spool.has(OTHER, 1, id(8))).toBe(true);
    await again.keepOnly([DIGITS]);
    expect(files()).toEqual(['digits', 'digits/2', `digits/2/${id(2)}`, `digits/2/${id(3)}.partial`]);
    await again.release(DIGITS, 2, id(2));
    expect(await spool.has(DIGITS, 2, id(2))).toBe(true);
    await again.sweep(DIGITS, null);
    expect(files()).toEqual(['digits']);
    await again.keepOnly([]);
    expect(files()).toEqual([]);
  });

  it('refuses names that are none', async () => {
    for (const task of ['..', 'a/b', '', '.'] as TaskId[]) {
      await expect(spool.open(task, 1, id(1), 1)).rejects.toThrow(BugError);
      await expect(spool.dropTask(task)).rejects.toThrow(BugError);
    }
    expect(() => spool.path(DIGITS, -1, id(1))).toThrow(BugError);
    expect(() => spool.path(DIGITS, 1.5, id(1))).toThrow(BugError);
    expect(() => spool.path(DIGITS, 1, '../../x' as UpdateId)).toThrow(BugError);
    expect(existsSync(join(folder, 'digits'))).toBe(false);
  });

  it('says so when the disk does not take it', async () => {
    mkdirSync(join(folder, 'digits', '1', `${id(1)}.partial`), { recursive: true });
    await expect(spool.open(DIGITS, 1, id(1), 3)).rejects.toThrow(StorageIoError);
    writeFileSync(join(folder, 'other'), 'a file');
    await expect(spool.open(OTHER, 1, id(1), 3)).rejects.toThrow(StorageIoError);
  });
});
