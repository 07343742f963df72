import type { Storage } from '../port.ts';
import { sqlAdmin } from './admin.ts';
import { sqlCheckpoints } from './checkpoints.ts';
import type { Database } from './parts.ts';
import { sqlRounds } from './rounds.ts';
import { sqlTasks } from './tasks.ts';

/** The port on any database that Kysely reaches and whose tables are migrated. */
export function sqlStorage(database: Database): Storage {
  return {
    tasks: sqlTasks(database),
    rounds: sqlRounds(database),
    checkpoints: sqlCheckpoints(database),
    admin: sqlAdmin(database),
    close: () => database.destroy(),
  };
}
