import type { TaskSpec } from '../../shared/task/spec.ts';
import type { CheckpointRow } from '../storage/port.ts';

/**
 * The version that goes back to an older one: its weights and what was saved beside them, but for SCAFFOLD's sum (V4), since
 * contributors cannot take their control variates back.
 */
export const copyAs = (version: number, of: CheckpointRow, { strategy }: Pick<TaskSpec, 'strategy'>) =>
  ({
    ...{ version, sha256: of.sha256, bytes: of.bytes, step: null, round: null, copyOf: of.version },
    optimizerSha256: strategy.name === 'scaffold' ? null : of.optimizerSha256,
    origin: 'rollback',
  }) as const;
