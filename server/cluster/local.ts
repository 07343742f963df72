import type { TaskId } from '../../shared/ids.ts';
import type { FencingToken, TaskStore } from '../storage/port.ts';
import type { Lease, Leases } from './lease.ts';

/** Leases of one process: whoever asks last holds the task, and storage refuses the writes of those before. */
export function localLeases(tasks: Pick<TaskStore, 'fence'>): Leases {
  const holders = new Map<TaskId, { readonly token: FencingToken; readonly lose: () => void }>();

  const acquire = async (task: TaskId): Promise<Lease> => {
    const token = await tasks.fence(task);
    const lost = new AbortController();
    const holder = { token, lose: () => lost.abort() };
    const before = holders.get(task);
    if (before && before.token > token) holder.lose();
    else {
      before?.lose();
      holders.set(task, holder);
    }
    return {
      task,
      token,
      lost: lost.signal,
      async release() {
        if (holders.get(task) === holder) holders.delete(task);
      },
    };
  };
  return { acquire, attempt: acquire };
}
