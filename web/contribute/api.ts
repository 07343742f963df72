import type { TaskId } from '../../shared/ids.ts';
import {
  type PublicCheckpoint,
  type PublicTask,
  parsePublicCheckpoints,
  parsePublicTask,
  parsePublicTasks,
} from '../../shared/protocol/public-task.ts';

/** The HTTP answers that this page reads. Expected failures are values. */

export type Answer<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly reason: 'missing' | 'unreachable' | 'broken' };

/** Opens a closed task; in a header, so that no log has it. */
type JoinToken = string | null;

export const fetchTasks = (): Promise<Answer<readonly PublicTask[]>> => get('/api/tasks', parsePublicTasks);

export const fetchTask = (id: TaskId, joinToken: JoinToken): Promise<Answer<PublicTask>> =>
  get(`/api/tasks/${id}`, parsePublicTask, joinToken);

/** Every version so far with its score. */
export const fetchCheckpoints = (id: TaskId, joinToken: JoinToken): Promise<Answer<readonly PublicCheckpoint[]>> =>
  get(`/api/tasks/${id}/checkpoints`, parsePublicCheckpoints, joinToken);

async function get<Value>(
  path: string,
  parse: (value: unknown) => Value | null,
  joinToken: JoinToken = null,
): Promise<Answer<Value>> {
  const response = await ask(path, joinToken);
  if (!response.ok) return response;
  const value = parse(await response.value.json().catch(() => null));
  return value === null ? { ok: false, reason: 'broken' } : { ok: true, value };
}

async function ask(path: string, joinToken: JoinToken): Promise<Answer<Response>> {
  try {
    const headers = joinToken === null ? {} : { 'fedtab-join-token': joinToken };
    const response = await fetch(path, { headers, credentials: 'omit' });
    if (response.ok) return { ok: true, value: response };
    return { ok: false, reason: response.status === 404 ? 'missing' : 'unreachable' };
  } catch {
    return { ok: false, reason: 'unreachable' };
  }
}
