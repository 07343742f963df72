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
  /** Mean of the contributors' own accuracies (or errors): everybody counts the same. */
  clientMean: amount,
  /** How far contributors are apart; null where they are so few that it would tell of single ones. */
  spread: v.nullable(
    v.object({
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
  const mean = (measure / examples) * worth.measure;
  const meanLevel = level / clients;
  const variance = Math.max(0, levelSquared / clients - meanLevel ** 2);
  const spread = { deviation: Math.sqrt(variance) * worth.level, bins, binWidth: worth.bin };
  return {
    ...{ clients, examples, clientMean: meanLevel * worth.level },
    score: { loss: loss / examples, ...(target.type === 'class' ? { accuracy: mean } : { absoluteError: mean }) },
    spread: clients >= LIMITS.spreadClientsCount ? spread : null,
  };
}
