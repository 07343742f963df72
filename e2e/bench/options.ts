import { parseArgs } from 'node:util';

export interface BenchOptions<Name extends string> {
  readonly names: readonly Name[];
  /** How often each is run; tables give the median and the worst. */
  readonly runs: number;
  /** What `trainer` is narrowed to; null is all of them. */
  readonly models: readonly string[] | null;
  readonly backends: readonly string[] | null;
  /** What `robust` and `codec-accuracy` are narrowed to; null is all of them. */
  readonly rows: readonly string[] | null;
}

/** The options, `help`, or what is wrong with them in one sentence. No name: all that are `quick`. */
export function readOptions<Name extends string>(
  args: readonly string[],
  benches: Readonly<Record<Name, { readonly isQuick: boolean }>>,
): BenchOptions<Name> | 'help' | { readonly problem: string } {
  let parsed: {
    values: { runs?: string; models?: string; backends?: string; rows?: string; help?: boolean };
    positionals: string[];
  };
  try {
    parsed = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        runs: { type: 'string', default: '3' },
        models: { type: 'string' },
        backends: { type: 'string' },
        rows: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
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
  const names = named.length > 0 ? [...new Set(named)] : all.filter((name) => benches[name].isQuick);
  const { models, backends, rows } = values;
  return { names, runs, models: listOf(models), backends: listOf(backends), rows: listOf(rows) };
}

const listOf = (text: string | undefined): readonly string[] | null => text?.split(',') ?? null;

/** Those of `all` that were asked for, in their own order; throws on one that is not there. */
export function chosenOf<Name extends string>(all: readonly Name[], asked: readonly string[] | null): readonly Name[] {
  if (asked === null) return all;
  const unknown = asked.find((name) => !(all as readonly string[]).includes(name));
  if (unknown !== undefined) throw new Error(`there is no ${unknown}: ${all.join(', ')}`);
  return all.filter((name) => asked.includes(name));
}
