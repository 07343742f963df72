import { parseArgs } from 'node:util';
import { isTemplateName } from '../../shared/task/parse.ts';
import { TEMPLATES, type TemplateName } from '../../shared/task/templates/index.ts';
import { BACKENDS, type RequestedBackend } from '../../web/client/ports.ts';

export interface DemoOptions {
  readonly tabs: number;
  readonly rounds: number;
  readonly task: TemplateName;
  readonly backend: RequestedBackend;
  readonly examples: number;
  readonly keepReports: string | null;
  readonly exit: boolean;
  readonly json: string | null;
}

export const HELP = `npm run demo -- [options]
Starts a server, opens contributors in real browser tabs, each with sample data of its own, and runs rounds.

  --tabs N            contributors, each in its own browser profile (3)
  --rounds N          rounds to commit (10)
  --task T            ${Object.keys(TEMPLATES).join(' | ')} (digits)
  --backend B         ${BACKENDS.join(' | ')} (auto)
  --examples N        sample examples in each tab (600)
  --keep-reports DIR  keep every report and version, to compute the averages again
  --exit              end after the last round instead of serving on
  --json FILE         write the figures as JSON
`;

/** The options, or what is wrong with them. */
export function readOptions(args: readonly string[]): DemoOptions | 'help' | { readonly problem: string } {
  let values: Record<string, string | boolean | undefined>;
  try {
    values = parseArgs({
      args: [...args],
      options: {
        tabs: { type: 'string', default: '3' },
        rounds: { type: 'string', default: '10' },
        task: { type: 'string', default: 'digits' },
        backend: { type: 'string', default: 'auto' },
        examples: { type: 'string', default: '600' },
        'keep-reports': { type: 'string' },
        exit: { type: 'boolean', default: false },
        json: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
  if (values['help'] === true) return 'help';
  const tabs = whole(values['tabs'], 1, 30);
  if (tabs === null) return { problem: '--tabs takes a whole number from 1 to 30' };
  const rounds = whole(values['rounds'], 1, 10_000);
  if (rounds === null) return { problem: '--rounds takes a whole number from 1 to 10000' };
  const examples = whole(values['examples'], 1, 6_000);
  if (examples === null) return { problem: '--examples takes a whole number from 1 to 6000' };
  const task = values['task'];
  if (!isTemplateName(task)) return { problem: `--task takes one of ${Object.keys(TEMPLATES).join(', ')}` };
  const backend = BACKENDS.find((name) => name === values['backend']);
  if (backend === undefined) return { problem: `--backend takes one of ${BACKENDS.join(', ')}` };
  const text = (name: string): string | null => (typeof values[name] === 'string' ? values[name] : null);
  return {
    tabs,
    rounds,
    task,
    backend,
    examples,
    keepReports: text('keep-reports'),
    exit: values['exit'] === true,
    json: text('json'),
  };
}

function whole(value: unknown, minimum: number, maximum: number): number | null {
  const number = Number(value);
  return Number.isInteger(number) && number >= minimum && number <= maximum ? number : null;
}
