import { expect, it } from 'vitest';
import { readOptions } from './options.ts';

const SCENES = ['idle', 'round', 'soak'] as const;

it('runs every scene with the figures that are promised, or those that are named, in their own order', () => {
  const promised = { contributors: 10_000, reporters: 1_000, idleSeconds: 300, minutes: 20 };
  expect(readOptions([], SCENES)).toEqual({ names: SCENES, ...promised });
  expect(readOptions(['soak', 'idle'], SCENES)).toMatchObject({ names: ['idle', 'soak'] });
  expect(readOptions(['idle', '--idle-seconds', '5', '--contributors=200'], SCENES)).toMatchObject({
    ...{ contributors: 200, idleSeconds: 5 },
  });
  expect(readOptions(['--full', '--minutes', '1'], SCENES)).toMatchObject({ contributors: 18_000, minutes: 1 });
  expect(readOptions(['--help'], SCENES)).toBe('help');
});

it.each([
  [['night'], 'there is no scene night: idle, round, soak'],
  [['--minutes', '0'], '--minutes takes a whole number from 1 to 1440'],
  [['--contributors', '20000'], '--contributors takes a whole number from 1 to 19000'],
])('%j: %s', (args, problem) => {
  expect(readOptions(args, SCENES)).toEqual({ problem });
});

it('says what it does not know', () => {
  expect(readOptions(['--no-such-thing'], SCENES)).toMatchObject({
    problem: expect.stringContaining('--no-such-thing'),
  });
});
