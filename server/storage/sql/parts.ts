import type { Kysely, RawBuilder, Transaction } from 'kysely';
import type { TaskId } from '../../../shared/ids.ts';
import type { FencingToken, NewCheckpoint } from '../port.ts';
import type { Schema } from '../schema.ts';

export type Work = Transaction<Schema>;

/**
 * What this code needs of a database besides Kysely. What it is given to do may be done again from the beginning, after a
 * conflict or on another connection: it must not keep anything from one time to the next.
 */
export interface Database {
  /** Statements that need not fit together. */
  read<Value>(work: (rows: Kysely<Schema>) => Promise<Value>): Promise<Value>;
  /** All read of one moment, and nothing written. */
  snapshot<Value>(work: (work: Work) => Promise<Value>): Promise<Value>;
  /** One transaction; of those that name the same task, one after another. */
  change<Value>(tasks: readonly TaskId[], work: (work: Work) => Promise<Value>): Promise<Value>;
  /** Milliseconds since 1970 by the database's own clock, which all processes share. */
  now(): RawBuilder<number>;
  /** After what was asked for is done. */
  close(): Promise<void>;
}

/** Ids in one `in (…)`, or rows in one insert: below every database's limit on parameters. */
const PORTION = 500;

export function portions<Item>(items: readonly Item[]): Item[][] {
  const result: Item[][] = [];
  for (let start = 0; start < items.length; start += PORTION) result.push(items.slice(start, start + PORTION));
  return result;
}

/** A token can only change in another transaction of this task: what holds here holds when it is committed. */
export async function fenceHolds(work: Work, task: TaskId, fence: FencingToken): Promise<boolean> {
  const row = await work.selectFrom('tasks').select('fence').where('id', '=', task).executeTakeFirst();
  return row?.fence === fence;
}

/** −1 if the task is not there. */
export async function newestVersion(work: Work, task: TaskId): Promise<number> {
  const row = await work
    .selectFrom('checkpoints')
    .select(({ fn }) => fn.max('version').as('version'))
    .where('task', '=', task)
    .executeTakeFirst();
  return row?.version ?? -1;
}

export async function insertCheckpoint(work: Work, task: TaskId, checkpoint: NewCheckpoint, at: number): Promise<void> {
  const { version, sha256, bytes, optimizerSha256, step, origin, round, copyOf } = checkpoint;
  await work
    .insertInto('checkpoints')
    .values({
      task,
      version,
      sha256,
      bytes,
      optimizerSha256,
      stepSha256: step?.sha256 ?? null,
      stepBytes: step?.bytes ?? null,
      origin,
      round,
      copyOf,
      createdAt: at,
      metricsJson: null,
      kept: 1,
    })
    .execute();
}
