import { parseArgs } from 'node:util';

export interface BenchOptions<Name extends string> {
  readonly names: readonly Name[];
  /** How often each is run; tables give the median and the worst. */
  readonly runs: number;
}

/** The options, `help`, or what is wrong with them in one sentence. No name: all that are `quick`. */
export function readOptions<Name extends string>(
  args: readonly string[],
  benches: Readonly<Record<Name, { readonly isQuick: boolean }>>,
): BenchOptions<Name> | 'help' | { readonly problem: string } {
  let parsed: { values: { runs?: string; help?: boolean }; positionals: string[] };
  try {
    parsed = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { runs: { type: 'string', default: '3' }, help: { type: 'boolean', default: false } },
    });
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
  const { values, positionals } = parsed;
  if (values.help === true) return 'help';
  const runs = Number(values.runs);
  if (!(Number.isInteger(runs) && runs >= 1 && runs <= 100))
    return { problem: '--runs takes a whole number from 1 to 100' };
  const all = Object.keys(benches) as Name[];
  const isName = (name: string): name is Name => (all as readonly string[]).includes(name);
  const unknown = positionals.find((name) => !isName(name));
  if (unknown !== undefined) return { problem: `there is no benchmark ${unknown}: ${all.join(', ')}` };
  const named = positionals.filter(isName);
  return { names: named.length > 0 ? [...new Set(named)] : all.filter((name) => benches[name].isQuick), runs };
}
