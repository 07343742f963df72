import { open } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { codeOf, onFiles, StorageFullError, StorageIoError } from './errors.ts';

const system = (code: string): Error =>
  Object.assign(new Error(`${code}: write '/data/x'`), { code, syscall: 'write' });

describe('errors of the disk', () => {
  it.each(['ENOSPC', 'EDQUOT', 'EFBIG'])('%s is a full storage', async (code) => {
    await expect(onFiles(() => Promise.reject(system(code)))).rejects.toThrow(StorageFullError);
  });

  it.each(['EIO', 'EROFS', 'EACCES', 'ENOENT'])('%s is an I/O error, with its message and cause', async (code) => {
    const error = await onFiles(() => Promise.reject(system(code))).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(StorageIoError);
    expect(error).toMatchObject({ message: `${code}: write '/data/x'`, cause: { code } });
  });

  it('leaves other errors and values alone', async () => {
    const bug = new TypeError('bug');
    await expect(onFiles(() => Promise.reject(bug))).rejects.toBe(bug);
    expect(await onFiles(async () => 7)).toBe(7);
    expect(codeOf(Object.assign(new Error('x'), { code: 'ERR_OURS' }))).toBeUndefined();
  });

  it.runIf(process.platform === 'linux')('is how a full device is seen', async () => {
    const full = await open('/dev/full', 'w');
    await expect(onFiles(() => full.writeFile('x'))).rejects.toThrow(StorageFullError);
    await full.close();
  });
});
