import { StorageIoError } from '../errors.ts';
import type { RoundStore, Storage } from '../port.ts';
import { gatheredAccept } from './accept.ts';
import { sqlAdmin } from './admin.ts';
import { sqlCheckpoints } from './checkpoints.ts';
import type { Database } from './parts.ts';
import { sqlRounds } from './rounds.ts';
import { sqlTasks } from './tasks.ts';

/** The port on any database that Kysely reaches and whose tables are migrated. */
export function sqlStorage(database: Database): Storage {
  const gathered = gatheredAccept(database);
  let isClosed = false;
  const accept: RoundStore['accept'] = async (receipts, at) => {
    if (isClosed) throw new StorageIoError('the database is closed');
    return gathered.accept(receipts, at);
  };
  return {
    tasks: sqlTasks(database),
    rounds: sqlRounds(database, accept),
    checkpoints: sqlCheckpoints(database),
    admin: sqlAdmin(database),
    async close() {
      isClosed = true;
      await gathered.settled();
      await database.close();
    },
  };
}
