import { parseArgs } from 'node:util';

/**
 * What a command was given, for one that takes `--help` and switches only. null where it is not to run: its help is
 * printed, or what is wrong with its arguments, which makes the exit code 2.
 */
export function switchesOf<Name extends string>(
  args: readonly string[],
  help: string,
  names: readonly Name[],
): Readonly<Record<Name, boolean>> | null {
  const option = { type: 'boolean', default: false } as const;
  try {
    const options = { ...Object.fromEntries(names.map((name) => [name, option])), help: option };
    const { values } = parseArgs({ args: [...args], options });
    if (values.help) console.log(help);
    return values.help ? null : (values as Record<Name, boolean>);
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n\n${help}`);
    process.exitCode = 2;
    return null;
  }
}
