import { expect, it } from 'vitest';
import { seededRng } from '../../shared/rng.ts';
import { Disk } from './lost-power.ts';
import { readOptions } from './power-loss-command.ts';
import { readStraceLog } from './strace-log.ts';

const hex = (text: string): string =>
  [...Buffer.from(text)].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('');

/** A file that is written, synced, renamed and its folder synced, in two threads, and then another that is not. */
const LOG = `
7 mkdir("${hex('/d/blobs')}", 0700) = 0
7 openat(AT_FDCWD<${hex('/')}>, "${hex('/d/blobs/a.tmp')}", O_WRONLY|O_CREAT|O_EXCL, 0600 <unfinished ...>
8 write(9<socket:[1]>, "${hex('said')}", 4) = 4
7 <... openat resumed>)             = 20<${hex('/d/blobs/a.tmp')}>
7 write(20<${hex('/d/blobs/a.tmp')}>, "${hex('abcd')}", 4) = 4
7 fsync(20<${hex('/d/blobs/a.tmp')}> <unfinished ...>
8 pwrite64(20<${hex('/d/blobs/a.tmp')}>, "${hex('X')}", 1, 1) = 1
7 <... fsync resumed>)              = 0
7 rename("${hex('/d/blobs/a.tmp')}", "${hex('/d/blobs/a')}") = 0
7 rename("${hex('/d/blobs/none')}", "${hex('/d/blobs/b')}") = -1 ENOENT (No such file or directory)
8 fsync(21<${hex('/d')}>) = 0
8 fsync(22<${hex('/d/blobs')}>) = 0
8 fsync(20<${hex('/d/blobs/a')}>) = 0
`.trimStart();

it('an fsync keeps the bytes that there were as it began, and that of a folder the names', () => {
  const calls = readStraceLog(LOG);
  expect(calls.find(({ fd }) => fd?.path === 'socket:[1]')?.strings.map(String)).toEqual(['said']);
  const disk = new Disk('/d');
  const seen: string[] = [];
  disk.replay(calls, () => {
    for (const names of ['undone', 'kept'] as const)
      for (const writes of ['lost', 'kept'] as const)
        seen.push(
          [...disk.image(names, writes, seededRng(1))].map(([path, bytes]) => `${path}=${bytes}`).join(' ') || '-',
        );
  });
  const before = ['-', '-', 'blobs=null blobs/a.tmp=', 'blobs=null blobs/a.tmp=abcd'];
  const renamed = ['blobs=null blobs/a=abcd', 'blobs=null blobs/a=aXcd'];
  expect(seen).toEqual([
    ...before,
    ...['-', '-', ...renamed],
    ...['blobs=null', 'blobs=null', ...renamed],
    ...[...renamed, ...renamed],
  ]);
});

it('a call that the model does not know, and a line that cannot be read, end it', () => {
  const made = `7 openat(AT_FDCWD<${hex('/')}>, "${hex('/d/a')}", O_CREAT|O_RDWR, 0600) = 3<${hex('/d/a')}>\n`;
  const unknown = readStraceLog(`${made}7 fallocate(3<${hex('/d/a')}>, 0, 0, 10) = 0\n`);
  expect(() => new Disk('/d').replay(unknown, () => {})).toThrow('not known here');
  expect(() => readStraceLog('7 something else\n')).toThrow('cannot be read');
});

it('the command takes a step, a seed, and how often a server starts', () => {
  expect(readOptions(['--seed', '4'])).toEqual({ step: 1, startEvery: 2, seed: 4 });
  expect(readOptions(['--step', '3', '--start-every', '9', '--seed', '4'])).toMatchObject({ step: 3, startEvery: 9 });
  expect(readOptions(['--start-every', '0'])).toMatchObject({ problem: expect.any(String) });
  expect(readOptions(['--seed', '-1'])).toMatchObject({ problem: expect.any(String) });
});
