import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Config, readConfig } from './config.ts';

const read = (environment: Record<string, string> = {}, args: string[] = []): Config => {
  const result = readConfig(args, environment);
  if (!result.ok || result.value === 'help') throw new Error(JSON.stringify(result));
  return result.value;
};
const problems = (environment: Record<string, string>, args: string[] = []) => {
  const result = readConfig(args, environment);
  if (result.ok) throw new Error('expected problems');
  return result.failure;
};
const file = (content: string): string => {
  const path = join(mkdtempSync(join(tmpdir(), 'fedtab-config-')), 'fedtab.json');
  writeFileSync(path, content);
  return path;
};

test('without anything: loopback, port 8080, ./data, no token', () => {
  expect(read()).toEqual({
    host: '127.0.0.1',
    port: 8080,
    dataFolder: join(process.cwd(), 'data'),
    adminToken: null,
    databaseUrl: null,
    blobs: { kind: 'database' },
    publicUrl: null,
    redisUrl: null,
    log: 'info',
    tls: null,
    trustedProxies: 0,
    maxPerAddress: 500,
    webhookAllow: [],
    adminLink: false,
    warnings: [],
  });
});

test('flags are stronger than the environment, which is stronger than the file', () => {
  const path = file('{"port": 9000, "host": "0.0.0.0", "log": "debug"}');
  expect(read({ FEDTAB_PORT: '0' }, ['--config', path, '--tls', '--admin-link'])).toMatchObject({
    port: 0,
    host: '0.0.0.0',
    log: 'debug',
    tls: { kind: 'self-signed' },
    adminLink: true,
  });
});

test('certificate files come before --tls', () => {
  expect(read({ FEDTAB_TLS_CERT: '/c.pem', FEDTAB_TLS_KEY: '/k.pem' }, ['--tls']).tls).toEqual({
    kind: 'files',
    cert: '/c.pem',
    key: '/k.pem',
  });
});

test('a database is one of PostgreSQL, with blobs in it or in a folder of all', () => {
  const url = 'postgresql://fedtab:secret@db.example.org:5433/fedtab?sslmode=verify-full';
  expect(read({ FEDTAB_DATABASE_URL: url })).toMatchObject({ databaseUrl: url, blobs: { kind: 'database' } });
  expect(
    read({ FEDTAB_DATABASE_URL: 'postgres:///fedtab?host=/run/postgresql', FEDTAB_BLOBS: 'folder:/srv/f' }),
  ).toMatchObject({
    databaseUrl: 'postgres:///fedtab?host=/run/postgresql',
    blobs: { kind: 'folder', folder: '/srv/f' },
  });
});

test('no problem tells the password in the URL of a database', () => {
  expect(JSON.stringify(problems({ FEDTAB_DATABASE_URL: 'mysql://fedtab:secret@host/x' }))).not.toContain('secret');
});

test('a public URL is kept as an origin', () => {
  expect(read({ FEDTAB_PUBLIC_URL: 'https://Learn.example.org:443/' }).publicUrl).toBe('https://learn.example.org');
});

test('hosts for webhooks are a list, as URLs have them', () => {
  expect(read({ FEDTAB_WEBHOOK_ALLOW: 'Hooks.Internal, 10.0.0.7:8080,[::1]:81,' }).webhookAllow).toEqual([
    'hooks.internal',
    '10.0.0.7:8080',
    '[::1]:81',
  ]);
});

test('a token under 16 characters warns, 16 do not', () => {
  expect(read({ FEDTAB_ADMIN_TOKEN: 'fifteen-letters' }).warnings).toHaveLength(1);
  expect(read({ FEDTAB_ADMIN_TOKEN: 'sixteen-letters!' }).warnings).toEqual([]);
});

test('other variables are not its business', () => {
  expect(read({ PORT: '1', FEDTAB_CHROMIUM: '/usr/bin/chromium' }).port).toBe(8080);
});

test('--help', () => {
  expect(readConfig(['--help'], {})).toEqual({ ok: true, value: 'help' });
});

describe('refuses, naming where it came from:', () => {
  test.each([
    [{ FEDTAB_PROT: '1' }, 'FEDTAB_PROT'],
    [{ FEDTAB_PORT: '65536' }, 'FEDTAB_PORT'],
    [{ FEDTAB_PORT: '80a' }, 'FEDTAB_PORT'],
    [{ FEDTAB_PORT: '' }, 'FEDTAB_PORT'],
    [{ FEDTAB_PORT: '-1' }, 'FEDTAB_PORT'],
    [{ FEDTAB_HOST: '' }, 'FEDTAB_HOST'],
    [{ FEDTAB_ADMIN_TOKEN: '' }, 'FEDTAB_ADMIN_TOKEN'],
    [{ FEDTAB_LOG: 'loud' }, 'FEDTAB_LOG'],
    [{ FEDTAB_PUBLIC_URL: 'ftp://example.org' }, 'FEDTAB_PUBLIC_URL'],
    [{ FEDTAB_PUBLIC_URL: 'https://example.org/path' }, 'FEDTAB_PUBLIC_URL'],
    [{ FEDTAB_TRUSTED_PROXIES: 'true' }, 'FEDTAB_TRUSTED_PROXIES'],
    [{ FEDTAB_MAX_PER_ADDRESS: '0' }, 'FEDTAB_MAX_PER_ADDRESS'],
    [{ FEDTAB_DATABASE_URL: 'mysql://x' }, 'FEDTAB_DATABASE_URL'],
    [{ FEDTAB_DATABASE_URL: 'postgres://a:b:c' }, 'FEDTAB_DATABASE_URL'],
    [{ FEDTAB_BLOBS: 'database' }, 'FEDTAB_BLOBS'],
    [{ FEDTAB_DATABASE_URL: 'postgres://x', FEDTAB_BLOBS: 'folder:here' }, 'FEDTAB_BLOBS'],
    [{ FEDTAB_DATABASE_URL: 'postgres://x', FEDTAB_BLOBS: 's3:https://s3.example.org' }, 'FEDTAB_BLOBS'],
    [{ FEDTAB_DATABASE_URL: 'postgres://x', FEDTAB_BLOBS: 's3:https://key@s3.example.org/b' }, 'FEDTAB_BLOBS'],
    [
      { FEDTAB_DATABASE_URL: 'postgres://x', FEDTAB_BLOBS: 's3:https://s3.example.org/b' },
      'AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY',
    ],
    [{ FEDTAB_REDIS_URL: 'redis://x' }, 'FEDTAB_REDIS_URL'],
    [{ FEDTAB_DATABASE_URL: 'postgres://x', FEDTAB_REDIS_URL: 'http://x' }, 'FEDTAB_REDIS_URL'],
    [{ FEDTAB_TLS_CERT: '/c.pem' }, 'FEDTAB_TLS_CERT, FEDTAB_TLS_KEY'],
  ])('%j', (environment, path) => {
    expect(problems(environment as unknown as Record<string, string>)).toEqual([{ path, message: expect.any(String) }]);
  });

  test('blobs in a bucket, with the keys that Amazon’s tools take', () => {
    const blobs = 's3:https://s3.example.org/bucket/fedtab/';
    const keys = { AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' };
    expect(read({ FEDTAB_DATABASE_URL: 'postgres://x', FEDTAB_BLOBS: blobs, ...keys }).blobs).toEqual({
      ...{ kind: 's3', url: 'https://s3.example.org/bucket/fedtab' },
      keys: { accessKeyId: 'a', secretAccessKey: 'b', region: 'us-east-1' },
    });
  });

  test('every bad value at once', () => {
    expect(
      problems({ FEDTAB_PORT: 'x', FEDTAB_LOG: 'y', FEDTAB_Z: 'z' })
        .map(({ path }) => path)
        .sort(),
    ).toEqual(['FEDTAB_LOG', 'FEDTAB_PORT', 'FEDTAB_Z']);
  });

  test.each(['--nonsense', 'stray', '--config'])('%s', (flag) => {
    expect(problems({}, [flag])[0]?.path).toBe('arguments');
  });

  test.each(['no JSON', '[]', '"text"'])('a config file with %s', (content) => {
    expect(problems({}, ['--config', file(content)])[0]?.path).toContain('--config');
  });

  test('a config file that is not there', () => {
    expect(problems({}, ['--config', '/nowhere.json'])[0]?.message).toContain('ENOENT');
  });

  test('an unknown key in the file', () => {
    expect(problems({}, ['--config', file('{"prot": 1}')])[0]).toEqual({
      path: expect.stringContaining('prot'),
      message: 'is not a setting of Fedtab',
    });
  });
});
