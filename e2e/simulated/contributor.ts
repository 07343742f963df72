import type { Clock } from '../../shared/clock.ts';
import type { ClientId, TaskId, UpdateId } from '../../shared/ids.ts';
import { type Assignment, type Receipt, updateIdOf } from '../../shared/protocol/index.ts';
import type { Rng } from '../../shared/rng.ts';
import { createFederatedClient } from '../../web/client/client.ts';
import { HeldWeights } from '../../web/client/held-weights.ts';
import { memorySecrets } from '../../web/client/memory-secrets.ts';
import type { WeightsSource } from '../../web/client/ports.ts';
import { type SocketOf, socketTransport } from '../../web/client/socket-transport.ts';
import { alone } from '../../web/client/tab-lock.ts';
import type { Session, Transport } from '../../web/client/transport.ts';
import type { FederatedClient } from '../../web/client/view.ts';
import { wait } from '../../web/client/waiting.ts';
import { oneHotTrainer } from '../crash/one-hot.ts';
import { repeatable } from '../sim/in-process/house.ts';

export interface ContributorOptions {
  readonly cell: number;
  readonly task: TaskId;
  readonly clock: Clock;
  readonly rng: Rng;
  readonly socketOf: SocketOf;
  readonly weights: WeightsSource;
  readonly heard: {
    /** A part of a round, before the client knows of it. */
    assigned(cell: number, updateId: UpdateId, assignment: Assignment): void;
    /** The server said that it has this report. */
    acknowledged(cell: number, receipt: Receipt): void;
    welcomed(cell: number, clientId: ClientId): void;
  };
}

const TRAINS_AT_MOST_MS = 4_000;
/** Real time does not pass meanwhile. */
const NEVER_MS = 2 ** 31 - 1;

/** One browser profile: its tab is opened and closed, what it keeps stays. It reports 1 in its own cell. */
export class Contributor {
  readonly cell: number;
  readonly #options: ContributorOptions;
  readonly #secrets = memorySecrets();
  /** Hers, as when somebody stays slow. */
  readonly #paceMs: number;
  client: FederatedClient;
  isForgetting = false;

  constructor(options: ContributorOptions) {
    this.cell = options.cell;
    this.#options = options;
    this.#paceMs = 1 + options.rng.below(TRAINS_AT_MOST_MS);
    this.client = this.#openTab();
  }

  start(): Promise<void> {
    return this.client.start();
  }

  /** The page is gone without a word, and opened again. */
  async reload(): Promise<void> {
    const before = this.client;
    this.client = this.#openTab();
    await Promise.all([before.close(), this.client.start()]);
  }

  async forget(): Promise<void> {
    this.isForgetting = true;
    await this.client.forget();
    this.isForgetting = false;
    await this.client.start();
  }

  #openTab(): FederatedClient {
    const { task, clock, rng, cell, weights } = this.#options;
    const trainer = oneHotTrainer(cell, (signal) => wait(clock, 1 + rng.below(this.#paceMs), signal));
    return createFederatedClient({
      server: 'http://simulated',
      task,
      ports: {
        ...{ clock, trainer, weights, random: repeatable(rng.uint32(), cell), secrets: this.#secrets },
        ...{ lock: { request: alone }, held: new HeldWeights(), examples: async () => 1 },
        transport: this.#overheard(socketTransport({ openMs: NEVER_MS }, this.#options.socketOf)),
      },
    });
  }

  #overheard(transport: Transport): Transport {
    const { heard } = this.#options;
    const { cell } = this;
    const told = <Answer extends object>(answer: Answer): Answer => {
      if ('receipt' in answer && answer.receipt) heard.acknowledged(cell, answer.receipt as Receipt);
      return answer;
    };
    return {
      open: (target, inbox): Session => {
        const session = transport.open(target, {
          ...inbox,
          welcome: (message) => {
            heard.welcomed(cell, message.clientId);
            inbox.welcome(message);
          },
          assign: (message) => {
            heard.assigned(cell, updateIdOf(message.token), message);
            inbox.assign(message);
          },
        });
        return {
          ...session,
          resume: async (part) => told(await session.resume(part)),
          reportBegin: async (...about) => told(await session.reportBegin(...about)),
          reportEnd: async (part) => told(await session.reportEnd(part)),
        };
      },
    };
  }
}
