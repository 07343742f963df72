import type { ClientId, TaskId } from '../../../shared/ids.ts';
import type { ProcessId } from '../../cluster/bus.ts';

/** At which other process those clients are whose task this process has. */
export class Places {
  readonly #byTask = new Map<TaskId, Map<ClientId, ProcessId>>();

  /** Undefined: at this one, or nowhere. */
  of(task: TaskId, clientId: ClientId): ProcessId | undefined {
    return this.#byTask.get(task)?.get(clientId);
  }

  put(task: TaskId, clientId: ClientId, process: ProcessId): void {
    const clients = this.#byTask.get(task) ?? new Map<ClientId, ProcessId>();
    this.#byTask.set(task, clients);
    clients.set(clientId, process);
  }

  forget(task: TaskId, clientId: ClientId): void {
    this.#byTask.get(task)?.delete(clientId);
  }

  forgetTask(task: TaskId): void {
    this.#byTask.delete(task);
  }

  /** A process is gone: who was there. */
  leave(process: ProcessId): [TaskId, ClientId][] {
    const left: [TaskId, ClientId][] = [];
    for (const [task, clients] of this.#byTask)
      for (const [clientId, at] of [...clients]) {
        if (at !== process) continue;
        clients.delete(clientId);
        left.push([task, clientId]);
      }
    return left;
  }
}
