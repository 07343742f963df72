import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { openStorage } from '../../server/storage/index.ts';
import { TEMPLATES } from '../../shared/task/templates/index.ts';
import { ensureBuilt } from '../fixtures/built.ts';

const run = promisify(execFile);

interface Figures {
  readonly clients: readonly { readonly backend: string; readonly requested: string; readonly reason: string | null }[];
  readonly initial: { readonly version: number; readonly accuracy: number; readonly loss: number };
  readonly rounds: readonly {
    readonly number: number;
    readonly outcome: string;
    readonly version: number;
    readonly accuracy: number;
    readonly accepted: number;
    readonly uplinkBytes: number;
  }[];
  readonly final: { readonly version: number; readonly accuracy: number };
}

it('a small demo in real tabs exits 0, writes its figures, and an independent script finds the same averages', async () => {
  ensureBuilt();
  const folder = mkdtempSync(join(tmpdir(), 'fedtab-demo-test-'));
  try {
    const json = join(folder, 'out.json');
    const kept = join(folder, 'kept');
    const args = `--tabs 2 --rounds 2 --task seed-dense --backend cpu --examples 60 --exit --json ${json} --keep-reports ${kept}`;
    const { stdout } = await run(
      process.execPath,
      [
        '--import',
        join(import.meta.dirname, '../typescript.mjs'),
        join(import.meta.dirname, 'main.ts'),
        ...args.split(' '),
      ],
      { timeout: 110_000 },
    );
    expect(stdout).toMatch(/round +2 +accuracy/);
    const figures = JSON.parse(readFileSync(json, 'utf8')) as Figures;
    expect(figures.clients).toEqual([
      { backend: 'cpu', requested: 'cpu', reason: null },
      { backend: 'cpu', requested: 'cpu', reason: null },
    ]);
    expect(figures.initial.version).toBe(0);
    expect(
      figures.rounds.map(({ number, outcome, version, accepted }) => [number, outcome, version, accepted]),
    ).toEqual([
      [1, 'committed', 1, 2],
      [2, 'committed', 2, 2],
    ]);
    expect(figures.final.version).toBe(2);
    expect(figures.final.accuracy).toBeGreaterThan(figures.initial.accuracy);
    // Two frames of 96 bytes and 7,850 values.
    expect(figures.rounds[0]?.uplinkBytes).toBe(2 * (96 + 4 * 7_850));
    const recomputed = await run(process.execPath, [join(import.meta.dirname, 'recompute.mjs'), kept]);
    expect(recomputed.stdout.trim().split('\n')).toHaveLength(2);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}, 120_000);

it('says in a sentence that the data folder has its task already, and exits 2', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'fedtab-demo-test-'));
  try {
    const { storage, blobs, close } = await openStorage({ dataFolder: folder });
    const sha256 = await blobs.put(new Uint8Array(4));
    const initial = { version: 0, sha256, bytes: 4, optimizerSha256: null, step: null } as const;
    const spec = TEMPLATES['seed-dense'];
    await storage.tasks.create(spec, { ...initial, origin: 'initial', round: null, copyOf: null }, 1);
    await close();
    const demo = [join(import.meta.dirname, 'main.ts'), '--task', 'seed-dense', '--exit'];
    const env = { ...process.env, FEDTAB_DATA: folder, FEDTAB_LOG: 'silent' };
    const ended = await run(process.execPath, ['--import', join(import.meta.dirname, '../typescript.mjs'), ...demo], {
      env,
    }).catch((error: unknown) => error);
    const said = `The data folder ${folder} has a task seed-dense already. The demo makes its own: leave FEDTAB_DATA unset for a fresh folder, or name an empty one.\n`;
    expect(ended).toMatchObject({ code: 2, stdout: '', stderr: said });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
