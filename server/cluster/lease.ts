import type { TaskId } from '../../shared/ids.ts';
import type { FencingToken } from '../storage/port.ts';

/** Who may commit for a task. A lease is held until released or lost; its fencing token goes with every write. */
export interface Lease {
  readonly task: TaskId;
  readonly token: FencingToken;
  /** Aborts when another holder took over. */
  readonly lost: AbortSignal;
  release(): Promise<void>;
}

export interface Leases {
  /** Resolves when it is had: at once, or when the process that has it gave it up or fell silent. */
  acquire(task: TaskId, signal?: AbortSignal): Promise<Lease>;
  /** The same without waiting: null while another process has it. */
  attempt(task: TaskId): Promise<Lease | null>;
}
