import { mkdtempSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { TaskId } from '../../shared/ids.ts';
import { seededRng } from '../../shared/rng.ts';
import { type RunningServer, startServer } from '../fixtures/server.ts';
import { Contributors } from './contributors.ts';
import { Gate, oneHotTask } from './one-hot.ts';

const seed = Number(process.env['DAMAGE_SEED'] ?? 20_261_130);
const FLIPS = 20;
const task = oneHotTask(1);
const path = `/api/tasks/${task.id}`;

interface View {
  readonly version: number;
  readonly sha256: string;
  readonly state: string;
  readonly pausedReason?: string;
}

const damagedCount = async (server: RunningServer): Promise<number> => {
  const text = await (await fetch(`${server.url}/metrics`)).text();
  return Number(/^fedtab_damaged_blobs_total\{copy="store"\} (\d+)$/m.exec(text)?.[1]);
};

it(`I4: ${FLIPS} bits flipped in a checkpoint of a server are each found, said, and never served (DAMAGE_SEED=${seed})`, async () => {
  const rng = seededRng(seed);
  const dataFolder = mkdtempSync(join(tmpdir(), 'fedtab-damaged-'));
  let server = await startServer({ dataFolder });
  const gate = new Gate();
  for (const round of [1, 2]) gate.open(round, [0]);
  const contributors = new Contributors(server.url, task.id as TaskId, 1, gate);
  try {
    await server.adminJson('/api/tasks', { body: task });
    await server.adminJson(`${path}/rounds`, { body: { count: 1 } });
    await contributors.start();
    await contributors.until(() => contributors.clients[0]?.view().version === 1, 'a version');
    await contributors.close();

    const { sha256 } = await server.adminJson<View>(path);
    const file = join(dataFolder, 'blobs', sha256);
    const bytes = readFileSync(file);
    const urls = [`/weights/${sha256}`, `${path}/model/weights.bin`, `${path}/model.npz`];
    for (let flip = 1; flip <= FLIPS; flip++) {
      const bad = Buffer.from(bytes);
      const at = rng.below(bytes.length);
      bad[at] = (bad[at] as number) ^ (1 << rng.below(8));
      writeFileSync(file, bad);
      utimesSync(file, flip, flip);
      const url = `${server.url}${urls[rng.below(urls.length)]}`;
      for (const headers of [{}, { range: 'bytes=0-9' }]) {
        const response = await fetch(url, { headers });
        expect([response.status, response.headers.get('cache-control')]).toEqual([503, 'no-store']);
        expect(await response.json()).toMatchObject({ error: { code: 'damaged' } });
      }
      expect(await damagedCount(server)).toBe(flip);
    }
    expect(server.log().match(/"weights are damaged, and are not given out"/g)).toHaveLength(FLIPS);
    await server.adminJson(`${path}/rounds`, { body: { count: 1 } });
    await server.kill();

    server = await startServer({ dataFolder });
    const after = await server.adminJson<View>(path);
    expect(after).toMatchObject({ version: 2, state: 'paused', pausedReason: 'damaged' });
    expect(await damagedCount(server)).toBe(1);
    expect((await fetch(`${server.url}/weights/${after.sha256}`)).status).toBe(200);
    expect((await fetch(`${server.url}/weights/${sha256}`)).status).toBe(503);

    writeFileSync(file, bytes);
    utimesSync(file, 0, 0);
    expect(Buffer.from(await (await fetch(`${server.url}/weights/${sha256}`)).arrayBuffer())).toEqual(bytes);
  } finally {
    await contributors.close();
    await server.kill();
    await rm(dataFolder, { recursive: true, force: true });
  }
}, 120_000);
