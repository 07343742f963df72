import { formatWait } from '../ui/index.ts';
import type { Failure } from './api.ts';
import { adminWords } from './words/index.ts';

/** What a person is told when a call failed. */
export function failureSentence(failure: Failure): string {
  const t = adminWords();
  if (failure.reason !== 'refused') return t.failures[failure.reason];
  if (failure.retryAfterMs !== null) return t.failures.wait(formatWait(failure.retryAfterMs));
  const known = Object.hasOwn(t.refusals, failure.code) ? t.refusals[failure.code] : undefined;
  if (known !== undefined) return known;
  const [problem] = failure.problems;
  return t.failures.refused(problem === undefined ? failure.message : `${problem.path}: ${problem.message}`);
}
