import * as v from 'valibot';
import { LIMITS } from '../limits.ts';
import { scoreSchema } from '../protocol/messages.ts';
import type { TargetForm } from '../task/kinds/form.ts';
import { sumsOf, worthOf } from './counts.ts';
import { BINS_COUNT } from './size.ts';

const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const amount = v.pipe(v.number(), v.finite(), v.minValue(0));

/** What came of an evaluation round: of all contributors together, and never of one. */
export const evaluationSchema = v.object({
  /** Contributors whose counts are in it. */
  clients: count,
  /** Their examples that are never trained on. */
  examples: count,
  /** Over all examples: who has more counts for more. */
  score: scoreSchema,
  /**
   * The contributors' own accuracies (or errors), of which each counts the same; null where they are so few that it would
   * tell of single ones. Of two, this mean beside that over all examples tells the figure of each.
   */
  spread: v.nullable(
    v.object({
      mean: amount,
      /** Standard deviation over the contributors. */
      deviation: amount,
      /** How many contributors are in each step of `binWidth` from 0; the last is open. */
      bins: v.pipe(v.array(count), v.length(BINS_COUNT)),
      binWidth: amount,
    }),
  ),
});
export type Evaluation = v.InferOutput<typeof evaluationSchema>;

/** From the sums of the counts of `clients` contributors. */
export function evaluationOf(sums: Float64Array, clients: number, target: TargetForm): Evaluation {
  const { examples, loss, measure, level, levelSquared, bins } = sumsOf(sums);
  const worth = worthOf(target);
  const overAll = (measure / examples) * worth.measure;
  const meanLevel = level / clients;
  const variance = Math.max(0, levelSquared / clients - meanLevel ** 2);
  const [mean, deviation] = [meanLevel * worth.level, Math.sqrt(variance) * worth.level];
  return {
    clients,
    examples,
    score: { loss: loss / examples, ...(target.type === 'class' ? { accuracy: overAll } : { absoluteError: overAll }) },
    spread: clients >= LIMITS.spreadClientsCount ? { mean, deviation, bins, binWidth: worth.bin } : null,
  };
}
