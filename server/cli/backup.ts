import { parseArgs } from 'node:util';
import { readConfig } from '../config.ts';
import { backUpFolder } from './backup-folder.ts';
import { CommandError, runCommand } from './connection.ts';

const HELP = `Usage: node dist/server/cli/backup.js FOLDER

Copies the data folder (FEDTAB_DATA) on SQLite to FOLDER, which is made or empty, and then its owner's alone: one moment of its
database, with the weights and the reports of open rounds that it names. The server may run meanwhile. To restore, start a server with FEDTAB_DATA=FOLDER.
`;

await runCommand(HELP, async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { help: { type: 'boolean', default: false } },
  });
  const [target, ...more] = positionals;
  if (values.help || target === undefined || more.length > 0) return 'usage';
  const config = readConfig([], process.env);
  if (!config.ok) throw new CommandError(config.failure.map(({ path, message }) => `${path}: ${message}`).join('\n'));
  if (config.value === 'help') return 'usage';
  const { dataFolder, databaseUrl } = config.value;
  if (databaseUrl !== null) throw new CommandError('the database is PostgreSQL: pg_dump backs it up');
  const { tasks, blobs, reports, damaged } = await backUpFolder(dataFolder, target);
  console.log(`${target}: ${tasks} tasks, ${blobs} blobs, ${reports} reports of open rounds`);
  if (damaged.length > 0)
    throw new CommandError(`damaged or gone in ${dataFolder}, and left out:\n${damaged.join('\n')}`);
  return 'done';
});
