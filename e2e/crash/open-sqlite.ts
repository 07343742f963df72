import { openSqlite } from '../../server/storage/sqlite/sqlite.ts';

// A process that only brings a database up to date: `strace/migration.test.ts` ends it in the middle.
await (await openSqlite(process.argv[2] ?? '')).close();
