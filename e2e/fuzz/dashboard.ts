import { io, type Socket } from 'socket.io-client';
import type { RunningServer } from '../fixtures/server.ts';
import type { AdminStep } from './admin-steps.ts';
import { mutated } from './mutations.ts';

type Opening = Pick<Extract<AdminStep, { readonly kind: 'dashboard' }>, 'ticket' | 'change'>;

/** The namespace of dashboards, one socket at a time. */
export class Dashboard {
  messages = 0;
  readonly #server: RunningServer;
  #socket: Socket | null = null;
  #usedTicket = 'never-a-ticket';

  constructor(server: RunningServer) {
    this.#server = server;
  }

  async open({ ticket, change }: Opening, origin: string | null): Promise<void> {
    this.close();
    const auth = { ticket: ticket === 'right' ? await this.#newTicket() : this.#usedTicket };
    const changed = ticket === 'none' ? {} : change === null ? auth : mutated(auth, change);
    this.messages += 1;
    const socket = io(`${this.#server.url}/admin`, {
      auth: (typeof changed === 'object' && changed !== null ? changed : { odd: changed }) as Record<string, unknown>,
      transports: ['websocket'],
      reconnection: false,
      forceNew: true,
      ...(origin === null ? {} : { extraHeaders: { origin } }),
    });
    this.#socket = socket;
    const refusal = await new Promise<unknown>((resolve) => {
      socket.once('connect', () => resolve(null));
      socket.once('disconnect', () => resolve(null));
      socket.once('connect_error', (error: Error & { readonly data?: unknown }) => resolve(error.data ?? null));
    });
    if (socket.connected && (origin !== null || ticket !== 'right'))
      throw new Error(`a dashboard was let in with the ticket "${ticket}" from ${origin ?? 'here'}`);
    if (refusal !== null && !isRefusal(refusal))
      throw new Error(`a dashboard was refused in another shape: ${JSON.stringify(refusal)}`);
    if (socket.connected && ticket === 'right' && change === null) this.#usedTicket = auth.ticket;
  }

  say(event: string, args: readonly unknown[]): void {
    if (this.#socket === null || !this.#socket.connected) return;
    this.messages += 1;
    try {
      this.#socket.emit(event, ...args, () => {});
    } catch {
      // This side's own encoder refuses some names: `disconnecting`.
    }
  }

  write(packet: string): void {
    if (this.#socket === null || !this.#socket.connected) return;
    this.messages += 1;
    this.#socket.io.engine.write(packet as never);
  }

  close(): void {
    this.#socket?.disconnect();
    this.#socket = null;
  }

  async #newTicket(): Promise<string> {
    return (await this.#server.adminJson<{ ticket: string }>('/api/session/ticket', { method: 'POST' })).ticket;
  }
}

const isRefusal = (value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  'ok' in value &&
  value.ok === false &&
  'reason' in value &&
  typeof value.reason === 'string' &&
  'message' in value &&
  typeof value.message === 'string';
