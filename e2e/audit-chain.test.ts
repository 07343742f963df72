import { execFile } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { SqliteDatabase } from '../server/storage/sqlite/library.ts';
import { type RunningServer, startServer } from './fixtures/server.ts';

let server: RunningServer;
beforeAll(async () => {
  server = await startServer({ env: { FEDTAB_LOG: 'info' } });
});
afterAll(() => server.dispose());

/** The command, on the server's data folder. */
const audit = (...args: string[]): Promise<{ code: number; output: string; errors: string }> =>
  new Promise((resolve) => {
    const program = join(import.meta.dirname, '../dist/server/cli/audit.js');
    const env = { ...process.env, FEDTAB_DATA: server.dataFolder };
    execFile(process.execPath, [program, ...args], { env }, (error, output, errors) =>
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, output, errors }),
    );
  });

/** What the log says of the audit. */
const anchors = (): string[] =>
  server
    .log()
    .split('\n')
    .filter((line) => line.includes('"admin action"'))
    .flatMap((line) => (JSON.parse(line) as { sha256?: string }).sha256 ?? []);

it('threat A1: the command compares the audit with what the log said of it, while the server runs and after it', async () => {
  await server.adminJson('/api/tasks', { body: { template: 'seed-dense', id: 'audited' } });
  await fetch(`${server.url}/api/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"token":"wrong"}',
  });
  await server.adminJson('/api/tasks/audited/archive', { method: 'POST' });
  await expect.poll(() => anchors().length).toBe(3);
  const [link, create, archive] = anchors();
  const whole = `3 rows in the chain, the last is ${archive}; 1 refused logins outside of it\n`;
  expect(await audit()).toEqual({ code: 0, output: whole, errors: '' });
  expect(await audit('--from', link ?? '')).toEqual({
    code: 0,
    output: `${whole}2 of them after ${link}\n`,
    errors: '',
  });
  expect(await audit('--from', 'f'.repeat(64))).toMatchObject({
    code: 1,
    errors: expect.stringContaining('was cut off'),
  });
  for (const args of [['--from', 'today'], ['more'], ['--help']])
    expect(await audit(...args)).toMatchObject({ code: 2, errors: expect.stringContaining('Usage:') });

  expect(await server.stop()).toBe(0);
  const database = new SqliteDatabase(join(server.dataFolder, 'fedtab.db'));
  database.exec(`delete from audit where sha256 = '${archive}'`);
  expect(await audit()).toMatchObject({
    code: 0,
    output: expect.stringContaining(`2 rows in the chain, the last is ${create};`),
  });
  expect(await audit('--from', archive ?? '')).toMatchObject({ code: 1 });
  database.exec(`update audit set actor = 'some\nbody', at = 1e20 where sha256 = '${create}'`);
  const found = await audit();
  expect(found).toMatchObject({
    code: 1,
    output: expect.stringContaining(`1 rows in the chain, the last is ${link};`),
  });
  expect(found.errors).toMatch(
    /^row 2, \{"at":.*"actor":"some\\nbody","action":"task.create","task":"audited"\}: it was changed.*\n$/,
  );
  database.close();

  rmSync(join(server.dataFolder, 'fedtab.db'));
  expect(await audit()).toMatchObject({ code: 1, errors: expect.stringContaining('there is no') });
});
