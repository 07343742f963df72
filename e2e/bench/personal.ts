import type { Examples } from '../../web/trainer/core/examples.ts';
import { LAMBDA, personalise } from '../../web/trainer/core/personalise.ts';
import { ALL_DIGITS, softmaxDigits, trainDigitModel } from './digit-model.ts';
import { tableOf } from './table.ts';

const LAMBDAS = [0, 0.1, 0.2, 1];
/** What each contributor has. */
const PAIRS: readonly (readonly number[])[] = [
  [0, 1],
  [2, 3],
  [4, 9],
  [5, 8],
  [6, 7],
];
const OWN_EXAMPLES = 100;
const FITS = 3;

/** How far a fit's pull λ trades what a contributor has against what the shared model knows of the rest. Seeded: `runs` changes nothing. */
export async function benchPersonal(_runs: number, say: (line: string) => void): Promise<void> {
  const digits = await trainDigitModel();
  const { shared } = digits;
  const everything = digits.examples(6_000, 1_000, ALL_DIGITS);
  const contributors = PAIRS.map((pair, at) => ({
    own: digits.examples(2_000 + 200 * at, OWN_EXAMPLES, pair),
    others: digits.examples(6_000, 400, pair),
  }));

  async function fitted(own: Examples, lambda: number, fits: number): Promise<Float32Array> {
    let params: Float32Array | null = null;
    for (let fit = 1; fit <= fits; fit++) {
      const outcome = await personalise(digits.model, shared, params, own, {
        plan: softmaxDigits.client,
        seed: fit,
        lambda,
      });
      if (!outcome.ok) throw new Error(outcome.message);
      params = outcome.params;
    }
    return params ?? shared;
  }

  /** Means over the contributors, on their own digits and on all ten. */
  async function means(lambda: number | null, fits: number): Promise<string[]> {
    const sums = [0, 0];
    for (const { own, others } of contributors) {
      const params = lambda === null ? shared : await fitted(own, lambda, fits);
      sums[0] = (sums[0] ?? 0) + (await digits.accuracy(params, others));
      sums[1] = (sums[1] ?? 0) + (await digits.accuracy(params, everything));
    }
    return sums.map((sum) => percent(sum / contributors.length));
  }

  const rows = [['none', ...(await means(null, 0)), '–', '–']];
  for (const lambda of LAMBDAS)
    rows.push([String(lambda), ...(await means(lambda, 1)), ...(await means(lambda, FITS))]);
  const header = ['λ', 'other examples of their digits', 'all ten digits', `theirs after ${FITS} fits`, 'all ten'];
  say(tableOf(header, rows));

  const own = digits.examples(2_000, OWN_EXAMPLES, ALL_DIGITS);
  const ofAll = async (params: Float32Array): Promise<string> => percent(await digits.accuracy(params, everything));
  const after: string[] = [];
  for (const lambda of [0, LAMBDA]) after.push(`${await ofAll(await fitted(own, lambda, 1))} with λ ${lambda}`);
  say(`\nWith ${OWN_EXAMPLES} examples of all ten digits: ${await ofAll(shared)} become ${after.join(', ')}.`);
  digits.dispose();
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
