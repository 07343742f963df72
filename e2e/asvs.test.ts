import { existsSync, readFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type RunningServer, startServer } from './fixtures/server.ts';

const root = join(import.meta.dirname, '..');
const page = readFileSync(join(root, 'docs/asvs.md'), 'utf8');
const rows = [...page.matchAll(/^\| (\d[\d., to]*?) +\| (.*?) +\| (.*?) +\|$/gm)].map(
  ([, number = '', requirement = '', answer = '']) => ({ number, requirement, answer }),
);

let server: RunningServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.dispose());

it('docs/asvs.md names each requirement once, in order, with tests that are there or with the reason why not', () => {
  const parts = rows.map(({ number }) => number.split(/[ ,]/)[0]?.split('.').map(Number) ?? []);
  const value = ([chapter = 0, section = 0, place = 0]: readonly number[]): number =>
    (chapter * 100 + section) * 100 + place;
  expect(rows.length).toBeGreaterThan(180);
  expect(parts.map(value)).toEqual(parts.map(value).toSorted((a, b) => a - b));
  expect(new Set(rows.map(({ number }) => number)).size).toBe(rows.length);
  for (const { number, answer } of rows) {
    if (/^(does not apply|not met): .{5,}/.test(answer)) continue;
    const paths = [...answer.matchAll(/`([\w./-]+\.(?:test|spec)\.ts)`/g)].map(([, path = '']) => path);
    expect(paths.length, number).toBeGreaterThan(0);
    expect(
      paths.filter((path) => !existsSync(join(root, path))),
      number,
    ).toEqual([]);
  }
  const count = (begin: RegExp): number => rows.filter(({ answer }) => begin.test(answer)).length;
  const said = /^Of (\d+) rows (\d+) are met, (\d+) do not apply, (\d+) are not met\.$/m
    .exec(page)
    ?.slice(1)
    .map(Number);
  expect(said).toEqual([rows.length, count(/^`/), count(/^does not apply/), count(/^not met/)]);
});

it('ASVS 13.4.4: TRACE is not answered with what was sent', async () => {
  const status = await new Promise<number>((resolve, reject) => {
    request(server.url, { method: 'TRACE', headers: { cookie: 'secret=1' } }, (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    })
      .once('error', reject)
      .end();
  });
  expect(status).toBeGreaterThanOrEqual(400);
});

it('ASVS 15.3.7: a parameter that is given twice is refused', async () => {
  await server.adminJson('/api/tasks', { body: { template: 'seed-dense', id: 'twice' } });
  for (const query of ['limit=1&limit=2', 'limit=2&before=5&before=6'])
    expect((await server.admin(`/api/tasks/twice/rounds?${query}`)).status, query).toBe(422);
});
