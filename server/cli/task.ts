import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { Score } from '../../shared/protocol/index.ts';
import { scoreText } from '../../shared/protocol/score-text.ts';
import { composeOverrides, isTemplateName } from '../../shared/task/parse.ts';
import { STRATEGY_NAMES, strategyOverrides } from '../../shared/task/strategies.ts';
import { TEMPLATES } from '../../shared/task/templates/index.ts';
import { toBytes } from '../../shared/weights/vector.ts';
import { CommandError, type Connection, connect, runCommand } from './connection.ts';
import { readModelFolder } from './model-folder.ts';

const HELP = `Usage: node dist/server/cli/task.js COMMAND [--server URL]

  list                       every task with its state, version and accuracy
  show ID                    one task as JSON
  create TEMPLATE [--id ID] [--file FILE]   a task from a template; FILE holds overrides as JSON
  create TEMPLATE --strategy S …   the same by a strategy, with its defaults: ${STRATEGY_NAMES.join(', ')}
  create [TEMPLATE] --model DIR …   the same with a model of your own: model.json and its .bin files (template: custom)
  start ID COUNT             run that many rounds more
  evaluate ID                scores the newest version on contributors' devices, where the task sets examples aside
  pause ID | resume ID | stop ID | archive ID
  rollback ID VERSION
  duplicate ID NEW-ID
  delete ID --yes            the task and its weights; the audit stays
`;

interface Listed {
  readonly id: string;
  readonly state: string;
  readonly version: number;
  readonly round: number;
  readonly roundsLeft: number;
  readonly online: number;
  readonly metrics: Score | null;
}

await runCommand(HELP, async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      server: { type: 'string' },
      id: { type: 'string' },
      file: { type: 'string' },
      model: { type: 'string' },
      strategy: { type: 'string' },
      yes: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const [command, id, third] = positionals;
  if (
    values.help ||
    command === undefined ||
    (command !== 'list' && id === undefined && !(command === 'create' && values.model))
  )
    return 'usage';
  const { call, sendBytes } = await connect(values.server, process.env);
  const path = `/api/tasks/${encodeURIComponent(id ?? '')}`;
  switch (command) {
    case 'list':
      console.log(tableOf((await call('GET', '/api/tasks')) as Listed[]));
      return 'done';
    case 'show':
      console.log(JSON.stringify(await call('GET', path), null, 2));
      return 'done';
    case 'create': {
      const overrides = values.file === undefined ? {} : readJson(values.file);
      const named = values.id === undefined ? {} : { id: values.id };
      const own = values.model === undefined ? {} : { model: await bring(values.model, sendBytes) };
      const template = id ?? 'custom';
      const whole = { ...strategyOf(template, values.strategy, overrides), ...own, ...named, template };
      const made = (await call('POST', '/api/tasks', whole)) as { id: string };
      console.log(`created ${made.id}`);
      return 'done';
    }
    case 'start':
      await call('POST', `${path}/rounds`, { count: Number(third ?? 1) });
      break;
    case 'rollback':
      if (third === undefined) return 'usage';
      await call('POST', `${path}/rollback`, { version: Number(third) });
      break;
    case 'duplicate':
      if (third === undefined) return 'usage';
      await call('POST', `${path}/duplicate`, { id: third });
      break;
    case 'delete':
      if (!values.yes) throw new CommandError('this deletes the task and its weights: say --yes');
      await call('DELETE', path, { confirm: id });
      break;
    case 'evaluate':
    case 'pause':
    case 'resume':
    case 'stop':
    case 'archive':
      await call('POST', `${path}/${command}`);
      break;
    default:
      return 'usage';
  }
  console.log('done');
  return 'done';
});

/** Reads a model of one's own and hands its weights to the server; the answer is `model` of the task. */
async function bring(folder: string, sendBytes: Connection['sendBytes']): Promise<object> {
  const { topology, weights, notes } = readModelFolder(folder);
  for (const note of notes) console.log(`note: ${note}`);
  if (weights === null) return { topology };
  const { sha256 } = (await sendBytes('/api/weights', toBytes(weights))) as { sha256: string };
  return { topology, weights: sha256 };
}

/** The overrides of a strategy, with what the file says over them. An unknown template is for the server to refuse. */
function strategyOf(template: string, strategy: string | undefined, overrides: object): object {
  if (strategy === undefined || !isTemplateName(template)) return overrides;
  const name = STRATEGY_NAMES.find((known) => known === strategy);
  if (name === undefined) throw new CommandError(`--strategy takes one of ${STRATEGY_NAMES.join(', ')}`);
  return composeOverrides(strategyOverrides(name, TEMPLATES[template]), overrides);
}

function tableOf(tasks: readonly Listed[]): string {
  if (tasks.length === 0) return 'no tasks';
  const rows = tasks.map(({ id, state, version, round, roundsLeft, online, metrics }) => [
    id,
    state,
    `version ${version}`,
    `round ${round}, ${roundsLeft} left`,
    `${online} online`,
    metrics === null ? '' : scoreText(metrics),
  ]);
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function readJson(path: string): object {
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'));
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
    throw new Error('it holds no JSON object');
  } catch (error) {
    throw new CommandError(`${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
