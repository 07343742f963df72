import type { DefaultEventsMap, Socket } from 'socket.io';
import type { AssignmentToken, ClientId, TaskId } from '../../shared/ids.ts';
import type { ClientToServerEvents, Handshake, ServerToClientEvents } from '../../shared/protocol/index.ts';
import type { TokenBucket } from './rate-limit.ts';

/** What is known of a client's socket once it joined. */
export interface SocketData {
  session: ClientSession;
}
export type ClientSocket = Socket<ClientToServerEvents, ServerToClientEvents, DefaultEventsMap, SocketData>;

/** One socket of one client in one task. */
export interface ClientSession {
  readonly task: TaskId;
  readonly clientId: ClientId;
  readonly protocol: number;
  readonly connection: Handshake['connection'];
  /** Where it came from, as `networkNames` has it. */
  readonly network: string;
  readonly socket: ClientSocket;
  readonly messages: TokenBucket;
  readonly progress: TokenBucket;
  /** The part that it came back with: what it had sent of its report may be at another process. */
  resumed: AssignmentToken | null;
  /** It said that it takes weights over HTTP, and no broadcast. */
  isFetching: boolean;
  /** Cancels the moment from which it is not heard for whole chunks any more. */
  deafen: () => void;
}

/** The live sessions of this process: one a client, the newest. */
export class Sessions {
  readonly #byTask = new Map<TaskId, Map<ClientId, ClientSession>>();

  /** Makes this the client's live session; returns the one it takes the place of. */
  open(session: ClientSession): ClientSession | undefined {
    const clients = this.#byTask.get(session.task) ?? new Map<ClientId, ClientSession>();
    this.#byTask.set(session.task, clients);
    const older = clients.get(session.clientId);
    clients.set(session.clientId, session);
    return older;
  }

  /** True when this was the client's live session, so the client is gone. */
  close(session: ClientSession): boolean {
    const clients = this.#byTask.get(session.task);
    if (clients?.get(session.clientId) !== session) return false;
    clients.delete(session.clientId);
    if (clients.size === 0) this.#byTask.delete(session.task);
    return true;
  }

  get(task: TaskId, clientId: ClientId): ClientSession | undefined {
    return this.#byTask.get(task)?.get(clientId);
  }

  isLive(session: ClientSession): boolean {
    return this.get(session.task, session.clientId) === session;
  }

  /** A later connection of the same run of the client is there already: this one was held up on its way. */
  isOvertaken({ task, clientId, connection }: Pick<ClientSession, 'task' | 'clientId' | 'connection'>): boolean {
    const live = this.get(task, clientId)?.connection;
    return connection !== undefined && live?.of === connection.of && live.number > connection.number;
  }

  /** How many each task has. */
  counts(): [TaskId, number][] {
    return [...this.#byTask].map(([task, clients]) => [task, clients.size]);
  }

  count(task: TaskId): number {
    return this.#byTask.get(task)?.size ?? 0;
  }

  *of(task: TaskId): IterableIterator<ClientSession> {
    yield* this.#byTask.get(task)?.values() ?? [];
  }

  *all(): IterableIterator<ClientSession> {
    for (const clients of this.#byTask.values()) yield* clients.values();
  }
}
