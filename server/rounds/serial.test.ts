import { expect, test } from 'vitest';
import { Serial } from './serial.ts';

test('jobs run one at a time and in order; one that fails rejects alone', async () => {
  const serial = new Serial();
  const log: string[] = [];
  const job = (name: string, fails = false) =>
    serial.run(async () => {
      log.push(`${name} begins`);
      await Promise.resolve();
      log.push(`${name} ends`);
      if (fails) throw new Error(name);
      return name;
    });
  const results = await Promise.allSettled([job('a'), job('b', true), job('c')]);
  expect(results).toMatchObject([{ value: 'a' }, { reason: new Error('b') }, { value: 'c' }]);
  expect(log).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
});

test('idle waits for jobs that jobs ask for', async () => {
  const serial = new Serial();
  const log: string[] = [];
  void serial.run(async () => {
    void serial.run(async () => {
      log.push('second');
    });
    log.push('first');
  });
  await serial.idle();
  expect(log).toEqual(['first', 'second']);
});
