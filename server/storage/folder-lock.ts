import { join } from 'node:path';
import { DataFolderInUseError } from './errors.ts';
import { RESULT, resultCode, SqliteDatabase } from './sqlite/library.ts';

/** Databases that nobody refers to are collected and closed, and their locks with them. */
const held = new Set<unknown>();

/**
 * Takes the data folder for this process alone; returns what gives it back. The lock is SQLite's lock on a small
 * database, so it is the kernel that holds it, and it goes with the process however that ends.
 */
export function lockFolder(folder: string): () => void {
  const database = new SqliteDatabase(join(folder, 'lock'));
  try {
    database.exec('pragma busy_timeout = 0');
    database.exec('pragma journal_mode = memory');
    database.exec('begin exclusive');
  } catch (error) {
    database.close();
    if (resultCode(error) !== RESULT.busy) throw error;
    throw new DataFolderInUseError(`${folder} is in use by another Fedtab process: stop it, or choose another folder`);
  }
  held.add(database);
  return () => {
    if (held.delete(database)) database.close();
  };
}
