import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { isSha256 } from '../../shared/ids.ts';
import { readConfig } from '../config.ts';
import { type ChainFault, checkChain } from '../storage/audit-chain.ts';
import { openBeside } from './admin-link.ts';
import { CommandError, runCommand } from './connection.ts';

const HELP = `Usage: node dist/server/cli/audit.js [--from HASH]

Goes through the audit in the data folder (FEDTAB_DATA) or the database (FEDTAB_DATABASE_URL), and says how many rows its chain has and the
hash of the last. Ends with 1 and the first row that does not fit if one was changed, removed from the middle or put in. The server may run meanwhile.

  --from HASH   also ends with 1 if the chain does not have this hash, which was noted earlier: its end was cut off, or it was made anew
`;

const WHAT: Readonly<Record<ChainFault['kind'], string>> = {
  changed: 'it was changed: it does not have its hash',
  follows: 'it does not follow the row before it: one was removed, put in or changed here',
  unchained: 'it was put in: it has no place in the chain',
};

await runCommand(HELP, async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { from: { type: 'string' }, help: { type: 'boolean', default: false } },
  });
  const { from = null } = values;
  if (values.help || positionals.length > 0 || !(from === null || isSha256(from))) return 'usage';
  const config = readConfig([], process.env);
  if (!config.ok) throw new CommandError(config.failure.map(({ path, message }) => `${path}: ${message}`).join('\n'));
  if (config.value === 'help') return 'usage';
  const storage = await openBeside(config.value);
  if (storage === null) throw new CommandError(`there is no ${join(config.value.dataFolder, 'fedtab.db')}`);
  try {
    const { length, head, outside, sinceAnchor, fault } = await checkChain(storage.admin, from);
    console.log(`${length} rows in the chain, the last is ${head ?? 'none'}; ${outside} refused logins outside of it`);
    if (fault !== null) {
      const { id, at, actor, action, task } = fault.row;
      const said = JSON.stringify({ at: new Date(at), actor, action, task });
      throw new CommandError(`row ${id}, ${said}: ${WHAT[fault.kind]}`);
    }
    if (from !== null && sinceAnchor === null)
      throw new CommandError(`the chain does not have ${from}: its end was cut off, or it was made anew`);
    if (from !== null) console.log(`${sinceAnchor} of them after ${from}`);
    return 'done';
  } finally {
    await storage.close();
  }
});
