import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { switchesOf } from '../command-line.ts';
import { verdictOf } from './verdict.ts';

// `npm run audit`: asks the registry about what production installs. Ends with 1 where something is high or critical; where
// nobody can be asked it says so, and ends with 0.

const HELP = `npm run audit -- [options]
Fails on known weaknesses, high or critical, of what \`npm ci --omit=dev\` installs. Without a network it says so and fails on nothing.

  --help  this text
`;

function audit(): void {
  const { stdout, stderr } = spawnSync('npm', ['audit', '--omit=dev', '--json'], {
    cwd: join(import.meta.dirname, '../..'),
    encoding: 'utf8',
  });
  const verdict = verdictOf(stdout || stderr || '');
  switch (verdict.kind) {
    case 'good':
      console.log(`nothing high or critical is known of the dependencies; lower: ${verdict.others}`);
      return;
    case 'bad':
      console.log(`known of the dependencies:\n${verdict.packages.join('\n')}`);
      process.exitCode = 1;
      return;
    case 'unknown':
      console.log(`1 not possible here: npm audit: ${verdict.reason}`);
  }
}

if (switchesOf(process.argv.slice(2), HELP, []) !== null) audit();
