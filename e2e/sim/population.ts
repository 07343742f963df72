import type { TaskId } from '../../shared/ids.ts';
import {
  type ClientPorts,
  createFederatedClient,
  type FederatedClient,
  HeldWeights,
  type ReconnectPolicy,
  type RequestedBackend,
  socketTransport,
  type Trainer,
  type Transport,
} from '../../web/client/index.ts';
import { nodePorts } from '../../web/client/node.ts';
import type { ClientView, ParticipationState } from '../../web/client/view.ts';

export interface PopulationOptions {
  readonly server: string;
  readonly task: TaskId;
  readonly count: number;
  readonly trainer: (index: number) => Trainer;
  readonly joinToken?: string | undefined;
  readonly backend?: RequestedBackend;
  readonly reconnect?: ReconnectPolicy;
  /** Puts something around a client's transport: see `transports.ts`. */
  readonly transport?: (transport: Transport, index: number) => Transport;
  readonly ports?: (ports: ClientPorts, index: number) => ClientPorts;
  /** Clients that open their first session at once; a server takes so many joins of one address in a second. */
  readonly openingAtOnce?: number;
}

/** States in which a client that wants in is neither connected nor on its way. */
const RESTS: ReadonlySet<ParticipationState> = new Set([
  'needs-data',
  'other-tab',
  'unsupported',
  'error',
  'left',
  'idle',
]);

/** Many headless contributors in this process: the engine of the tabs with Node's ports, over real sockets. */
export class Population {
  readonly clients: readonly FederatedClient[];
  readonly #openingAtOnce: number;
  /** What looks after each change, and ends its waiting. */
  readonly #watchers = new Map<() => void, (error: Error) => void>();

  constructor(options: PopulationOptions) {
    const { server, task, joinToken, backend, reconnect } = options;
    // One copy of each checkpoint for all of them.
    const held = new HeldWeights(2);
    this.#openingAtOnce = options.openingAtOnce ?? 25;
    this.clients = Array.from({ length: options.count }, (_, index) => {
      const transport = options.transport?.(socketTransport(), index) ?? socketTransport();
      const own: ClientPorts = { ...nodePorts({ server, trainer: options.trainer(index) }), transport, held };
      const ports = options.ports?.(own, index) ?? own;
      const client = createFederatedClient({
        server,
        task,
        joinToken,
        backend,
        reconnect,
        ports,
        software: 'fedtab-sim',
      });
      client.subscribe(() => {
        for (const look of [...this.#watchers.keys()]) look();
      });
      return client;
    });
  }

  /** Starts every client; resolves when each is connected or rests. */
  async start(): Promise<void> {
    const waiting = [...this.clients];
    const openOneByOne = async (): Promise<void> => {
      for (let client = waiting.shift(); client !== undefined; client = waiting.shift()) {
        await client.start();
        await viewUntil(client, (view) => view.connected || RESTS.has(view.state));
      }
    };
    await Promise.all(Array.from({ length: this.#openingAtOnce }, openOneByOne));
  }

  /** Resolves when `isTrue` holds, looked at after each change of a client; rejects with their states when it takes too long. */
  until(isTrue: () => boolean, what: string, withinMs = 60_000): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = (settle: () => void): void => {
        clearTimeout(timer);
        this.#watchers.delete(look);
        settle();
      };
      const look = (): void => {
        try {
          if (isTrue()) end(resolve);
        } catch (error) {
          end(() => reject(error));
        }
      };
      const timer = setTimeout(
        () => end(() => reject(new Error(`${what}: not within ${withinMs} ms (${JSON.stringify(this.states())})`))),
        withinMs,
      );
      this.#watchers.set(look, (error) => end(() => reject(error)));
      look();
    });
  }

  /** How many clients are in each state. */
  states(): Readonly<Record<string, number>> {
    const counts: Record<string, number> = {};
    for (const client of this.clients) {
      const { state, reason } = client.view();
      const name = reason === null ? state : `${state}(${reason})`;
      counts[name] = (counts[name] ?? 0) + 1;
    }
    return counts;
  }

  /** Whoever still waits for something is told that it will not come. */
  async close(): Promise<void> {
    for (const refuse of [...this.#watchers.values()]) refuse(new Error('the population was closed'));
    await Promise.all(this.clients.map((client) => client.close()));
  }
}

/** Resolves with the first view, from now on, of which `isIt` is true. */
export function viewUntil(client: FederatedClient, isIt: (view: ClientView) => boolean): Promise<ClientView> {
  const now = client.view();
  if (isIt(now)) return Promise.resolve(now);
  return new Promise((resolve) => {
    const end = client.subscribe((view) => {
      if (!isIt(view)) return;
      end();
      resolve(view);
    });
  });
}

/** Does something once, when the client first shows this state: leave, cut its cable, pause. */
export function onceAt(
  client: FederatedClient,
  state: ParticipationState,
  act: (client: FederatedClient) => unknown,
): () => void {
  const end = client.subscribe((view) => {
    if (view.state !== state) return;
    end();
    act(client);
  });
  return end;
}
