import { io, type Socket } from 'socket.io-client';
import * as v from 'valibot';
import type { Refusal } from '../../shared/errors.ts';
import type { UpdateId } from '../../shared/ids.ts';
import {
  assignmentSchema,
  drainingSchema,
  okAckSchema,
  type Receipt,
  refusalSchema,
  reportBeginAckSchema,
  reportEndAckSchema,
  resumeAckSchema,
  retrySchema,
  roundEndSchema,
  statusSchema,
  weightsSchema,
  welcomeSchema,
} from '../../shared/protocol/index.ts';
import {
  type Answer,
  type Session,
  type SessionInbox,
  type SessionTarget,
  type Transport,
  UNANSWERED,
} from './transport.ts';

/** Milliseconds without an answer after which a session counts as gone. */
export interface SocketTimeouts {
  /** From opening to the welcome. */
  readonly openMs: number;
  readonly controlMs: number;
  /** One chunk: 42 s over 56 kbit/s with 2 s of delay, where none is ahead of it since its window does not open. */
  readonly chunkMs: number;
  /** The server checks the whole report and makes it durable. */
  readonly reportEndMs: number;
}

const TIMEOUTS: SocketTimeouts = { openMs: 30_000, controlMs: 15_000, chunkMs: 90_000, reportEndMs: 60_000 };

type Schema = v.GenericSchema<unknown, unknown>;
type AckSchema = v.GenericSchema<unknown, { readonly ok: true } | SentRefusal>;

/** A socket that is not connected yet; a simulator may bring one that stays in the process. */
export type SocketOf = (target: SessionTarget, openMs: number) => Socket;

/** Sessions over Socket.IO: websocket only, one connection each, no reconnection of its own (C11). */
export function socketTransport(timeouts: Partial<SocketTimeouts> = {}, socketOf: SocketOf = webSocketOf): Transport {
  const limits = { ...TIMEOUTS, ...timeouts };
  return { open: (target, inbox) => openSession(target, inbox, socketOf(target, limits.openMs), limits) };
}

/** A server behind a path (`https://example.org/learn/`) has its socket under that path. */
function addressOf({ server, task }: SessionTarget): {
  readonly origin: string;
  readonly path: string;
  readonly query: { task: string };
} {
  const url = new URL(server);
  return { origin: url.origin, path: `${url.pathname.replace(/\/$/, '')}/socket.io/`, query: { task } };
}

function webSocketOf(target: SessionTarget, openMs: number): Socket {
  const { origin, path, query } = addressOf(target);
  return io(origin, {
    path,
    query,
    auth: target.handshake,
    transports: ['websocket'],
    reconnection: false,
    forceNew: true,
    autoConnect: false,
    timeout: openMs,
  });
}

function openSession(target: SessionTarget, inbox: SessionInbox, socket: Socket, limits: SocketTimeouts): Session {
  let state: 'opening' | 'open' | 'over' = 'opening';
  const welcomeTimer = setTimeout(() => end(() => inbox.closed()), limits.openMs);

  const end = (tell?: () => void): void => {
    if (state === 'over') return;
    state = 'over';
    clearTimeout(welcomeTimer);
    socket.disconnect();
    tell?.();
  };
  /** Hears one event: what does not parse is dropped, as if it had not been sent. */
  const on = <S extends Schema>(
    event: string,
    schema: S,
    hear: (message: v.InferOutput<S>, attachment: unknown) => void,
  ): void => {
    socket.on(event, (message: unknown, attachment: unknown) => {
      if (state === 'over' || (state === 'opening' && event !== 'welcome' && event !== 'refused')) return;
      const parsed = v.safeParse(schema, message);
      if (parsed.success) hear(parsed.output, attachment);
    });
  };
  const ask = async <S extends AckSchema>(
    schema: S,
    timeoutMs: number,
    event: string,
    ...args: unknown[]
  ): Promise<Answer<v.InferOutput<S>>> => {
    if (state !== 'open') return UNANSWERED;
    try {
      const answer: unknown = await socket.timeout(timeoutMs).emitWithAck(event, ...args);
      const parsed = v.safeParse(schema, answer);
      if (parsed.success)
        return parsed.output.ok ? (parsed.output as Extract<v.InferOutput<S>, { ok: true }>) : refusalOf(parsed.output);
    } catch {
      // Late or cut: the same to us.
    }
    end(() => inbox.closed());
    return UNANSWERED;
  };

  on('welcome', welcomeSchema, (message) => {
    if (state !== 'opening' || message.task !== target.task) return;
    state = 'open';
    clearTimeout(welcomeTimer);
    inbox.welcome(message);
  });
  on('status', statusSchema, (message) => inbox.status(message));
  on('assign', assignmentSchema, (message) => inbox.assign(message));
  on('weights', weightsSchema, (message, attachment) => {
    const bytes = bytesOf(attachment);
    if (bytes?.byteLength === message.bytes) inbox.weights(message, bytes);
  });
  on('round', roundEndSchema, (message) => inbox.round(message));
  on('retry', retrySchema, (message) => inbox.retry(message));
  on('draining', drainingSchema, (message) => inbox.draining(message));
  on('refused', refusalSchema, (message) => end(() => inbox.refused(refusalOf(message))));
  socket.on('connect_error', (error) => {
    const { success, output } = v.safeParse(refusalSchema, (error as { readonly data?: unknown }).data);
    end(() => (success ? inbox.refused(refusalOf(output)) : inbox.closed()));
  });
  socket.on('disconnect', () => end(() => inbox.closed()));
  socket.io.on('open', () => {
    const { engine } = socket.io;
    engine.on('packetCreate', ({ data }) => inbox.traffic('sent', frameBytes(data, MASK_BYTES)));
    engine.on('packet', ({ data }) => inbox.traffic('received', frameBytes(data, 0)));
  });
  socket.connect();
  readGuarded(socket, () => end(() => inbox.closed()));

  return {
    checkIn: (message) => ask(okAckSchema, limits.controlMs, 'check-in', message),
    checkOut: () => ask(okAckSchema, limits.controlMs, 'check-out', {}),
    resume: ({ token, updateId }) => ask(about(updateId, resumeAckSchema), limits.controlMs, 'resume', { token }),
    reportBegin: (message, updateId) =>
      ask(about(updateId, reportBeginAckSchema), limits.controlMs, 'report-begin', message),
    reportChunk: (message, bytes) => ask(okAckSchema, limits.chunkMs, 'report-chunk', message, bytes),
    reportEnd: ({ token, updateId }) =>
      ask(about(updateId, reportEndAckSchema), limits.reportEndMs, 'report-end', { token }),
    forget: () => ask(okAckSchema, limits.controlMs, 'forget', {}),
    progress: (message) => {
      if (state === 'open') socket.emit('progress', message);
    },
    close: () => end(),
  };
}

/** Only a receipt of this assignment's own report is an answer (P27); a mistake or a turned bit may bring another's. */
const about = <A extends { readonly ok: boolean }>(updateId: UpdateId, schema: v.GenericSchema<unknown, A>) =>
  v.pipe(
    schema,
    v.check((answer) => {
      const receipt = answer.ok && (answer as { readonly receipt?: Receipt | null }).receipt;
      return !receipt || receipt.updateId === updateId;
    }, 'the receipt of another report'),
  );

/** What Engine.IO cannot read ends the session: out of its listener the error would end a process of Node. */
function readGuarded({ io: { engine } }: Socket, fail: () => void): void {
  const transport = engine?.transport as unknown as { onData(data: unknown): void } | undefined;
  if (transport === undefined) return;
  const read = transport.onData.bind(transport);
  transport.onData = (data) => {
    try {
      read(data);
    } catch {
      fail();
    }
  };
}

type SentRefusal = v.InferOutput<typeof refusalSchema>;

function refusalOf({ reason, message, retryAfterMs }: SentRefusal): Refusal {
  return retryAfterMs === undefined ? { ok: false, reason, message } : { ok: false, reason, message, retryAfterMs };
}

/** An attachment arrives as an ArrayBuffer in browsers and as a Buffer in Node. */
function bytesOf(attachment: unknown): Uint8Array | undefined {
  if (attachment instanceof ArrayBuffer) return new Uint8Array(attachment);
  if (!ArrayBuffer.isView(attachment)) return undefined;
  return new Uint8Array(attachment.buffer, attachment.byteOffset, attachment.byteLength);
}

/** What a client sends is masked (RFC 6455, section 5.3). */
const MASK_BYTES = 4;

/** Bytes of one packet in its WebSocket frame: text has a digit for the packet's type before it. */
function frameBytes(data: unknown, maskBytes: number): number {
  const body = typeof data === 'string' ? 1 + utf8Bytes(data) : (bytesOf(data)?.byteLength ?? 1);
  return body + (body < 126 ? 2 : body < 65_536 ? 4 : 10) + maskBytes;
}

function utf8Bytes(text: string): number {
  let bytes = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    // Each half of a surrogate pair is two of its four bytes.
    bytes += code < 0x80 ? 1 : code < 0x800 || (code >= 0xd800 && code < 0xe000) ? 2 : 3;
  }
  return bytes;
}
