import type { Clock } from '../../shared/clock.ts';
import type { Sha256, TaskId } from '../../shared/ids.ts';
import type { AdminStore } from '../storage/port.ts';
import type { Logger } from './logger.ts';

/** What admins do, as they are named in the audit. */
export type AuditAction =
  | 'session.start'
  | 'session.refused'
  | 'session.end'
  | 'link.make'
  | 'weights.keep'
  | 'webhook.set'
  | 'webhook.clear'
  | `task.${'create' | 'duplicate' | 'archive' | 'delete' | 'rounds' | 'evaluate' | 'pause' | 'resume' | 'stop' | 'rollback'}`;

export interface Audit {
  /** Durable when it resolves. `details` never holds a secret. */
  record(
    actor: string,
    action: AuditAction,
    task: TaskId | null,
    details?: Readonly<Record<string, unknown>>,
  ): Promise<void>;
}

export const createAudit = (
  store: Pick<AdminStore, 'appendAudit'>,
  clock: Pick<Clock, 'now'>,
  logger: Logger,
): Audit => ({
  async record(actor, action, task, details = {}) {
    let sha256: Sha256 | null = null;
    try {
      sha256 = await store.appendAudit({ at: clock.now(), actor, action, task, details });
    } finally {
      // With its hash in the chain: whoever keeps the log elsewhere has an anchor. What could not be written down was done all the same.
      logger.info({ audit: action, actor, task, details, ...(sha256 !== null && { sha256 }) }, 'admin action');
    }
  },
});
