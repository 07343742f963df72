import type { TaskId } from '../../shared/ids.ts';
import { settled } from '../client/indexed-db.ts';
import { removeSecret } from '../client/secret-store.ts';
import { databasesOf } from '../data/database-name.ts';

/**
 * Deletes what this origin keeps of a task, where the program that would ask the server as well cannot be had. Rejects
 * where the browser does not let go of it.
 */
export async function forgetHere(
  task: TaskId,
): Promise<{ readonly serverForgot: false; readonly examplesDeleted: true }> {
  await Promise.all([removeSecret(task), ...databasesOf(task).map((name) => settled(indexedDB.deleteDatabase(name)))]);
  return { serverForgot: false, examplesDeleted: true };
}
