import { expect, test } from 'vitest';
import { createLogger } from './logger.ts';

test('threat C13: one JSON line, with the level in words, the time, and no secrets', () => {
  const lines: string[] = [];
  const logger = createLogger('info', { write: (line) => void lines.push(line) });
  logger.debug('not written');
  logger.info({ task: { joinToken: 'a-secret', access: { joinToken: 'a-secret' } } }, 'hello');
  expect(lines).toHaveLength(1);
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ level: 'info', msg: 'hello' });
  expect(JSON.parse(lines[0] ?? '').time).toMatch(/^\d{4}-\d\d-\d\dT.*Z$/);
  expect(lines[0]).not.toContain('a-secret');
});
