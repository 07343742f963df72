import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { Score } from '../../shared/protocol/index.ts';
import { scoreText } from '../../shared/protocol/score-text.ts';
import { ago, CommandError, connect, runCommand } from './connection.ts';

const HELP = `Usage: node dist/server/cli/checkpoint.js COMMAND [--server URL]

  list ID                                  the versions of a task, oldest first
  save ID FILE [--version N]               one version: .npz for NumPy, .bin for the flat float32 vector
`;

interface Listed {
  readonly version: number;
  readonly sha256: string;
  readonly bytes: number;
  readonly createdAt: string;
  readonly metrics: Score | null;
  readonly kept: boolean;
}

await runCommand(HELP, async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { server: { type: 'string' }, version: { type: 'string' }, help: { type: 'boolean', default: false } },
  });
  const [command, id, file] = positionals;
  if (values.help || id === undefined) return 'usage';
  const { call, bytes } = await connect(values.server, process.env);
  const path = `/api/tasks/${encodeURIComponent(id)}`;
  if (command === 'list') {
    for (const row of (await call('GET', `${path}/checkpoints`)) as Listed[]) console.log(lineOf(row));
    return 'done';
  }
  if (command !== 'save' || file === undefined) return 'usage';
  const format = { npz: 'model.npz', bin: 'model/weights.bin' }[file.split('.').at(-1) ?? ''];
  if (format === undefined) throw new CommandError(`${file}: the name must end in .npz or .bin`);
  const query = values.version === undefined ? '' : `?version=${encodeURIComponent(values.version)}`;
  const content = await bytes(`${path}/${format}${query}`);
  writeFileSync(file, content);
  console.log(`${file}: ${content.length} bytes`);
  return 'done';
});

function lineOf({ version, sha256, bytes, createdAt, metrics, kept }: Listed): string {
  return [
    String(version).padStart(6),
    sha256.slice(0, 12),
    kept ? `${bytes} bytes` : 'not kept',
    metrics === null ? 'no score' : `${scoreText(metrics)}, loss ${metrics.loss.toFixed(3)}`,
    ago(createdAt),
  ].join('  ');
}
