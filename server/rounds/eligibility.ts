import type { CheckIn } from '../../shared/protocol/index.ts';
import type { Eligibility } from '../../shared/task/spec.ts';

/**
 * Why a client may not take part now, in one sentence; null where it may. What it does not say does not keep it out. That devices
 * are asked for criteria before they are chosen is of Bonawitz et al., "Towards Federated Learning at Scale: System Design",
 * MLSys 2019 (arXiv:1902.01046), section 2.2; the two criteria are our own.
 */
export function eligibilityProblem(
  { examples, stepMs }: Pick<CheckIn, 'examples' | 'stepMs'>,
  { minimumExamples, maximumStepMs }: Eligibility,
): string | null {
  if (examples < minimumExamples) return `this task asks for at least ${minimumExamples} examples`;
  if (stepMs !== undefined && stepMs > maximumStepMs)
    return `a training step takes ${Math.round(stepMs)} ms here; this task asks for at most ${maximumStepMs} ms`;
  return null;
}
