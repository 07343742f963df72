import type { Server } from 'socket.io';
import type { Clock } from '../../shared/clock.ts';
import type { Refusal } from '../../shared/errors.ts';
import type { ClientId, Sha256, TaskId } from '../../shared/ids.ts';
import { LIMITS } from '../../shared/limits.ts';
import type {
  Assignment,
  ClientToServerEvents,
  RetryWindow,
  RoundEnd,
  ServerToClientEvents,
  TaskStatus,
} from '../../shared/protocol/index.ts';
import type { Coordinator, Downlink } from '../rounds/port.ts';
import { backlogBytes } from './backlog.ts';
import { costOf, Outbox, TURN_COST } from './outbox.ts';
import type { GatewayLog, GatewayMetrics } from './ports.ts';
import type { ClientSession, Sessions } from './sessions.ts';
import { StatusTicker } from './status-ticker.ts';

export type GatewayServer = Server<ClientToServerEvents, ServerToClientEvents>;
type Yours = ReadonlyMap<ClientId, Pick<RoundEnd, 'yours' | 'yoursReason'>>;
type Ended = Omit<RoundEnd, 'yours' | 'yoursReason'>;

export interface BroadcastOptions {
  readonly server: GatewayServer;
  readonly sessions: Sessions;
  readonly clock: Clock;
  readonly log: GatewayLog;
  readonly metrics: GatewayMetrics;
}

/** Who else wants to know what goes out: the uploads, the dashboards. */
export interface BroadcastListener {
  roundEnded(task: TaskId, end: Ended, yours: Yours): void;
  status(task: TaskId, status: TaskStatus): void;
}

/** Above this a socket is still taking weights. */
const BUSY_BYTES = 64 * 1024;
/** Sockets that one packet to all is written to at a time: each is a write of its own. */
const TOGETHER_COUNT = 64;

/** The coordinator's way out to the clients. A message to all is encoded once for many sockets, and written over many turns. */
export class Broadcast implements Downlink {
  readonly #options: BroadcastOptions;
  readonly #ticker: StatusTicker;
  readonly #outbox = new Outbox();
  #coordinator: Pick<Coordinator, 'status'> | undefined;
  #listeners: readonly BroadcastListener[] = [];

  constructor(options: BroadcastOptions) {
    this.#options = options;
    this.#ticker = new StatusTicker(
      options.clock,
      (task) => this.online(task),
      (task) => this.#safely(task, () => this.#publishStatus(task)),
    );
  }

  /** The second step of the wiring: the coordinator needs the downlink before it is there itself. */
  attach(coordinator: Pick<Coordinator, 'status'>, listeners: readonly BroadcastListener[]): void {
    this.#coordinator = coordinator;
    this.#listeners = listeners;
  }

  assign(task: TaskId, clientId: ClientId, assignment: Assignment): void {
    this.#send(task, 1, () => {
      const session = this.#options.sessions.get(task, clientId);
      const isFetched = session?.isFetching && assignment.delivery === 'broadcast';
      session?.socket.emit('assign', isFetched ? { ...assignment, delivery: 'http' } : assignment);
    });
  }

  weights(task: TaskId, clientIds: readonly ClientId[], version: number, sha256: Sha256, bytes: Uint8Array): number {
    if (bytes.byteLength > LIMITS.broadcastBytes) {
      this.#options.log.error(
        { task, version, bytes: bytes.byteLength },
        'weights too large for a broadcast: HTTP has them',
      );
      return 0;
    }
    let count = 0;
    this.#safely(task, () => {
      const socketIds = clientIds.flatMap((clientId) => {
        const session = this.#options.sessions.get(task, clientId);
        // Who has not taken the last weights yet takes these over HTTP, so that a slow reader pins no memory here.
        return session !== undefined && !session.isFetching && backlogBytes(session.socket) <= LIMITS.broadcastBytes
          ? [session.socket.id]
          : [];
      });
      // Encoded once for as many as one turn has time for, which of small weights are all.
      const cost = costOf(bytes.byteLength);
      for (const some of slicesOf(socketIds, Math.max(1, Math.floor(TURN_COST / cost))))
        this.#send(task, cost * some.length, () =>
          this.#options.server.to(some).emit('weights', { version, sha256, bytes: bytes.byteLength }, bytes),
        );
      this.#options.metrics.sent(bytes.byteLength * socketIds.length);
      count = socketIds.length;
    });
    return count;
  }

  retry(task: TaskId, clientId: ClientId, window: RetryWindow): void {
    this.#send(task, 1, () => this.#options.sessions.get(task, clientId)?.socket.emit('retry', window));
  }

  roundEnded(task: TaskId, end: Ended, yours: Yours): void {
    this.#safely(task, () => {
      for (const listener of this.#listeners) listener.roundEnded(task, end, yours);
      for (const [clientId, mine] of yours) {
        const session = this.#options.sessions.get(task, clientId);
        if (session !== undefined) this.#send(task, 1, () => session.socket.emit('round', { ...end, ...mine }));
      }
      const others = [...this.#options.sessions.of(task)].filter(({ clientId }) => !yours.has(clientId));
      for (const some of slicesOf(others, TOGETHER_COUNT))
        this.#send(task, some.length, () => this.#to(some).emit('round', { ...end, yours: null }));
    });
    this.changed(task);
  }

  changed(task: TaskId): void {
    this.#ticker.touch(task);
  }

  online(task: TaskId): number {
    return this.#options.sessions.count(task);
  }

  expel(task: TaskId, refusal: Refusal): void {
    this.#safely(task, () => {
      for (const session of [...this.#options.sessions.of(task)]) endSession(session, refusal);
    });
    this.#ticker.forget(task);
  }

  close(): void {
    this.#ticker.close();
    this.#outbox.flush();
  }

  #publishStatus(task: TaskId): void {
    const status = this.#coordinator?.status(task);
    if (status === undefined) return;
    for (const some of slicesOf([...this.#options.sessions.of(task)], TOGETHER_COUNT))
      this.#send(task, some.length, () => {
        // The picture is worth nothing late: who is still taking weights gets the next one instead.
        const free = some.filter(({ socket }) => backlogBytes(socket) <= BUSY_BYTES);
        if (free.length < some.length) this.#ticker.touch(task);
        if (free.length > 0) this.#to(free).emit('status', status);
      });
    for (const listener of this.#listeners) listener.status(task, status);
  }

  /** One packet, encoded once. Never of none: that would be everybody. */
  #to(some: readonly ClientSession[]) {
    return this.#options.server.to(some.map(({ socket }) => socket.id));
  }

  /** In the order of the calls, and as soon as the event loop has time for it. */
  #send(task: TaskId, cost: number, send: () => unknown): void {
    this.#outbox.put(cost, () => this.#safely(task, send));
  }

  /** A downlink call comes from the middle of a round: nothing that goes wrong out here may go back into it. */
  #safely(task: TaskId, work: () => unknown): void {
    try {
      work();
    } catch (error) {
      this.#options.log.error({ err: error, task }, 'a message to clients could not be sent');
    }
  }
}

const slicesOf = <Value>(values: readonly Value[], length: number): Value[][] =>
  Array.from({ length: Math.ceil(values.length / length) }, (_, at) => values.slice(at * length, (at + 1) * length));

/** Tells a session why it ends, and ends it once that is on its way. */
export function endSession(session: ClientSession, refusal: Refusal): void {
  session.socket.emit('refused', refusal);
  session.socket.disconnect(true);
}
