import type { TaskId, UpdateId } from '../../shared/ids.ts';
import { createFederatedClient, type FederatedClient } from '../../web/client/index.ts';
import { nodePorts } from '../../web/client/node.ts';
import type { SecretStore } from '../../web/client/ports.ts';
import { type Gate, oneHotTrainer } from './one-hot.ts';

/** Comes back quickly, as the tests restart the server at once. */
const eager = { delayMs: (_attempt: number, _hintMs: number | null, roll: number) => 30 + Math.round(40 * roll) };

/** Contributors in this process, on the engine of the tabs: contributor i reports 1 in cell i. */
export class Contributors {
  readonly clients: readonly FederatedClient[];
  /** round → cells whose report was acknowledged as accepted, as the clients themselves saw it. */
  readonly acknowledged = new Map<number, Set<number>>();
  /** The cell of each report that was. */
  readonly cells = new Map<UpdateId, number>();
  readonly #watchers = new Set<() => void>();

  /** With the same secrets they are the same contributors. */
  constructor(
    server: string,
    task: TaskId,
    count: number,
    gate: Pick<Gate, 'pass'>,
    secrets: readonly SecretStore[] = [],
  ) {
    this.clients = Array.from({ length: count }, (_, cell) => {
      const trainer = oneHotTrainer(cell, (signal) => gate.pass(client.view().round ?? 0, cell, signal));
      const client: FederatedClient = createFederatedClient({
        server,
        task,
        ports: nodePorts({ server, trainer, secrets: secrets[cell] }),
        reconnect: eager,
      });
      client.subscribe(({ notes }) => {
        for (const { receipt } of notes) {
          if (receipt === null) continue;
          this.cells.set(receipt.updateId, cell);
          const cells = this.acknowledged.get(receipt.round) ?? new Set();
          this.acknowledged.set(receipt.round, cells.add(cell));
        }
        for (const watcher of this.#watchers) watcher();
      });
      return client;
    });
  }

  async start(): Promise<void> {
    await Promise.all(this.clients.map((client) => client.start()));
  }

  async close(): Promise<void> {
    await Promise.all(this.clients.map((client) => client.close()));
  }

  acksOf(round: number): ReadonlySet<number> {
    return this.acknowledged.get(round) ?? new Set();
  }

  /** Round in which every contributor has its part and trains, or null. */
  roundOfAll(): number | null {
    const rounds = new Set(this.clients.map((client) => client.view().round));
    const isTraining = this.clients.every((client) => client.view().state === 'training');
    const [round = null] = rounds;
    return isTraining && rounds.size === 1 ? round : null;
  }

  /** Resolves when `isTrue` holds; looked at after each change of a contributor. */
  async until(isTrue: () => boolean, what: string, withinMs = 60_000): Promise<void> {
    if (isTrue()) return;
    await new Promise<void>((resolve, reject) => {
      const end = (): void => {
        clearTimeout(timer);
        this.#watchers.delete(look);
      };
      const look = (): void => {
        if (!isTrue()) return;
        end();
        resolve();
      };
      const timer = setTimeout(() => {
        end();
        const states = this.clients.map((client) => {
          const { state, round, reason } = client.view();
          return `${state} ${round} ${reason}`;
        });
        reject(new Error(`${what}: not within ${withinMs} ms\n${states.join('\n')}`));
      }, withinMs);
      this.#watchers.add(look);
    });
  }
}
