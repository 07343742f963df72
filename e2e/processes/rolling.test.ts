import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { TaskId } from '../../shared/ids.ts';
import { seededRng } from '../../shared/rng.ts';
import { Contributors } from '../crash/contributors.ts';
import { History } from '../crash/history.ts';
import { oneHotTask } from '../crash/one-hot.ts';
import { House } from './house.ts';

const CONTRIBUTORS = 6;
const ALL = Array.from({ length: CONTRIBUTORS }, (_, cell) => cell);
const seed = Number(process.env['ROLLING_SEED'] ?? 20_261_130);
/** Every round needs every contributor: one that cannot come back in time would have it abandoned. */
const task = oneHotTask(CONTRIBUTORS);

let house: House;
beforeAll(async () => {
  house = await House.open({ count: 3 });
}, 120_000);
afterAll(() => house?.dispose());

it(`I1 I2 I3 I4 I7: three processes end in order and start again one after the other, under load, and no round fails (ROLLING_SEED=${seed})`, async () => {
  const work = seededRng(seed);
  const contributors = new Contributors(house.entrance.url, task.id as TaskId, CONTRIBUTORS, {
    pass: (_round, _cell, signal) => delay(50 + work.below(400), undefined, { signal }),
  });
  const history = new History();
  const server = () => house.running()[0]!;
  const newest = (): number => Math.min(...contributors.clients.map((client) => client.view().version ?? 0));
  /** A task passes on within two seconds; an answer that nobody gives was waited for twenty-four. */
  const goesOn = async (of: string): Promise<void> => {
    const before = newest();
    await contributors.until(() => newest() > before, `${of}: everybody has the next version`, 20_000);
  };
  const isInTheMiddle = (): boolean => {
    const sent = contributors.acksOf(
      Math.max(0, ...contributors.clients.map((client) => client.view().round ?? 0)),
    ).size;
    return sent > 0 && sent < CONTRIBUTORS - 1;
  };
  try {
    await server().adminJson('/api/tasks', { body: task });
    await contributors.start();
    await server().adminJson(`/api/tasks/${task.id}/rounds`, { body: { count: 10_000 } });
    for (const place of house.servers.keys()) {
      await contributors.until(
        isInTheMiddle,
        `before process ${place} ends: some have sent their reports, others work`,
      );
      expect(await house.stop(place), `process ${place} ends in order`).toBe(0);
      await goesOn(`without process ${place}`);
      await house.start(place);
    }
    await goesOn('with all of them');
    // The round that is open still ends, and no other begins.
    await server().adminJson(`/api/tasks/${task.id}/pause`, { body: {} });
    await contributors.until(
      () => contributors.clients.every((client) => client.view().round === null),
      'the last round ends',
    );
    await history.read(server(), task.id);
    history.holds(contributors.acknowledged);
    expect([...contributors.acknowledged.keys()].filter((round) => !history.committed.has(round))).toEqual([]);
    for (const { number, cells } of history.committed.values())
      expect([...cells].sort(), `round ${number}: everybody counts`).toEqual(ALL);
    expect(history.committed.size).toBeGreaterThanOrEqual(7);
  } catch (error) {
    console.error(house.log());
    throw error;
  } finally {
    await contributors.close();
  }
});
