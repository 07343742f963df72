import { LIMITS } from '../../shared/limits.ts';
import type { DataFailureReason } from '../data/failure.ts';
import { formatNumber } from '../ui/index.ts';
import { contributeWords } from './words/index.ts';

/** Why examples could not be stored or read, what that means for them, and what to do. */
export function failureSentence(reason: DataFailureReason): string {
  const t = contributeWords().examples;
  switch (reason) {
    case 'quota':
      return t.full;
    case 'unavailable':
      return t.closedStorage;
    case 'full':
      return t.tooMany(formatNumber(LIMITS.examplesPerDatasetCount));
    case 'blocked':
      return t.blocked;
    case 'newer':
      return t.newer;
    case 'dataset-damaged':
      return t.damaged;
    case 'bad-examples':
    case 'failed':
      return t.failed;
  }
}
