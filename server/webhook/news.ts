import { sha256Hex } from '../../shared/hash.ts';
import type { Sha256, TaskId } from '../../shared/ids.ts';
import type { RoundRow } from '../storage/port.ts';
import type { Delivery } from './outbox.ts';

/** Which run of a task: another one may get its name after it was deleted. */
export interface Named {
  readonly task: TaskId;
  readonly createdAt: number;
}

const idOf = (...parts: readonly (string | number)[]): string =>
  `msg_${sha256Hex(new TextEncoder().encode(['fedtab/webhook/v1', ...parts].join('\n'))).slice(0, 32)}`;

const delivery = (id: string, at: number, type: string, data: Readonly<Record<string, unknown>>): Delivery => ({
  id,
  at,
  body: JSON.stringify({ type, timestamp: new Date(at).toISOString(), data }),
});

/** A round that ended, without a word of who took part. The same round has the same id in every process. */
export function roundNews({ task, createdAt }: Named, round: RoundRow, sha256: Sha256 | null): Delivery {
  const { number, purpose, outcome, reason, version } = round;
  return delivery(
    idOf(task, createdAt, 'round', number),
    round.endedAt ?? round.startedAt,
    outcome === 'committed' ? 'round.committed' : 'round.abandoned',
    outcome === 'committed'
      ? { task, round: number, purpose, version, sha256 }
      : { task, round: number, purpose, reason },
  );
}

/** A task that paused: by itself, with the reason, or by a person (`reason` null). */
export const pauseNews = ({ task, createdAt }: Named, reason: string | null, at: number): Delivery =>
  delivery(idOf(task, createdAt, 'paused', at), at, 'task.paused', { task, reason });
