import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { startServer } from './fixtures/server.ts';

const root = join(import.meta.dirname, '..');
const [build = '', run = ''] = readFileSync(join(root, 'deploy/Dockerfile'), 'utf8')
  .split(/^FROM .*$/m)
  .slice(1);

/** Sources and target of each COPY of a stage, those from other stages left out. */
const copiesOf = (stage: string): readonly { readonly from: readonly string[]; readonly to: string }[] =>
  [...stage.matchAll(/^COPY (?!--from)(.+)$/gm)].map(([, words = '']) => {
    const names = words.split(' ');
    return { from: names.slice(0, -1), to: names.at(-1) ?? '' };
  });

it('the image: what is copied into it is all that the build needs, and what is built serves', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'fedtab-image-'));
  try {
    for (const { from, to } of copiesOf(build))
      for (const source of from)
        cpSync(join(root, source), join(folder, to, to.endsWith('/') ? source : ''), { recursive: true });
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
    const { status, stderr } = spawnSync(process.execPath, ['server/cli/build.mjs'], { cwd: folder, encoding: 'utf8' });
    expect(status, stderr).toBe(0);
    const server = await startServer({ installFolder: folder });
    try {
      expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
      expect(await (await fetch(server.url)).text()).toContain('/assets/contribute-');
    } finally {
      await server.dispose();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}, 300_000);

it('the image runs as somebody else than root, writes to one folder, and says whether it is well', () => {
  expect(run).toMatch(/^USER node$/m);
  expect(run).toMatch(/^VOLUME \/data$/m);
  expect(run).toMatch(/FEDTAB_DATA=\/data/);
  expect(run).toMatch(/^HEALTHCHECK /m);
  // As a list, so that SIGTERM reaches the server and not a shell.
  expect(run).toMatch(/^CMD \["node", "--disable-proto=throw", "dist\/server\/main\.js"\]$/m);
  for (const [, source = ''] of run.matchAll(/^COPY --from=build \/fedtab\/(\S+)/gm))
    expect(existsSync(join(root, source)), source).toBe(true);
});
