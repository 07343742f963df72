import type { IncomingMessage } from 'node:http';
import * as v from 'valibot';
import type { Clock } from '../../shared/clock.ts';
import { type Refusal, refuse } from '../../shared/errors.ts';
import type { ClientId, TaskId } from '../../shared/ids.ts';
import { LIMITS } from '../../shared/limits.ts';
import {
  checkInSchema,
  emptySchema,
  type Handshake,
  progressSchema,
  reportBeginSchema,
  reportChunkSchema,
  reportEndSchema,
  resumeSchema,
} from '../../shared/protocol/index.ts';
import type { Coordinator } from '../rounds/port.ts';
import { type Broadcast, endSession, type GatewayServer } from './broadcast.ts';
import { decideJoin, type Joined, pathOf } from './handshake.ts';
import { internalRefusal } from './internal-refusal.ts';
import type { GatewayLog, GatewayMetrics } from './ports.ts';
import { type JoinLimits, TokenBucket } from './rate-limit.ts';
import type { ClientSession, ClientSocket, Sessions } from './sessions.ts';
import { limitMessages } from './socket-server.ts';
import type { Uploads } from './upload.ts';

export interface ClientGatewayOptions {
  readonly server: GatewayServer;
  readonly coordinator: Coordinator;
  readonly sessions: Sessions;
  /** Joins of each task. */
  readonly crowds: Pick<JoinLimits, 'join'>;
  readonly broadcast: Broadcast;
  readonly uploads: Uploads;
  readonly publicUrl: string | null;
  /** The name of the network that a request came from. */
  readonly networkOf: (request: IncomingMessage) => string;
  /** A client's session began. */
  readonly joined?: (task: TaskId, clientId: ClientId, connection: Handshake['connection']) => void;
  readonly isDraining: () => boolean;
  readonly clock: Clock;
  readonly log: GatewayLog;
  readonly metrics: GatewayMetrics;
}

type Answer = { readonly ok: true } | Refusal;
type Ack = (answer: Answer) => void;

/** One event: its schema, whether a binary attachment belongs to it, and what it does. */
interface EventRule {
  readonly hasBytes: boolean;
  readonly hasAck: boolean;
  /** Parses and handles, or says that the message is not well-formed. */
  readonly take: (session: ClientSession, message: unknown, bytes: Uint8Array) => Promise<Answer> | Answer;
}

/** Sockets of the main namespace ⇄ the coordinator. What arrives is parsed; what is wrong is told; nothing throws. */
export function openClientGateway(options: ClientGatewayOptions): void {
  const { server, coordinator, sessions, broadcast, clock, log, metrics } = options;
  const rules = eventRules(options);
  const connected = new WeakSet<object>();

  server.use((socket, next) => {
    // One session a connection (P1): asked for again, as by a packet that the network doubled, there is no answer.
    if (connected.has(socket.conn)) return;
    connected.add(socket.conn);
    let answer: Joined | Refusal;
    try {
      answer = decideJoin(socket.handshake.auth, socket.request, coordinator, options.publicUrl);
      if (answer.ok && sessions.isOvertaken(answer))
        answer = refuse('replaced', 'a later connection of this client is there already');
      const waitMs = answer.ok ? options.crowds.join(answer.task) : 0;
      if (waitMs > 0) answer = refuse('rate', 'too many join this task at once', waitMs);
    } catch (error) {
      answer = internalRefusal(log, { socket: socket.id }, error);
    }
    if (!answer.ok) {
      metrics.refused('handshake', answer.reason, { network: options.networkOf(socket.request) });
      return next(Object.assign(new Error(answer.message), { data: answer }));
    }
    const messages = new TokenBucket(clock, LIMITS.messagesPerSocketPerSecond);
    const progress = new TokenBucket(clock, LIMITS.progressPerSecond);
    const { ok: _, ...joined } = answer;
    const network = options.networkOf(socket.request);
    (socket as ClientSocket).data = {
      session: { ...joined, network, socket, messages, progress, resumed: null, isFetching: false, deafen: () => {} },
    };
    next();
  });

  server.on('connection', (socket) => {
    const { session } = (socket as ClientSocket).data;
    limitMessages(socket.conn, LIMITS.joinedMessageBytes);
    // Set up first: from here on every way out of this session passes by `closed`.
    socket.on('disconnect', () => closed(session));
    socket.onAny((event: unknown, ...args: unknown[]) => void dispatch(session, event, args));
    try {
      welcome(session);
    } catch (error) {
      endSession(session, internalRefusal(log, idsOf(session), error));
    }
  });

  function welcome(session: ClientSession): void {
    const { task, clientId, protocol, socket } = session;
    const older = sessions.open(session);
    metrics.sessions(1);
    options.joined?.(task, clientId, session.connection);
    if (older !== undefined) endSession(older, refuse('replaced', 'a newer session of this client took over'));
    const participation = coordinator.participation(task);
    const status = coordinator.status(task);
    if (participation === undefined || status === undefined) {
      endSession(session, refuse('unknown-task', 'there is no such task'));
      return;
    }
    socket.emit('welcome', { protocol, task, clientId, participation, status });
    broadcast.changed(task);
  }

  function closed(session: ClientSession): void {
    // One session a connection: another needs a new upgrade, with its Origin and its limits.
    session.socket.conn.close();
    session.deafen();
    metrics.sessions(-1);
    if (!sessions.close(session)) return;
    try {
      coordinator.disconnected(session.task, session.clientId);
    } catch (error) {
      internalRefusal(log, idsOf(session), error);
    }
    broadcast.changed(session.task);
  }

  /** The one catch of every event. */
  async function dispatch(session: ClientSession, event: unknown, args: unknown[]): Promise<void> {
    const ack = typeof args.at(-1) === 'function' ? (args.pop() as Ack) : undefined;
    const name = typeof event === 'string' && rules.has(event) ? event : 'unknown';
    const startedMs = clock.elapsed();
    let answer: Answer;
    try {
      answer = await takeEvent(session, name, ack !== undefined, args);
    } catch (error) {
      answer = internalRefusal(log, { ...idsOf(session), event: name }, error);
    }
    if (answer.ok) metrics.handled(name, (clock.elapsed() - startedMs) / 1000);
    else metrics.refused('event', answer.reason, { ...idsOf(session), event: name });
    ack?.(answer);
  }

  function takeEvent(
    session: ClientSession,
    name: string,
    hasAck: boolean,
    args: readonly unknown[],
  ): Promise<Answer> | Answer {
    const waitMs = session.messages.take();
    if (waitMs > 0) return refuse('rate', 'too many messages', waitMs);
    if (!sessions.isLive(session)) return refuse('replaced', 'a newer session of this client took over');
    const rule = rules.get(name);
    if (rule === undefined) return refuse('bad-message', 'there is no such event');
    if (rule.hasAck && !hasAck) return refuse('bad-message', 'this event needs an ack');
    if (args.length !== (rule.hasBytes ? 2 : 1)) return refuse('bad-message', 'wrong number of arguments');
    const bytes = rule.hasBytes ? args[1] : noBytes;
    if (!(bytes instanceof Uint8Array)) return refuse('bad-message', 'the attachment must be binary');
    return rule.take(session, args[0], bytes);
  }
}

const noBytes = new Uint8Array(0);

const idsOf = (session: ClientSession): Readonly<Record<string, unknown>> => ({
  task: session.task,
  client: session.clientId,
  socket: session.socket.id,
});

function eventRules(options: ClientGatewayOptions): ReadonlyMap<string, EventRule> {
  const { coordinator, uploads, sessions, clock } = options;
  const ok = { ok: true } as const;

  /** Whole chunks from here on, for as long as an upload may be silent (P11): what is not whole yet is held. */
  function hearChunks(session: ClientSession): void {
    if (!sessions.isLive(session)) return;
    const { conn } = session.socket;
    session.deafen();
    limitMessages(conn, LIMITS.socketMessageBytes);
    session.deafen = clock.after(LIMITS.uploadIdleMs, () => limitMessages(conn, LIMITS.joinedMessageBytes));
  }

  return new Map<string, EventRule>([
    rule('check-in', checkInSchema, (session, message) => {
      const { task, clientId, network, socket } = session;
      if (options.isDraining()) return refuse('draining', 'the server is shutting down', 1_000);
      // The task may have been archived since the handshake, and its Origins are asked about again.
      const again = decideJoin(socket.handshake.auth, socket.request, coordinator, options.publicUrl);
      session.isFetching = message.weights === 'http';
      return again.ok ? coordinator.checkIn(task, clientId, message, network) : again;
    }),
    rule('check-out', emptySchema, ({ task, clientId }) => {
      coordinator.checkOut(task, clientId);
      return ok;
    }),
    rule('resume', resumeSchema, async (session, { token }) => {
      const answer = await coordinator.resume(session.task, session.clientId, token);
      if (answer.ok && answer.assignment !== null) session.resumed = token;
      return answer;
    }),
    rule('report-begin', reportBeginSchema, async (session, message) => {
      const { task, clientId, resumed } = session;
      const answer = await uploads.begin(task, clientId, message, resumed === message.token);
      if (answer.ok && answer.receipt === null) hearChunks(session);
      return answer;
    }),
    rule(
      'report-chunk',
      reportChunkSchema,
      async (session, message, bytes) => {
        const answer = await uploads.chunk(session.task, session.clientId, message, bytes);
        if (answer.ok) hearChunks(session);
        return answer;
      },
      { hasBytes: true },
    ),
    rule('report-end', reportEndSchema, ({ task, clientId }, { token }) => uploads.end(task, clientId, token)),
    rule(
      'progress',
      progressSchema,
      ({ task, clientId, progress }, message) => {
        if (progress.take() === 0) coordinator.progress(task, clientId, message);
        return ok;
      },
      { hasAck: false },
    ),
    rule('forget', emptySchema, async ({ task, clientId }) => {
      await uploads.forget(task, clientId);
      await coordinator.forget(task, clientId);
      return ok;
    }),
  ]);
}

function rule<Schema extends v.GenericSchema>(
  name: string,
  schema: Schema,
  handle: (session: ClientSession, message: v.InferOutput<Schema>, bytes: Uint8Array) => Promise<Answer> | Answer,
  { hasBytes = false, hasAck = true } = {},
): [string, EventRule] {
  return [
    name,
    {
      hasBytes,
      hasAck,
      take: (session, message, bytes) => {
        const parsed = v.safeParse(schema, message);
        return parsed.success
          ? handle(session, parsed.output, bytes)
          : refuse('bad-message', `${name} is not well-formed at ${pathOf(parsed.issues)}`);
      },
    },
  ];
}
