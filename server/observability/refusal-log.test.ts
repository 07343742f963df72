import { expect, test } from 'vitest';
import { LIMITS } from '../../shared/limits.ts';
import { createLogger } from './logger.ts';
import { createRefusalLog } from './refusal-log.ts';

test('a refused call has a line of its own, so many a minute, and the next line says how many had none', () => {
  const lines: string[] = [];
  let elapsedMs = 0;
  const refused = createRefusalLog(createLogger('info', { write: (line) => void lines.push(line) }), {
    elapsed: () => elapsedMs,
  });
  const most = LIMITS.refusalsLoggedPerMinute;
  for (let call = 0; call < most + 5; call++)
    refused({ place: 'http', reason: 401, method: 'POST', route: '/api/session', network: `network ${call}` });
  expect(lines).toHaveLength(most);
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ level: 'warn', place: 'http', reason: 401, msg: 'refused' });
  expect(JSON.parse(lines[0] ?? '')).not.toHaveProperty('unlogged');

  elapsedMs = 60_000;
  refused({ place: 'event', reason: 'hash', event: 'report-end' });
  expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({ place: 'event', reason: 'hash', unlogged: 5 });
  refused({ place: 'event', reason: 'rate' });
  expect(JSON.parse(lines.at(-1) ?? '')).not.toHaveProperty('unlogged');
});

test('one network cannot take the lines of others', () => {
  const lines: string[] = [];
  const refused = createRefusalLog(createLogger('info', { write: (line) => void lines.push(line) }), {
    elapsed: () => 0,
  });
  for (let call = 0; call < 1_000; call++) refused({ place: 'http', reason: 401, network: 'loud' });
  expect(lines).toHaveLength(LIMITS.refusalsLoggedPerMinute / 4);
  refused({ place: 'http', reason: 403, network: 'another' });
  expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({ reason: 403, network: 'another', unlogged: 985 });
});

test('what belongs to the ordinary course of rounds has none', () => {
  const lines: string[] = [];
  const refused = createRefusalLog(createLogger('info', { write: (line) => void lines.push(line) }), {
    elapsed: () => 0,
  });
  for (const reason of ['late', 'surplus', 'draining', 'not-assigned'] as const) refused({ place: 'event', reason });
  expect(lines).toEqual([]);
});
