import type { Server as HttpServer, IncomingMessage } from 'node:http';
import type { Server as HttpsServer } from 'node:https';
import { Server } from 'socket.io';
import type { Clock } from '../../shared/clock.ts';
import { type Refusal, refuse } from '../../shared/errors.ts';
import { LIMITS } from '../../shared/limits.ts';
import { clientAddress } from './address.ts';
import type { GatewayServer } from './broadcast.ts';
import { internalRefusal } from './internal-refusal.ts';
import type { GatewayLog, GatewayMetrics } from './ports.ts';
import { type JoinLimits, TokenBucket } from './rate-limit.ts';
import type { ReadSide, ReadValve } from './read-valve.ts';
import { strictParser } from './strict-parser.ts';

export interface SocketServerOptions {
  /** Decides about each upgrade; whatever it throws is a refusal. */
  readonly decide: (request: IncomingMessage, address: string) => { readonly ok: true } | Refusal;
  readonly addresses: JoinLimits;
  readonly valve: ReadValve;
  readonly trustedProxies: number;
  /** The name of the network that it comes from. */
  readonly networkOf: (request: IncomingMessage) => string;
  readonly clock: Clock;
  readonly log: GatewayLog;
  readonly metrics: GatewayMetrics;
}

/** Packets of the transport in a second: an event and its attachment are two, pongs come on top. */
const PACKETS_PER_SECOND = 4 * LIMITS.messagesPerSocketPerSecond;

/** How long the other side may take to say that it closes, too. */
const CLOSE_MS = 2_000;

/** A Socket.IO server that is not attached yet. Each setting that differs from the library's has its reason. */
export function createSocketServer(options: SocketServerOptions): GatewayServer {
  const { trustedProxies, log, metrics } = options;
  return new Server({
    path: '/socket.io/',
    // With polling, an upgrade that names a session would pass by `allowRequest` (socketio/socket.io#5077).
    transports: ['websocket'],
    allowUpgrades: false,
    upgradeTimeout: 5_000,
    // No ambient credentials: `cors` stays unset and no cookie is given. The Origin is checked here and at the handshake.
    allowRequest: (request, callback) => {
      const answer = attempt(() => options.decide(request, addressOf(request, trustedProxies)), log);
      if (answer.ok) return callback(null, true);
      metrics.refused('upgrade', answer.reason, { network: options.networkOf(request) });
      callback(JSON.stringify(answer), false);
    },
    // Float32 does not compress, and a compressed message may be a bomb.
    perMessageDeflate: false,
    httpCompression: false,
    maxHttpBufferSize: LIMITS.socketMessageBytes,
    connectTimeout: 5_000,
    // A hidden tab's timers run once a minute: do not ask more often.
    pingInterval: 25_000,
    // A pong waits behind the chunk that is on its way: 42 s over 56 kbit/s with 2 s of delay.
    pingTimeout: 60_000,
    // Pages bring their own bundle. Connection-state recovery stays off: it would keep every broadcast in memory.
    serveClient: false,
    parser: strictParser,
  });
}

/** Attaches it and guards the transport below Socket.IO. Returns what ends every connection. */
export function attachSocketServer(
  server: GatewayServer,
  httpServer: HttpServer | HttpsServer,
  { addresses, valve, clock, trustedProxies, networkOf, metrics }: SocketServerOptions,
): (withinMs: number) => Promise<void> {
  const connections = new Set<TransportSocket>();
  let allClosed: () => void = () => {};
  server.attach(httpServer);
  endQuickly();
  // Engine.IO makes its WebSocket server anew then.
  httpServer.once('listening', endQuickly);
  // Without polling nothing has a reason to name a session, and `allowRequest` would not be asked about it.
  server.engine.use((request: IncomingMessage, _response: unknown, next: (error?: Error) => void) =>
    next(/[?&]sid=/.test(request.url ?? '') ? new Error('sessions are not resumed') : undefined),
  );
  server.engine.on('connection', (connection: TransportSocket) => {
    const closed = addresses.opened(addressOf(connection.request, trustedProxies));
    limitMessages(connection, LIMITS.handshakeMessageBytes);
    const packets = new TokenBucket(clock, PACKETS_PER_SECOND);
    // The WebSocket itself, not its TCP socket: `ws` resumes that one after each read.
    const seat = valve.add(connection.transport.socket);
    connection.on('packet', ({ data }) => {
      if (typeof data === 'object') seat.served();
      if (packets.take() === 0) return;
      metrics.refused('session', 'rate', { network: networkOf(connection.request) });
      connection.close(true);
    });
    connection.once('close', closed);
    connection.once('close', seat.leave);
    connections.add(connection);
    connection.request.socket.once('close', () => {
      connections.delete(connection);
      if (connections.size === 0) allClosed();
    });
  });

  /** Not public either: who does not answer that the connection ends would keep it for 30 s, admitted or not. */
  function endQuickly(): void {
    const { ws } = server.engine as unknown as { readonly ws?: { readonly options: { closeTimeout?: number } } };
    if (ws !== undefined) ws.options.closeTimeout = CLOSE_MS;
  }

  /** What was said last goes out first; who does not take it within the time is cut off. */
  return async (withinMs) => {
    server.disconnectSockets(true);
    for (const connection of connections) connection.close(false);
    await new Promise<void>((resolve) => {
      const cancel = clock.after(withinMs, resolve);
      allClosed = () => {
        cancel();
        resolve();
      };
      if (connections.size === 0) allClosed();
    });
    server.engine.close();
    for (const connection of connections) connection.request.socket.destroy();
  };
}

/** From here on this connection may send messages of up to so many bytes; a longer one closes it before it is read. */
export function limitMessages(connection: { readonly transport?: unknown }, bytes: number): void {
  // Not public: `ws` has one limit for all. Where it is absent that one holds.
  const transport = connection.transport as
    | undefined
    | { readonly socket?: { readonly _receiver?: { _maxPayload?: number } } };
  const receiver = transport?.socket?._receiver;
  if (receiver?._maxPayload !== undefined) receiver._maxPayload = bytes;
}

/** The part of Engine.IO's socket that is used here. */
interface TransportSocket {
  readonly request: IncomingMessage;
  /** Not public: the `ws` of the one transport there is. */
  readonly transport: { readonly socket: ReadSide };
  on(event: 'packet', listener: (packet: { readonly data?: unknown }) => void): void;
  once(event: 'close', listener: () => void): void;
  close(discard: boolean): void;
}

const addressOf = (request: IncomingMessage, trustedProxies: number): string =>
  clientAddress(request.socket.remoteAddress, request.headers['x-forwarded-for'], trustedProxies);

function attempt(decide: () => { readonly ok: true } | Refusal, log: GatewayLog): { readonly ok: true } | Refusal {
  try {
    return decide();
  } catch (error) {
    return internalRefusal(log, {}, error);
  }
}

/** What a socket is told when there is nothing to wait for any more. */
export const shuttingDown = refuse('draining', 'the server is shutting down');
