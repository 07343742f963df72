import { join } from 'node:path';
import { SqliteDatabase } from '../../server/storage/sqlite/library.ts';

/** Rows of all tables of the database in this data folder, while its server runs. */
export function rowsOf(dataFolder: string): number {
  const database = new SqliteDatabase(join(dataFolder, 'fedtab.db'), { readOnly: true });
  try {
    const tables = database.prepare("select name from sqlite_master where type = 'table'").all() as { name: string }[];
    return tables.reduce((sum, { name }) => {
      const row = database.prepare(`select count(*) as rows from "${name}"`).get() as { rows: number };
      return sum + row.rows;
    }, 0);
  } finally {
    database.close();
  }
}
