import { io, type Socket } from 'socket.io-client';
import * as v from 'valibot';
import type { TaskId } from '../../shared/ids.ts';
import {
  type LiveTask,
  liveSchema,
  liveTaskSchema,
  type RoundEnded,
  roundEndedSchema,
  type Scored,
  type ServerToAdminEvents,
  scoredSchema,
  taskRemovedSchema,
} from '../../shared/protocol/admin-events.ts';
import { secureRng } from '../../shared/rng.ts';
import { exponentialReconnect } from '../client/reconnect-policy.ts';
import type { AdminApi } from './api.ts';

/** How the page hears of what happens. `away`: the next try is at `retryAtMs` of the page's own clock. */
export type Connection =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'live' }
  | { readonly kind: 'away'; readonly retryAtMs: number };

export interface LiveListener {
  connection(connection: Connection): void;
  /** Every task there is, after each connect. */
  everything(tasks: readonly LiveTask[]): void;
  task(task: LiveTask): void;
  removed(task: TaskId): void;
  roundEnded(round: RoundEnded): void;
  scored(scored: Scored): void;
}

export interface LiveEvents {
  /** Does not wait for the next try. */
  tryNow(): void;
  close(): void;
}

const policy = exponentialReconnect();

/**
 * Listens on `/admin`, each time with a new ticket, until it is closed. A session that is over shows in the ticket's
 * answer; whoever made `api` acts on it, and here nothing is tried again.
 */
export function openLiveEvents(api: Pick<AdminApi, 'ticket'>, listener: LiveListener): LiveEvents {
  let isClosed = false;
  let socket: Socket | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let attempt = 0;

  async function connect(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    listener.connection({ kind: 'connecting' });
    const answer = await api.ticket();
    if (isClosed) return;
    if (answer.ok) return listen(answer.value);
    if (answer.failure.reason !== 'logged-out') wait();
  }

  function listen(ticket: string): void {
    const opened: Socket<ServerToAdminEvents> = io('/admin', {
      transports: ['websocket'],
      reconnection: false,
      forceNew: true,
      auth: { ticket },
    });
    socket = opened;
    const lost = (): void => {
      if (socket !== opened) return;
      opened.disconnect();
      socket = null;
      if (!isClosed) wait();
    };
    opened.on('connect', () => {
      attempt = 0;
      listener.connection({ kind: 'live' });
    });
    opened.on('live', (message) => parsed(liveSchema, message, ({ tasks }) => listener.everything(tasks)));
    opened.on('task', (message) => parsed(liveTaskSchema, message, listener.task));
    opened.on('task-removed', (message) => parsed(taskRemovedSchema, message, ({ task }) => listener.removed(task)));
    opened.on('round-ended', (message) => parsed(roundEndedSchema, message, listener.roundEnded));
    opened.on('scored', (message) => parsed(scoredSchema, message, listener.scored));
    opened.on('connect_error', lost);
    opened.on('disconnect', lost);
  }

  function wait(): void {
    const delayMs = policy.delayMs(attempt++, null, (secureRng.bytes(1)[0] ?? 0) / 256);
    listener.connection({ kind: 'away', retryAtMs: performance.now() + delayMs });
    timer = setTimeout(connect, delayMs);
  }

  function tryNow(): void {
    if (timer === undefined) return;
    attempt = 0;
    connect();
  }

  addEventListener('online', tryNow);
  connect();
  return {
    tryNow,
    close() {
      isClosed = true;
      clearTimeout(timer);
      removeEventListener('online', tryNow);
      socket?.disconnect();
    },
  };
}

/** A message that is not what it should be changes nothing. */
function parsed<Schema extends v.GenericSchema>(
  schema: Schema,
  message: unknown,
  take: (value: v.InferOutput<Schema>) => void,
): void {
  const result = v.safeParse(schema, message);
  if (result.success) take(result.output);
}
