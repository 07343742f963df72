import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';
import { machineLine } from './bench/machine.ts';

// The commands of `npm run chaos`: what they draw comes from a seed, and what they find ends them with 1.

/** What a command was given, or that its help is wanted, or what is wrong with it. */
export type Given<Options> = Options | 'help' | { readonly problem: string };

/** Whole numbers from 1 with what each is otherwise, `--seed` (the time of day), and what else `more` has, as it was given. */
export function readSeeded<Name extends string>(
  args: readonly string[],
  otherwise: Readonly<Record<Name, number>>,
  more: ParseArgsOptionsConfig = {},
): Given<{
  readonly numbers: Readonly<Record<Name | 'seed', number>>;
  readonly others: Readonly<Record<string, unknown>>;
}> {
  const all = { ...otherwise, seed: Date.now() % 2 ** 31 };
  const names = Object.keys(all) as (Name | 'seed')[];
  const asText = names.map((name) => [name, { type: 'string', default: String(all[name]) }] as const);
  try {
    const options = { ...Object.fromEntries(asText), ...more, help: { type: 'boolean' } } as const;
    const { values: others } = parseArgs({ args: [...args], options });
    if (others.help === true) return 'help';
    const numbers = { ...all };
    for (const name of names) {
      const least = name === 'seed' ? 0 : 1;
      numbers[name] = Number((others as Record<string, unknown>)[name]) as (typeof numbers)[typeof name];
      if (!Number.isInteger(numbers[name]) || numbers[name] < least)
        return { problem: `--${name} takes a whole number${least === 1 ? ' from 1' : ''}` };
    }
    return { numbers, others };
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
}

/** Carries it out and prints its figures; returns the exit code. `cannot`: why this machine cannot. */
export async function runSeeded<Options extends { readonly seed: number }>(
  help: string,
  options: Given<Options>,
  work: (options: Options & { readonly say: (line: string) => void }) => Promise<object>,
  cannot: () => string | null = () => null,
): Promise<number> {
  if (options === 'help') {
    console.log(help);
    return 0;
  }
  const problem = 'problem' in options ? options.problem : cannot();
  if ('problem' in options || problem !== null) {
    console.error(`${problem}\n\n${help}`);
    return 2;
  }
  console.log(`${machineLine()}\nseed ${options.seed}\n`);
  const startedAt = performance.now();
  try {
    const figures = await work({ ...options, say: (line) => console.log(line) });
    const seconds = Math.round((performance.now() - startedAt) / 1_000);
    console.log(`\n${JSON.stringify({ ...figures, seconds }, null, 2)}`);
    return 0;
  } catch (error) {
    console.error(error, `(seed ${options.seed})`);
    return 1;
  }
}
