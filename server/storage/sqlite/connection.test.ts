import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BugError } from '../../../shared/assert.ts';
import { CorruptDatabaseError, StorageFullError, StorageIoError } from '../errors.ts';
import { Connection, failureOf } from './connection.ts';
import { RESULT } from './library.ts';
import { errorOf, type Failure, type SqliteValue } from './messages.ts';

let folder: string;
let path: string;
let connection: Connection;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fedtab-connection-'));
  path = join(folder, 'test.db');
  connection = new Connection(path);
  run('create table t (a integer primary key, b text unique)');
});
afterEach(() => {
  connection.run({ kind: 'close' });
  rmSync(folder, { recursive: true });
});

function run(sql: string, parameters: readonly SqliteValue[] = [], inTransaction = false) {
  return connection.run({ kind: 'run', sql, parameters, inTransaction });
}
function failure(work: () => unknown): Failure {
  try {
    work();
  } catch (error) {
    return failureOf(error);
  }
  throw new Error('it did not fail');
}
const count = (): unknown => run('select count(*) as n from t').rows[0];
const pragma = (name: string): unknown => Object.values(run(`pragma ${name}`).rows[0] ?? {})[0];

describe('the connection', () => {
  it('is durable, checked and closed to tricks of the schema', () => {
    expect(pragma('journal_mode')).toBe('wal');
    expect(pragma('synchronous')).toBe(2);
    expect(pragma('foreign_keys')).toBe(1);
    expect(pragma('trusted_schema')).toBe(0);
    expect(pragma('busy_timeout')).toBe(5000);
  });

  it('gives rows to whatever returns rows, and counts to the rest', () => {
    expect(run('insert into t (b) values (?), (?) returning a, b', ['x', 'y']).rows).toEqual([
      { a: 1, b: 'x' },
      { a: 2, b: 'y' },
    ]);
    expect(run('update t set b = b || ?', ['!'])).toEqual({ rows: [], changes: 2 });
    expect(run('select a from t where b = ?', ['x!']).rows).toEqual([{ a: 1 }]);
    expect(run('select ? as big, ? as real, ? as none', [2 ** 52, 0.1, null]).rows).toEqual([
      { big: 2 ** 52, real: 0.1, none: null },
    ]);
  });

  it('commits or takes back a transaction whole', () => {
    connection.run({ kind: 'begin' });
    run('insert into t (b) values (?)', ['kept'], true);
    connection.run({ kind: 'commit' });
    connection.run({ kind: 'begin' });
    run('insert into t (b) values (?)', ['lost'], true);
    connection.run({ kind: 'rollback' });
    connection.run({ kind: 'rollback' });
    expect(run('select b from t').rows).toEqual([{ b: 'kept' }]);
  });

  it('refuses the rest of a transaction in which something failed, for the same reason', () => {
    run('insert into t (b) values (?)', ['x']);
    connection.run({ kind: 'begin' });
    const first = failure(() => run('insert into t (b) values (?)', ['x'], true));
    expect(first.message).toContain('UNIQUE');
    expect(failure(() => run('insert into t (b) values (?)', ['y'], true))).toEqual(first);
    expect(failure(() => connection.run({ kind: 'commit' }))).toEqual(first);
    connection.run({ kind: 'rollback' });
    expect(count()).toEqual({ n: 1 });
    expect(failure(() => run('insert into t (b) values (?)', ['z'], true)).message).toBe('no transaction is open');
  });

  it('writes nothing outside a transaction that could not begin', () => {
    const other = new Connection(path);
    other.run({ kind: 'begin' });
    run('pragma busy_timeout = 0');
    expect(failure(() => connection.run({ kind: 'begin' })).code).toBe(RESULT.busy);
    expect(failure(() => run('insert into t (b) values (?)', ['x'], true)).code).toBe(RESULT.busy);
    other.run({ kind: 'rollback' });
    connection.run({ kind: 'rollback' });
    other.run({ kind: 'close' });
    expect(count()).toEqual({ n: 0 });
  });

  it('says when the disk is full, and can still be read', () => {
    run(`pragma max_page_count = ${Number(pragma('page_count')) + 2}`);
    connection.run({ kind: 'begin' });
    const full = failure(() => run('insert into t (b) values (?)', ['x'.repeat(50_000)], true));
    expect(errorOf(full, path)).toBeInstanceOf(StorageFullError);
    expect(
      errorOf(
        failure(() => connection.run({ kind: 'commit' })),
        path,
      ),
    ).toBeInstanceOf(StorageFullError);
    connection.run({ kind: 'rollback' });
    expect(count()).toEqual({ n: 0 });
    expect(run('insert into t (b) values (?)', ['fits'])).toMatchObject({ changes: 1 });
  });

  it('keeps statements prepared, and more of them than it keeps', () => {
    for (let index = 0; index < 500; index += 1) {
      expect(run(`select ${index % 250} as n`).rows).toEqual([{ n: index % 250 }]);
    }
  });

  it('calls mistakes in our SQL bugs, and anything else a failure of I/O', () => {
    const path = 'x.db';
    expect(
      errorOf(
        failure(() => run('select nothing from nowhere')),
        path,
      ),
    ).toBeInstanceOf(BugError);
    run('insert into t (a, b) values (1, ?)', ['x']);
    expect(
      errorOf(
        failure(() => run('insert into t (a, b) values (1, ?)', ['y'])),
        path,
      ),
    ).toBeInstanceOf(BugError);
    expect(errorOf({ code: 10, message: 'disk I/O error' }, path)).toBeInstanceOf(StorageIoError);
    expect(errorOf({ code: null, message: 'out of memory' }, path)).toBeInstanceOf(StorageIoError);
  });

  it('does not open what is no database', () => {
    writeFileSync(join(folder, 'text'), 'These are the times that try men’s souls. '.repeat(200));
    const refused = failure(() => new Connection(join(folder, 'text')));
    expect(refused.code).toBe(RESULT.notADatabase);
    expect(errorOf(refused, 'text')).toBeInstanceOf(CorruptDatabaseError);
    expect(
      errorOf(
        failure(() => new Connection(folder)),
        folder,
      ),
    ).toBeInstanceOf(StorageIoError);
  });

  it('does not open a database with damaged pages', () => {
    const damaged = join(folder, 'damaged.db');
    const before = new Connection(damaged);
    before.run({ kind: 'run', sql: 'create table t (a text)', parameters: [], inTransaction: false });
    before.run({ kind: 'run', sql: 'create index i on t (a)', parameters: [], inTransaction: false });
    for (let index = 0; index < 400; index += 1) {
      const parameters = [`row ${index} ${'x'.repeat(100)}`];
      before.run({ kind: 'run', sql: 'insert into t values (?)', parameters, inTransaction: false });
    }
    before.run({ kind: 'close' });
    const bytes = readFileSync(damaged);
    bytes.fill(0x5a, 4096 * 3, 4096 * 4);
    writeFileSync(damaged, bytes);
    expect(
      errorOf(
        failure(() => new Connection(damaged)),
        damaged,
      ),
    ).toBeInstanceOf(CorruptDatabaseError);
  });
});
