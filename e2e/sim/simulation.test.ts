import { expect, it } from 'vitest';
import { readOptions } from './options.ts';
import { simulate } from './simulation.ts';

it('trains a population on its own examples over real sockets, some of whom drop out', async () => {
  const flags =
    '--task seed-dense --clients 6 --cohort 4 --rounds 3 --examples 100 --partition shards:4 --dropout 0.2 --seed 2';
  const options = readOptions(flags.split(' '));
  if (options === 'help' || 'problem' in options) throw new Error('bad flags');
  const lines: string[] = [];
  const figures = await simulate(options, (line) => lines.push(line));
  expect(figures).toMatchObject({ task: 'seed-dense', seed: 2, initial: { version: 0 }, final: { version: 3 } });
  expect(figures.clients).toEqual(Array(6).fill({ backend: 'wasm', requested: 'auto', reason: null }));
  expect(figures.rounds.map(({ number, outcome, version }) => [number, outcome, version])).toEqual([
    [1, 'committed', 1],
    [2, 'committed', 2],
    [3, 'committed', 3],
  ]);
  for (const { accepted, uplinkBytes, downlinkBytes } of figures.rounds) {
    expect(accepted).toBeGreaterThanOrEqual(2);
    expect(uplinkBytes).toBe(accepted * (96 + 4 * 7_850));
    expect(downlinkBytes).toBe(4 * 4 * 7_850);
  }
  expect(figures.final.accuracy).toBeGreaterThan((figures.initial.accuracy ?? 1) + 0.02);
  expect(figures.final).toEqual({ version: 3, accuracy: figures.rounds[2]?.accuracy, loss: figures.rounds[2]?.loss });
  expect(lines).toHaveLength(4);
});

it('says what it cannot do', async () => {
  const options = readOptions(['--clients', '200', '--examples', '600']);
  if (options === 'help' || 'problem' in options) throw new Error('bad flags');
  await expect(simulate(options, () => {})).rejects.toThrow('more than the 60000 there are');
});
