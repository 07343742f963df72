/** One process of those that share the tasks: a new name at every start. */
export type ProcessId = string;

/**
 * Words between the processes that share a database. They arrive in the order in which they were sent, each at most once;
 * some may be lost, and then the listener is told before the next one of the same process. Nothing that would be missed
 * goes this way: what must last is in the storage.
 */
export interface Bus {
  readonly self: ProcessId;
  /** To all other processes, or to one. Never throws and never waits. `message` is data of JSON. */
  send(message: unknown, to?: ProcessId): void;
  /** Who listens from now on; one listener at most. */
  listen(listener: BusListener): void;
  /** What this process says has not come back to it for more than 1.5 s: it may not hear what the others say either. */
  isSilent(): boolean;
  close(): Promise<void>;
}

export interface BusListener {
  message(from: ProcessId, message: unknown): void;
  /** Of what this process sent something is lost. */
  lost(from: ProcessId): void;
}
