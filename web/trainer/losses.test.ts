import { expect, test } from 'vitest';
import { lossesOf } from './losses.ts';

test('a backend is avoided after two losses in a row, through later successes, until the person asks anew', () => {
  const losses = lossesOf();
  losses.add('webgl');
  losses.endRows();
  losses.add('webgl');
  expect(losses.avoided()).toEqual([]);
  losses.add('webgl');
  expect(losses.avoided()).toEqual(['webgl']);
  losses.endRows();
  losses.add('webgpu');
  expect(losses.avoided()).toEqual(['webgl']);
  losses.forgive();
  expect(losses.avoided()).toEqual([]);
  expect(losses.count()).toBe(4);
});

test('one that took its thread with it is avoided at once, and counted', () => {
  const losses = lossesOf();
  losses.avoid('webgpu');
  expect([losses.avoided(), losses.count()]).toEqual([['webgpu'], 1]);
  losses.endRows();
  expect(losses.avoided()).toEqual(['webgpu']);
});
