import { readOptions, type SimulateOptions } from './options.ts';
import { sweep } from './sweep.ts';

/** What the reproductions of published tables have in common: 60,000 digits over 100 contributors, ten a round. */
export const MNIST = '--in-process --task digits --clients 100 --cohort 10 --examples 600 --batch 10';

/** The options that these flags stand for; throws where they are wrong. */
export function trialOf(flags: string): SimulateOptions {
  const options = readOptions(flags.split(' '));
  if (options === 'help' || 'problem' in options) throw new Error(`${flags}: ${JSON.stringify(options)}`);
  return options;
}

/** The rate of most promise on the first rounds. */
export async function bestRate(
  options: SimulateOptions,
  rates: readonly number[],
  say: (line: string) => void,
): Promise<number> {
  const [only = 0.1] = rates;
  if (rates.length < 2) return only;
  const [best] = await sweep({ ...options, until: null }, rates, { say });
  return best?.rate ?? only;
}

/** Every round as it ends, beside the table, for a run of an hour. */
export function progress(line: string): void {
  process.stderr.write(`${line}\n`);
}

export function percent(share: number): string {
  return `${Number((100 * share).toFixed(2))} %`;
}
