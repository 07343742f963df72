import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { StorageIoError } from '../errors.ts';
import { blobContract, bytesOf, nameOf } from './contract.ts';
import { type FileBlobs, fileBlobs } from './files.ts';
import { CorruptBlobError } from './port.ts';

const HOUR_MS = 3_600_000;
let folder: string;
let blobs: FileBlobs;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fedtab-blobs-'));
  blobs = fileBlobs(folder);
});
afterEach(() => rmSync(folder, { recursive: true }));

const age = (name: string, ageMs: number): void => {
  const then = (Date.now() - ageMs) / 1000;
  utimesSync(join(folder, name), then, then);
};

describe('blobs in files', () => {
  blobContract(async () => fileBlobs(folder));

  it('lie under their hash and leave no temporary file behind', async () => {
    const sha256 = await blobs.put(bytesOf('weights'));
    expect(readdirSync(folder)).toEqual([sha256]);
    expect(blobs.path(sha256)).toBe(join(folder, sha256));
    expect(readFileSync(blobs.path(sha256), 'utf8')).toBe('weights');
  });

  it('are never given out damaged: one flipped bit, cut short, or longer', async () => {
    const sha256 = await blobs.put(bytesOf('weights'));
    for (const damage of ['veights', 'weight', 'weights!', '']) {
      writeFileSync(blobs.path(sha256), damage);
      await expect(blobs.get(sha256)).rejects.toThrow(CorruptBlobError);
    }
  });

  it('are mended by putting them again', async () => {
    const sha256 = await blobs.put(bytesOf('weights'));
    writeFileSync(blobs.path(sha256), 'w?ights');
    await blobs.put(bytesOf('weights'));
    expect(readFileSync(blobs.path(sha256), 'utf8')).toBe('weights');
  });

  it('are young again when put again, so that no sweep takes what is about to be referred to', async () => {
    const sha256 = await blobs.put(bytesOf('weights'));
    age(sha256, 3 * HOUR_MS);
    await blobs.put(bytesOf('weights'));
    expect(await blobs.sweep(new Set(), HOUR_MS, Date.now())).toBe(0);
    age(sha256, 3 * HOUR_MS);
    expect(await blobs.sweep(new Set(), HOUR_MS, Date.now())).toBe(1);
  });

  it('survive puts that race with sweeps', async () => {
    for (let turn = 0; turn < 50; turn += 1) {
      const sha256 = await blobs.put(bytesOf('contested'));
      age(sha256, 3 * HOUR_MS);
      await Promise.all([blobs.put(bytesOf('contested')), blobs.sweep(new Set(), HOUR_MS, Date.now())]);
      expect(await blobs.get(sha256)).not.toBeNull();
    }
  });

  it('go with what a crash left of a write, and nothing else does', async () => {
    const name = nameOf(bytesOf('x'));
    const others = [
      'notes.txt',
      name.slice(1),
      name.toUpperCase(),
      `${name}.bak`,
      `${name}.tmp`,
      `x${name}.0123456789ab.tmp`,
    ];
    for (const file of [...others, `${name}.0123456789ab.tmp`]) {
      writeFileSync(join(folder, file), 'x');
      age(file, 3 * HOUR_MS);
    }
    writeFileSync(join(folder, `${name}.ba9876543210.tmp`), 'being written');
    mkdirSync(join(folder, nameOf(bytesOf('folder'))));
    age(nameOf(bytesOf('folder')), 3 * HOUR_MS);
    expect(await blobs.sweep(new Set(), HOUR_MS, Date.now())).toBe(1);
    expect(readdirSync(folder).sort()).toEqual(
      [...others, `${name}.ba9876543210.tmp`, nameOf(bytesOf('folder'))].sort(),
    );
  });

  it('are not followed out of the folder', async () => {
    const outside = mkdtempSync(join(tmpdir(), 'fedtab-outside-'));
    writeFileSync(join(outside, 'precious'), 'precious');
    const name = nameOf(bytesOf('precious'));
    symlinkSync(join(outside, 'precious'), join(folder, name));
    expect(await blobs.size(name)).toBeNull();
    expect(await blobs.sweep(new Set(), HOUR_MS, Date.now() + 2 * HOUR_MS)).toBe(1);
    expect(readFileSync(join(outside, 'precious'), 'utf8')).toBe('precious');
    rmSync(outside, { recursive: true });
  });

  it('say so when the disk does not take them', async () => {
    const lost = fileBlobs(join(folder, 'not-there'));
    await expect(lost.put(bytesOf('x'))).rejects.toThrow(StorageIoError);
    expect(await lost.get(nameOf(bytesOf('x')))).toBeNull();
    mkdirSync(join(folder, nameOf(bytesOf('y'))));
    await expect(blobs.put(bytesOf('y'))).rejects.toThrow(StorageIoError);
    expect(readdirSync(folder)).toEqual([nameOf(bytesOf('y'))]);
  });
});
