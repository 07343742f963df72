import { parseArgs } from 'node:util';

/**
 * For a command that takes nothing but `--help`: true if it is to run. Else its help is printed, or what is wrong with
 * its arguments, which makes the exit code 2.
 */
export function isToRun(args: readonly string[], help: string): boolean {
  try {
    const { values } = parseArgs({ args: [...args], options: { help: { type: 'boolean', default: false } } });
    if (values.help) console.log(help);
    return !values.help;
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n\n${help}`);
    process.exitCode = 2;
    return false;
  }
}
