import type { Server as HttpServer, IncomingMessage } from 'node:http';
import type { Server as HttpsServer } from 'node:https';
import { assert } from '../../shared/assert.ts';
import type { Clock } from '../../shared/clock.ts';
import { refuse } from '../../shared/errors.ts';
import type { ClientId, TaskId } from '../../shared/ids.ts';
import { LIMITS } from '../../shared/limits.ts';
import type { Handshake } from '../../shared/protocol/index.ts';
import { secureRng } from '../../shared/rng.ts';
import type { Admins } from '../auth/admins.ts';
import type { Coordinator, Downlink, LocalUploads, UploadsElsewhere } from '../rounds/port.ts';
import type { Spool } from '../storage/blobs/port.ts';
import { clientAddress, networkNames } from './address.ts';
import { type AdminGateway, openAdminGateway } from './admin-gateway.ts';
import { Broadcast, endSession } from './broadcast.ts';
import { openClientGateway } from './client-gateway.ts';
import { decideUpgrade } from './door.ts';
import { type GatewayLog, type GatewayMetrics, noMetrics } from './ports.ts';
import { JoinLimits } from './rate-limit.ts';
import { ReadValve } from './read-valve.ts';
import { Sessions } from './sessions.ts';
import { attachSocketServer, createSocketServer, type SocketServerOptions, shuttingDown } from './socket-server.ts';
import { Uploads } from './upload.ts';

export interface GatewayOptions {
  readonly spool: Pick<Spool, 'open'>;
  readonly admins: Pick<Admins, 'redeemTicket' | 'onLogOut' | 'used'>;
  readonly clock: Clock;
  readonly log: GatewayLog;
  readonly metrics?: GatewayMetrics;
  /** The origin that the server is known by, when it differs from the Host that it sees. */
  readonly publicUrl: string | null;
  /** Proxies of ours in front: that many entries of `X-Forwarded-For` are believed, from the right. */
  readonly trustedProxies: number;
  readonly socketsPerAddress?: number;
  readonly joinsPerAddressPerSecond?: number;
  readonly joinsPerTaskPerSecond?: number;
  /** Names networks alike at every process, where there are several; else a name is of this process alone. */
  readonly networkSalt?: Uint8Array;
  /** The uploads of other processes, where there are several. */
  readonly elsewhere?: () => UploadsElsewhere | null;
  /** A client has joined here. */
  readonly joined?: (task: TaskId, clientId: ClientId, connection: Handshake['connection']) => void;
}

export interface Gateway {
  /** For the coordinator, which is made after the gateway and before `open`. */
  readonly downlink: Downlink;
  /** For the other processes. */
  readonly uploads: LocalUploads;
  /** Sockets are let in from here on. The HTTP server has its own request handler already. */
  open(httpServer: HttpServer | HttpsServer, coordinator: Coordinator): void;
  /**
   * Tells every client to come back later, lets open uploads finish for up to `withinMs`, parks the others and ends
   * every session. New sockets, check-ins and uploads are refused `draining` meanwhile.
   */
  drain(withinMs?: number): Promise<void>;
  /** Asks the sessions of a task to come back in a moment: another process has it, or they may have missed a word. */
  recall(task: TaskId): void;
  /** Ends the session of a client that has joined at another process; false, and nothing, where this is the later connection of the two. */
  overtaken(task: TaskId, clientId: ClientId, connection: Handshake['connection']): boolean;
  /** Tasks with sessions here, and how many. */
  counts(): readonly (readonly [TaskId, number])[];
  /** Logins may have ended at another process without a word: looks whether those of the dashboards here are good. */
  lookAtLogins(): void;
  /** Ends every session at once. The HTTP server stays the caller's. */
  close(): Promise<void>;
}

/** Who is asked to come back comes so long after the one before: two hundred a second. */
const RECALL_STEP_MS = 5;
/** How long a socket may take to read why it ends. */
const GOODBYE_MS = 1_000;

/** Socket.IO ⇄ the coordinator. */
export function createGateway(options: GatewayOptions): Gateway {
  const { clock, log, spool, admins, publicUrl, trustedProxies, metrics = noMetrics } = options;
  const sessions = new Sessions();
  const addresses = new JoinLimits(clock, {
    sockets: options.socketsPerAddress ?? LIMITS.socketsPerAddressCount,
    joinsPerSecond: options.joinsPerAddressPerSecond ?? LIMITS.joinsPerAddressPerSecond,
  });
  const crowds = new JoinLimits(clock, {
    sockets: Number.POSITIVE_INFINITY,
    joinsPerSecond: options.joinsPerTaskPerSecond ?? LIMITS.joinsPerTaskPerSecond,
  });
  let tasks: Pick<Coordinator, 'task'> = { task: () => undefined };
  let uploads: Uploads | undefined;
  let adminGateway: AdminGateway | undefined;
  let isDraining = false;
  let endConnections: (withinMs: number) => Promise<void> = async () => {};

  const nameOf = networkNames(options.networkSalt ?? secureRng.bytes(16));
  const networkOf = ({ socket, headers }: IncomingMessage): string =>
    nameOf(clientAddress(socket.remoteAddress, headers['x-forwarded-for'], trustedProxies));
  const { joined = () => {}, elsewhere = () => null } = options;
  const valve = new ReadValve(LIMITS.unwrittenBytes);
  const socketOptions: SocketServerOptions = {
    addresses,
    valve,
    trustedProxies,
    networkOf,
    clock,
    log,
    metrics,
    decide: (request, address) => decideUpgrade(request, address, { tasks, publicUrl, addresses, isDraining }),
  };
  const server = createSocketServer(socketOptions);
  const broadcast = new Broadcast({ server, sessions, clock, log, metrics });

  function open(httpServer: HttpServer | HttpsServer, coordinator: Coordinator): void {
    assert(uploads === undefined, 'the gateway is open already');
    const incoming = new Uploads({ coordinator, spool, valve, clock, log, metrics, elsewhere });
    const shared = {
      ...{ server, coordinator, broadcast, publicUrl, networkOf, clock, log, metrics },
      isDraining: () => isDraining,
    };
    const dashboards = openAdminGateway({ ...shared, admins });
    openClientGateway({ ...shared, sessions, crowds, uploads: incoming, joined });
    broadcast.attach(coordinator, [
      {
        roundEnded: (task, end, yours) =>
          incoming.roundEnded(task, end.number, (client) =>
            yours.get(client)?.yours === 'surplus' ? 'surplus' : 'late',
          ),
        status: (task, status) => dashboards.status(task, status),
      },
    ]);
    uploads = incoming;
    adminGateway = dashboards;
    tasks = coordinator;
    endConnections = attachSocketServer(server, httpServer, socketOptions);
  }

  async function drain(withinMs: number = LIMITS.drainMs): Promise<void> {
    isDraining = true;
    // Spread out, a hundred a second: whoever comes back all at once would be refused for that.
    let retryAfterMs = 1_000;
    for (const { socket } of sessions.all()) {
      socket.emit('draining', { retryAfterMs });
      retryAfterMs += 10;
    }
    if (uploads !== undefined) {
      await new Promise<void>((resolve) => {
        const cancel = clock.after(withinMs, resolve);
        void uploads?.drain().finally(() => {
          cancel();
          resolve();
        });
      });
    }
    await close();
  }

  function recall(task: TaskId): void {
    let retryAfterMs = 0;
    for (const { socket } of [...sessions.of(task)]) {
      socket.emit('draining', { retryAfterMs });
      socket.disconnect(true);
      retryAfterMs += RECALL_STEP_MS;
    }
  }

  function overtaken(task: TaskId, clientId: ClientId, connection: Handshake['connection']): boolean {
    if (sessions.isOvertaken({ task, clientId, connection })) return false;
    const older = sessions.get(task, clientId);
    if (older !== undefined) endSession(older, refuse('replaced', 'a newer session of this client took over'));
    return true;
  }

  async function close(): Promise<void> {
    isDraining = true;
    await uploads?.park();
    broadcast.close();
    adminGateway?.close();
    for (const session of [...sessions.all()]) endSession(session, shuttingDown);
    // Not `server.close()`: that would close the HTTP server too, which answers until the very end.
    await endConnections(GOODBYE_MS);
  }

  const forOthers: LocalUploads = {
    has: (...upload) => uploads?.has(...upload) ?? false,
    give: async (...upload) => (await uploads?.give(...upload)) ?? null,
    forget: async (...client) => uploads?.forget(...client),
  };
  return {
    downlink: broadcast,
    uploads: forOthers,
    open,
    drain,
    recall,
    overtaken,
    counts: () => sessions.counts(),
    lookAtLogins: () => adminGateway?.lookAtLogins(),
    close,
  };
}
