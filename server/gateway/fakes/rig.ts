import { randomBytes } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Clock } from '../../../shared/clock.ts';
import type { Refusal } from '../../../shared/errors.ts';
import type { ClientId } from '../../../shared/ids.ts';
import { clientIdOf } from '../../../shared/protocol/index.ts';
import type { TaskSpec } from '../../../shared/task/spec.ts';
import type { Admin, Admins } from '../../auth/admins.ts';
import { systemClock } from '../../clock.ts';
import { createGateway, type Gateway, type GatewayOptions } from '../gateway.ts';
import { MemorySpool } from './memory-spool.ts';
import { ScriptedCoordinator } from './scripted-coordinator.ts';
import { TestClient } from './test-client.ts';

export const protocol = { min: 1, max: 1 };
export const newSecret = (): string => randomBytes(16).toString('hex');

interface Options extends Partial<GatewayOptions> {
  readonly clock?: Clock;
}

/** A gateway on a real HTTP server and real sockets, with a scripted coordinator behind it. */
export class Rig {
  readonly coordinator: ScriptedCoordinator;
  readonly spool = new MemorySpool();
  readonly errors: unknown[] = [];
  readonly tickets = new Map<string, Admin>();
  /** Logins of dashboards that were told to be in use, and those that are gone. */
  readonly used: string[] = [];
  readonly gone = new Set<string>();
  readonly refusals: [place: string, reason: string][] = [];
  readonly gateway: Gateway;
  readonly #httpServer: Server;
  readonly #clients: TestClient[] = [];
  #logOut: Parameters<Admins['onLogOut']>[0] = () => {};

  private constructor(options: Options, specs: readonly Partial<TaskSpec>[]) {
    this.coordinator = new ScriptedCoordinator(...specs);
    this.#httpServer = createServer((_request, response) => response.writeHead(404).end('not here'));
    this.gateway = createGateway({
      spool: this.spool,
      admins: {
        redeemTicket: async (ticket) => {
          const admin = this.tickets.get(ticket) ?? null;
          this.tickets.delete(ticket);
          return admin;
        },
        used: async (actor) => {
          this.used.push(actor);
          return !this.gone.has(actor);
        },
        onLogOut: (listener) => {
          this.#logOut = listener;
          return () => {
            this.#logOut = () => {};
          };
        },
      },
      clock: systemClock,
      log: { info: () => {}, warn: () => {}, error: (fields) => void this.errors.push(fields) },
      metrics: {
        sessions: () => {},
        adminSessions: () => {},
        refused: (place, reason) => void this.refusals.push([place, reason]),
        handled: () => {},
        received: () => {},
        sent: () => {},
        uploads: () => {},
      },
      publicUrl: null,
      trustedProxies: 0,
      ...options,
    });
  }

  static async start(options: Options = {}, ...specs: Partial<TaskSpec>[]): Promise<Rig> {
    const rig = new Rig(options, specs);
    rig.gateway.open(rig.#httpServer, rig.coordinator);
    await new Promise<void>((resolve) => rig.#httpServer.listen(0, '127.0.0.1', resolve));
    return rig;
  }

  get port(): number {
    return (this.#httpServer.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Opens a socket; `headers` such as Origin are those of the upgrade. */
  connect(
    auth: object = { protocol, secret: newSecret() },
    {
      task = 'digits',
      headers = {},
      path = '/',
    }: { task?: string | null; headers?: Record<string, string>; path?: string } = {},
  ): TestClient {
    const client = new TestClient(`${this.url}${path}`, {
      query: task === null ? {} : { task },
      auth,
      extraHeaders: headers,
    });
    this.#clients.push(client);
    return client;
  }

  /** A client that has been welcomed. */
  async join(secret: string = newSecret(), task = 'digits'): Promise<{ client: TestClient; clientId: ClientId }> {
    const client = this.connect({ protocol, secret }, { task });
    await client.next('welcome');
    return { client, clientId: clientIdOf(task as never, secret) };
  }

  /** How an upgrade is answered: with 101, or with the status and body with which it is turned down. */
  upgrade(
    path: string,
    headers: Record<string, string> = {},
  ): Promise<{ status: number; headers: IncomingHttpHeaders; body: string }> {
    return new Promise((resolve, reject) => {
      const asked = request({
        host: '127.0.0.1',
        port: this.port,
        path,
        headers: {
          Connection: 'Upgrade',
          Upgrade: 'websocket',
          'Sec-WebSocket-Version': '13',
          'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
          ...headers,
        },
      });
      asked.on('upgrade', (response, socket) => {
        socket.destroy();
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: '' });
      });
      asked.on('response', (response) => {
        let body = '';
        response.setEncoding('utf8');
        response.on('data', (text: string) => {
          body += text;
        });
        response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }));
      });
      asked.on('error', reject);
      asked.end();
    });
  }

  async upgradeRefusal(path: string, headers: Record<string, string> = {}): Promise<Refusal> {
    const { status, body } = await this.upgrade(path, headers);
    if (status !== 400) throw new Error(`status ${status}: ${body}`);
    return JSON.parse(body) as Refusal;
  }

  logOut(actor: string): void {
    this.#logOut(actor, false);
  }

  async close(): Promise<void> {
    for (const client of this.#clients) client.close();
    await this.gateway.close();
    await new Promise((resolve) => this.#httpServer.close(resolve));
  }
}

export const upgradePath = (task: string): string => `/socket.io/?EIO=4&transport=websocket&task=${task}`;
