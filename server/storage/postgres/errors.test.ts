import { DatabaseError } from 'pg';
import { expect, test } from 'vitest';
import { BugError } from '../../../shared/assert.ts';
import { CorruptDatabaseError, StorageFullError, StorageIoError } from '../errors.ts';
import { errorOf, losesReply, PassingError } from './errors.ts';

const failure = (code: string): DatabaseError => Object.assign(new DatabaseError('it failed', 9, 'error'), { code });

test.each([
  ['53100', StorageFullError],
  ['40001', PassingError],
  ['40P01', PassingError],
  ['55P03', PassingError],
  ['57P01', PassingError],
  ['57P03', PassingError],
  ['53300', PassingError],
  ['08006', PassingError],
  ['XX001', CorruptDatabaseError],
  ['23505', BugError],
  ['42601', BugError],
  ['22003', BugError],
  ['58030', StorageIoError],
  ['57014', StorageIoError],
])('%s of PostgreSQL is our %o', (code, kind) => {
  const error = errorOf(failure(code));
  expect(error.constructor).toBe(kind);
  expect(error.message).toBe('PostgreSQL: it failed');
});

test('what is no answer of PostgreSQL is a connection that was lost', () => {
  const refused = new AggregateError([
    new Error('connect ECONNREFUSED ::1'),
    new Error('connect ECONNREFUSED 127.0.0.1'),
  ]);
  const error = errorOf(refused);
  expect(error).toBeInstanceOf(PassingError);
  expect(error.message).toBe('the connection to PostgreSQL: connect ECONNREFUSED ::1; connect ECONNREFUSED 127.0.0.1');
});

test('an answer to COMMIT says what became of it, but for one that ends the connection', () => {
  expect([failure('40001'), failure('23505'), failure('53100')].map(losesReply)).toEqual([false, false, false]);
  expect([failure('57P01'), failure('08006'), new Error('read ECONNRESET')].map(losesReply)).toEqual([
    true,
    true,
    true,
  ]);
});
