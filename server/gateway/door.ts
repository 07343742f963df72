import type { IncomingMessage } from 'node:http';
import { type Refusal, refuse } from '../../shared/errors.ts';
import { isTaskId, type TaskId } from '../../shared/ids.ts';
import { isOwnOrigin, mayEmbed } from '../auth/origins.ts';
import type { Coordinator } from '../rounds/port.ts';
import type { TaskRow } from '../storage/port.ts';
import type { JoinLimits } from './rate-limit.ts';

export type TaskLookup = Pick<Coordinator, 'task'>;

/** An archived task is as good as gone: nobody can take part in it. */
export function openTask(tasks: TaskLookup, task: unknown): TaskRow | undefined {
  if (!isTaskId(task)) return undefined;
  const row = tasks.task(task);
  return row === undefined || row.archivedAt !== null ? undefined : row;
}

export const taskIdOf = (row: TaskRow): TaskId => row.spec.id;

/** The `task` of the socket's URL, as it was written. */
export const askedTask = (request: Pick<IncomingMessage, 'url'>): string | null =>
  new URLSearchParams((request.url ?? '').split('?')[1] ?? '').get('task');

export interface DoorRules {
  readonly tasks: TaskLookup;
  readonly publicUrl: string | null;
  readonly addresses: JoinLimits;
  readonly isDraining: boolean;
}

/**
 * Decides about a WebSocket upgrade: draining, Origin, then the limits of the address. Whoever may not read the
 * answer (a page of a foreign site) is refused here, before there is a socket; an unknown task is refused at the
 * handshake, where the client can read why.
 */
export function decideUpgrade(
  request: Pick<IncomingMessage, 'url' | 'headers'>,
  address: string,
  rules: DoorRules,
): { readonly ok: true } | Refusal {
  if (rules.isDraining) return refuse('draining', 'the server is shutting down', 1_000);
  const { origin } = request.headers;
  const server = { publicUrl: rules.publicUrl, host: request.headers.host };
  const row = openTask(rules.tasks, askedTask(request));
  const isWelcome =
    row === undefined ? origin === undefined || isOwnOrigin(origin, server) : mayEmbed(row.spec, origin, server);
  if (!isWelcome) return refuse('origin', 'pages of this site may not take part');
  const waitMs = rules.addresses.join(address);
  return waitMs > 0 ? refuse('rate', 'too many sockets from this address', waitMs) : { ok: true };
}
