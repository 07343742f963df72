import type { ClientPlan } from './spec.ts';

/** What local work is measured by. */
export type Amount = Pick<ClientPlan, 'work' | 'epochs' | 'maxSteps' | 'batchSize'>;

/** The local steps of a plan for so many examples; a time box or the work itself may end them earlier, nothing later. */
export const planSteps = ({ work, epochs = 1, maxSteps, batchSize }: Amount, examples: number): number =>
  work === 'full-batch' ? 1 : (maxSteps ?? epochs * Math.ceil(examples / batchSize));
