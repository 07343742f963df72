import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { Agent, get } from 'node:https';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json, text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { kerasFolder } from './fixtures/keras-folder.ts';
import { type RunningServer, startServer } from './fixtures/server.ts';

const root = join(import.meta.dirname, '..');

/** Runs a script of the server to its end. */
async function run(script: string, args: readonly string[], env: Readonly<Record<string, string>>) {
  const child = spawn(process.execPath, [join(root, 'dist/server', script), ...args], {
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const code = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { code: await code, output, errors };
}

const folder = (): string => mkdtempSync(join(tmpdir(), 'fedtab-main-'));
const logIn = (server: RunningServer, token: string): Promise<Response> =>
  fetch(`${server.url}/api/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ token }),
  });

describe('one server', () => {
  let server: RunningServer;
  beforeAll(async () => {
    server = await startServer();
  });
  afterAll(() => server.dispose());
  const task = (...args: string[]) => run('cli/task.js', args, { FEDTAB_DATA: server.dataFolder });

  test('says where it listens and how to log in, and nothing else; the link works once', async () => {
    expect(server.output).toEqual([`Fedtab listens on ${server.url}`, `Admin: ${server.adminLink}`]);
    expect(server.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    const [address, code = ''] = server.adminLink.split('#');
    expect(address).toBe(`${server.url}/admin`);
    expect((await logIn(server, code)).status).toBe(200);
    expect((await logIn(server, code)).status).toBe(401);
    expect(server.log()).not.toContain(code);
  });

  test('has its data folder and its port for itself', async () => {
    await expect(startServer({ dataFolder: server.dataFolder })).rejects.toThrow(/in use by another Fedtab process/);
    await expect(startServer({ port: server.port })).rejects.toThrow(/exit code 1[\s\S]*cannot start: .*EADDRINUSE/);
    expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
  });

  test('--admin-link prints a new link and ends', async () => {
    const { code, output } = await run('main.js', ['--admin-link'], { FEDTAB_DATA: server.dataFolder });
    expect(code).toBe(0);
    const link = /^Admin: (\S+)#(\S+)\n$/.exec(output);
    expect(link?.[1]).toBe(`${server.url}/admin`);
    expect((await logIn(server, link?.[2] ?? '')).status).toBe(200);
    expect((await logIn(server, link?.[2] ?? '')).status).toBe(401);
  });

  test('takes commands, by right of the data folder or by token', async () => {
    expect(await task('create', 'digits', '--id', 'mine')).toEqual({ code: 0, output: 'created mine\n', errors: '' });
    expect(await task('create', 'digits', '--id', 'mine')).toMatchObject({
      code: 1,
      errors: expect.stringContaining('mine'),
    });
    expect(await task('create', 'digits', '--strategy', 'fedadam', '--id', 'adam')).toMatchObject({ code: 0 });
    expect(JSON.parse((await task('show', 'adam')).output)).toMatchObject({
      spec: { strategy: { name: 'fedadam', serverOptimizer: { name: 'adam', learningRate: 0.1, beta2: 0.99 } } },
    });
    expect(await task('delete', 'adam', '--yes')).toMatchObject({ code: 0 });
    const unknown = await task('create', 'digits', '--strategy', 'fedmagic');
    expect(unknown).toMatchObject({ code: 1, errors: expect.stringContaining('--strategy takes one of fedavg, ') });
    const keras = kerasFolder();
    expect(await task('create', '--model', keras.folder, '--id', 'own')).toEqual({
      code: 0,
      output:
        'note: dropout is left out: it only acts while training, and contributors train without it\ncreated own\n',
      errors: '',
    });
    const own = await fetch(`${server.url}/api/tasks/own/model/weights.bin`);
    expect(Buffer.from(await own.arrayBuffer()).equals(Buffer.from(keras.weights.buffer))).toBe(true);
    rmSync(keras.files[2] as string);
    expect(await task('create', '--model', keras.folder)).toMatchObject({
      code: 1,
      errors: expect.stringMatching(/group1-shard2of2\.bin is missing/),
    });
    await rm(keras.folder, { recursive: true });
    expect(await task('delete', 'own', '--yes')).toMatchObject({ code: 0 });
    expect((await task('list')).output).toMatch(/^mine {2}idle {2}version 0 {2}round 0, 0 left {2}0 online/);
    const file = join(folder(), 'model.npz');
    const byToken = { FEDTAB_ADMIN_TOKEN: server.adminToken };
    const checkpoint = (...args: string[]) => run('cli/checkpoint.js', [...args, '--server', server.url], byToken);
    expect(await checkpoint('save', 'mine', file)).toMatchObject({ code: 0, errors: '' });
    expect(readFileSync(file).subarray(0, 2).toString()).toBe('PK');
    expect((await checkpoint('list', 'mine')).output).toMatch(/^ {5}0 {2}[0-9a-f]{12} {2}796840 bytes/);
  });
});

test('killed while rounds run it goes on; ended by SIGTERM it exits with 0 and leaves the folder to the next', async () => {
  const first = await startServer();
  // Nobody joins: a selection longer than this test keeps it in its first round.
  const rounds = { selectionDeadlineMs: 3_600_000 };
  await first.adminJson('/api/tasks', { body: { template: 'digits', model: { zoo: 'softmax' }, rounds } });
  await first.adminJson('/api/tasks/digits/rounds', { body: { count: 3 } });
  const cookie = (await logIn(first, first.adminToken)).headers.getSetCookie()[0]?.split(';')[0] ?? '';
  await first.kill();
  const second = await startServer({ dataFolder: first.dataFolder });
  expect(await second.adminJson('/api/tasks/digits')).toMatchObject({ state: 'running', round: 1 });
  expect((await fetch(`${second.url}/api/session`, { headers: { cookie } })).status).toBe(200);
  expect(JSON.parse(readFileSync(join(first.dataFolder, 'server.json'), 'utf8')).url).toBe(second.url);
  expect(await second.stop()).toBe(0);
  expect(existsSync(join(first.dataFolder, 'server.json'))).toBe(false);
  const command = await run('cli/task.js', ['list'], { FEDTAB_DATA: first.dataFolder });
  expect(command).toMatchObject({ code: 1, errors: expect.stringContaining('no server runs on') });
  const third = await startServer({ dataFolder: first.dataFolder, args: ['--admin-link'] });
  expect(await third.adminJson('/api/tasks')).toMatchObject([{ id: 'digits', round: 1 }]);
  await third.dispose();
});

test('threats C6 C8: a reader that does not read holds nothing up', async () => {
  const server = await startServer();
  await server.adminJson('/api/tasks', { body: { template: 'digits', model: { zoo: 'cnn' } } });
  const { sha256 } = await server.adminJson<{ sha256: string }>('/api/tasks/digits');
  const socket = connect(server.port, '127.0.0.1');
  socket.write(`GET /weights/${sha256} HTTP/1.1\r\nHost: x\r\n\r\n`);
  await once(socket, 'readable');
  expect(await server.stop()).toBe(0);
  socket.destroy();
  await server.dispose();
});

describe('settings', () => {
  test('one it does not know: exit code 2, before anything is made', async () => {
    const env = { FEDTAB_DATA: join(folder(), 'data'), FEDTAB_PROT: '1', FEDTAB_LOG: 'loud' };
    const { code, errors } = await run('main.js', [], env);
    expect(code).toBe(2);
    expect(errors).toContain('FEDTAB_PROT: is not a setting of Fedtab');
    expect(errors).toContain('FEDTAB_LOG: must be one of');
    expect(existsSync(env.FEDTAB_DATA)).toBe(false);
  });

  test('--help names every one', async () => {
    const { code, output } = await run('main.js', ['--help'], {});
    expect(code).toBe(0);
    for (const word of ['--tls', '--admin-link', '--config', 'FEDTAB_DATA', 'FEDTAB_MAX_PER_ADDRESS'])
      expect(output).toContain(word);
  });

  test('--config FILE; a short admin token works and warns; FEDTAB_PUBLIC_URL is in the link', async () => {
    const file = join(folder(), 'fedtab.json');
    writeFileSync(file, JSON.stringify({ maxPerAddress: 1, publicUrl: 'https://learn.example' }));
    const server = await startServer({ args: ['--config', file], env: { FEDTAB_ADMIN_TOKEN: 'short' } });
    expect(server.log()).toContain('fewer than 16 characters');
    expect(server.adminLink).toMatch(/^https:\/\/learn\.example\/admin#/);
    expect((await logIn(server, 'short')).headers.getSetCookie()[0]).toMatch(/^__Host-fedtab=.*Secure/);
    const calls = Array.from({ length: 30 }, async () => (await fetch(`${server.url}/api/tasks`)).status);
    expect(await Promise.all(calls)).toContain(429);
    await server.dispose();
  });

  test('--tls: https with a certificate of its own', async () => {
    const server = await startServer({ args: ['--tls'] });
    expect(server.url).toMatch(/^https:/);
    await expect(fetch(`${server.url}/healthz`)).rejects.toThrow();
    const agent = new Agent({ ca: readFileSync(join(server.dataFolder, 'tls/cert.pem')) });
    const answer = await new Promise<unknown>((resolve, reject) => {
      get(`${server.url}/healthz`, { agent }, (response) => resolve(json(response))).on('error', reject);
    });
    expect(answer).toEqual({ status: 'ok' });
    await server.dispose();
  });
});
