import type { IncomingMessage } from 'node:http';
import type { Namespace, Socket } from 'socket.io';
import * as v from 'valibot';
import type { Clock } from '../../shared/clock.ts';
import { type Refusal, refuse } from '../../shared/errors.ts';
import type { TaskId } from '../../shared/ids.ts';
import { LIMITS } from '../../shared/limits.ts';
import {
  type AdminToServerEvents,
  adminHandshakeSchema,
  type LiveTask,
  type ServerToAdminEvents,
} from '../../shared/protocol/admin-events.ts';
import type { TaskStatus } from '../../shared/protocol/index.ts';
import type { Admin, Admins } from '../auth/admins.ts';
import { isOwnOrigin } from '../auth/origins.ts';
import type { Coordinator, CoordinatorEvent } from '../rounds/port.ts';
import type { TaskRow } from '../storage/port.ts';
import type { Broadcast, GatewayServer } from './broadcast.ts';
import { taskIdOf } from './door.ts';
import { internalRefusal } from './internal-refusal.ts';
import type { GatewayLog, GatewayMetrics } from './ports.ts';
import { shuttingDown } from './socket-server.ts';

export interface AdminGatewayOptions {
  readonly server: GatewayServer;
  readonly coordinator: Coordinator;
  readonly broadcast: Broadcast;
  readonly admins: Pick<Admins, 'redeemTicket' | 'onLogOut' | 'used'>;
  readonly publicUrl: string | null;
  readonly isDraining: () => boolean;
  /** The name of the network that it comes from. */
  readonly networkOf: (request: IncomingMessage) => string;
  readonly clock: Clock;
  readonly log: GatewayLog;
  readonly metrics: GatewayMetrics;
}

export interface AdminGateway {
  status(task: TaskId, status: TaskStatus): void;
  /** A login may have ended without a word: ends the sockets of those that have. */
  lookAtLogins(): void;
  close(): void;
}

type AdminData = { admin: Admin };
type AdminSocket = Socket<AdminToServerEvents, ServerToAdminEvents, Record<never, never>, AdminData>;
type AdminNamespace = Namespace<AdminToServerEvents, ServerToAdminEvents, Record<never, never>, AdminData>;

/** Live events for dashboards on `/admin`. They only listen: what they send is not read. */
export function openAdminGateway(options: AdminGatewayOptions): AdminGateway {
  const { coordinator, admins, log, metrics, clock } = options;
  const namespace = options.server.of('/admin') as unknown as AdminNamespace;

  namespace.use(async (socket, next) => {
    let answer: Admin | Refusal;
    try {
      answer = await decide(socket);
    } catch (error) {
      answer = internalRefusal(log, { socket: socket.id }, error);
    }
    if ('ok' in answer) {
      metrics.refused('handshake', answer.reason, { network: options.networkOf(socket.request), namespace: '/admin' });
      return next(Object.assign(new Error(answer.message), { data: answer }));
    }
    socket.data = { admin: answer };
    next();
  });

  async function decide(socket: AdminSocket): Promise<Admin | Refusal> {
    if (options.isDraining()) return shuttingDown;
    const { origin, host } = socket.request.headers;
    if (origin !== undefined && !isOwnOrigin(origin, { publicUrl: options.publicUrl, host }))
      return refuse('origin', 'dashboards live on the server itself');
    const parsed = v.safeParse(adminHandshakeSchema, socket.handshake.auth);
    if (!parsed.success) return refuse('bad-message', 'a dashboard brings a ticket');
    return (
      (await admins.redeemTicket(parsed.output.ticket)) ?? refuse('unauthorized', 'this ticket is not good any more')
    );
  }

  namespace.on('connection', (socket: AdminSocket) => {
    const { admin } = socket.data;
    metrics.adminSessions(1);
    const stopExpiry = expiryOf(admin, socket);
    const stopUse = useOf(admin, socket);
    socket.on('disconnect', () => {
      stopExpiry();
      stopUse();
      metrics.adminSessions(-1);
      socket.conn.close();
    });
    try {
      socket.emit('live', { tasks: coordinator.tasks().flatMap((row) => liveTask(row) ?? []) });
    } catch (error) {
      end(socket, internalRefusal(log, { socket: socket.id }, error));
    }
  });

  const lookedAt = new Set<string>();

  /** A login of twelve hours ends also for who stays connected. */
  function expiryOf(admin: Admin, socket: AdminSocket): () => void {
    if (admin.expiresAt === null) return () => {};
    return clock.after(Math.max(0, admin.expiresAt - clock.now()), () => end(socket, loggedOut));
  }

  /** A dashboard that is open is a use of its login; it goes with a login that ended without a word from where it did. */
  function useOf({ actor, expiresAt }: Admin, socket: AdminSocket): () => void {
    let stop = (): void => {};
    const wait = (): void => {
      stop = clock.after(LIMITS.adminSessionUseMs, async () => {
        await look(actor);
        if (socket.connected) wait();
      });
    };
    if (expiresAt !== null) wait();
    return () => stop();
  }

  /** One look at a time for each: while the database is slow they do not pile up. */
  async function look(actor: string): Promise<void> {
    if (lookedAt.has(actor)) return;
    lookedAt.add(actor);
    try {
      if (!(await admins.used(actor))) endAll(actor);
    } catch (error) {
      internalRefusal(log, { actor }, error);
    } finally {
      lookedAt.delete(actor);
    }
  }

  function lookAtLogins(): void {
    const open = [...namespace.sockets.values()].map(({ data }) => data.admin);
    const actors = new Set(open.filter(({ expiresAt }) => expiresAt !== null).map(({ actor }) => actor));
    for (const actor of actors) void look(actor);
  }

  function endAll(actor: string): void {
    for (const socket of [...namespace.sockets.values()]) if (socket.data.admin.actor === actor) end(socket, loggedOut);
  }

  const stopLogOut = admins.onLogOut(endAll);
  const stopEvents = coordinator.subscribe((event) => {
    try {
      tell(event);
    } catch (error) {
      internalRefusal(log, { task: event.task, event: event.kind }, error);
    }
  });

  function tell(event: CoordinatorEvent): void {
    switch (event.kind) {
      case 'round-ended': {
        const { task, round, outcome, reason, version } = event;
        namespace.emit('round-ended', { task, round, outcome, reason, version });
        options.broadcast.changed(task);
        return;
      }
      case 'scored':
        namespace.emit('scored', { task: event.task, version: event.version, ...event.score });
        options.broadcast.changed(event.task);
        return;
      case 'task-removed':
        namespace.emit('task-removed', { task: event.task });
        return;
      case 'task-created':
      case 'task-state':
      case 'round-started':
        options.broadcast.changed(event.task);
        return;
      case 'report':
        return;
    }
  }

  function liveTask(row: TaskRow, known?: TaskStatus): LiveTask | undefined {
    const task = taskIdOf(row);
    const status = known ?? coordinator.status(task);
    const participation = coordinator.participation(task);
    if (status === undefined || participation === undefined) return undefined;
    const { shown, count } = coordinator.contributors(task);
    return {
      task,
      title: row.spec.title,
      archived: row.archivedAt !== null,
      status,
      parameters: participation.parameters,
      contributors: [...shown],
      contributorsCount: count,
    };
  }

  return {
    status(task, status) {
      if (namespace.sockets.size === 0) return;
      const row = coordinator.task(task);
      const live = row === undefined ? undefined : liveTask(row, status);
      if (live !== undefined) namespace.emit('task', live);
    },
    lookAtLogins,
    close() {
      stopLogOut();
      stopEvents();
      for (const socket of [...namespace.sockets.values()]) end(socket, shuttingDown);
    },
  };
}

const loggedOut = refuse('unauthorized', 'this login is over');

function end(socket: AdminSocket, refusal: Refusal): void {
  socket.emit('refused', refusal);
  socket.disconnect(true);
}
