import { X509Certificate } from 'node:crypto';
import { mkdtempSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readKeyPair, selfSignedPair } from './tls.ts';

const DAY_MS = 86_400_000;
const at = (time: number) => ({ now: () => time });
const freshFolder = (): string => join(mkdtempSync(join(tmpdir(), 'fedtab-tls-')), 'tls');

test('is good for this machine, for a year, and its key is for the owner only', async () => {
  const folder = freshFolder();
  const { cert } = await selfSignedPair(folder, '0.0.0.0', at(Date.now()));
  const parsed = new X509Certificate(cert);
  expect(parsed.checkHost('localhost')).toBe('localhost');
  expect(parsed.checkIP('127.0.0.1')).toBe('127.0.0.1');
  const days = (Date.parse(parsed.validTo) - Date.now()) / DAY_MS;
  expect(days).toBeGreaterThan(364);
  expect(days).toBeLessThan(366);
  expect(statSync(join(folder, 'key.pem')).mode & 0o777).toBe(0o600);
});

test('stays the same until it is near its end or the host has another name', async () => {
  const folder = freshFolder();
  const first = await selfSignedPair(folder, 'localhost', at(Date.now()));
  expect(await selfSignedPair(folder, 'localhost', at(Date.now() + 300 * DAY_MS))).toEqual(first);
  const renewed = await selfSignedPair(folder, 'localhost', at(Date.now() + 336 * DAY_MS));
  expect(renewed.cert).not.toBe(first.cert);
  const named = await selfSignedPair(folder, 'learn.example', at(Date.now() + 336 * DAY_MS));
  expect(new X509Certificate(named.cert).checkHost('learn.example')).toBe('learn.example');
});

test('own files: a sentence where they are not there or no certificate', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'fedtab-tls-'));
  const files = { key: join(folder, 'k.pem'), cert: join(folder, 'c.pem') };
  await expect(readKeyPair(files)).rejects.toThrow('ENOENT');
  writeFileSync(files.key, 'key');
  writeFileSync(files.cert, 'no certificate');
  await expect(readKeyPair(files)).rejects.toThrow('c.pem is not a certificate');
});
