import { parseArgs } from 'node:util';
import type { LoadOptions } from './stage.ts';

const USUAL = { contributors: 10_000, reporters: 1_000, 'idle-seconds': 300, minutes: 20 } as const;
const FULL = { contributors: 18_000, reporters: 2_000, 'idle-seconds': 300, minutes: 240 } as const;
type Setting = keyof typeof USUAL;
const MAXIMUM: Readonly<Record<Setting, number>> = {
  ...{ contributors: 19_000, reporters: 10_000, 'idle-seconds': 86_400, minutes: 1_440 },
};
const SETTINGS = Object.keys(USUAL) as Setting[];

export interface LoadCommand<Name extends string> extends LoadOptions {
  readonly names: readonly Name[];
}

/** The options, `help`, or what is wrong with them in one sentence. No name: all scenes. */
export function readOptions<Name extends string>(
  args: readonly string[],
  scenes: readonly Name[],
): LoadCommand<Name> | 'help' | { readonly problem: string } {
  try {
    const text = { type: 'string' } as const;
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        ...{ contributors: text, reporters: text, 'idle-seconds': text, minutes: text },
        full: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
    if (values.help) return 'help';
    const unknown = positionals.find((name) => !(scenes as readonly string[]).includes(name));
    if (unknown !== undefined) return { problem: `there is no scene ${unknown}: ${scenes.join(', ')}` };
    const usual = values.full ? FULL : USUAL;
    const settings = { ...usual } as Record<Setting, number>;
    for (const name of SETTINGS) {
      const value = Number(values[name] ?? usual[name]);
      if (!(Number.isInteger(value) && value >= 1 && value <= MAXIMUM[name]))
        return { problem: `--${name} takes a whole number from 1 to ${MAXIMUM[name]}` };
      settings[name] = value;
    }
    const { contributors, reporters, minutes } = settings;
    const names = positionals.length === 0 ? scenes : scenes.filter((name) => positionals.includes(name));
    return { names, contributors, reporters, minutes, idleSeconds: settings['idle-seconds'] };
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
}

export const OPTIONS_HELP = `  --contributors N   of idle and storm (${USUAL.contributors}; each takes a descriptor of two processes)
  --reporters N      of round and floor (${USUAL.reporters})
  --idle-seconds N   of idle (${USUAL['idle-seconds']})
  --minutes N        of soak (${USUAL.minutes})
  --full             ${FULL.contributors} contributors, ${FULL.reporters} reporters, ${FULL.minutes} minutes
  --help             this text
`;
