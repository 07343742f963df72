import type { ClientId, Sha256, TaskId } from '../../../shared/ids.ts';
import type { ProcessId } from '../../cluster/bus.ts';
import type { RoutingMessage } from '../../cluster/messages.ts';
import type { BlobStore, Spool } from '../../storage/blobs/port.ts';
import type { CoordinatorLog } from '../coordinator-ports.ts';
import type { Downlink } from '../port.ts';

export interface RoutedDownlinkOptions {
  /** To the sessions of this process. */
  readonly local: Downlink;
  readonly send: (message: RoutingMessage, to?: ProcessId) => void;
  /** Where a client's session is; undefined: here, or nowhere. */
  readonly placeOf: (task: TaskId, clientId: ClientId) => ProcessId | undefined;
  /** Sessions of a task at all other processes. */
  readonly onlineElsewhere: (task: TaskId) => number;
  /** The task's picture changed: soon, or now. */
  readonly changed: (task: TaskId, isNow: boolean) => void;
  readonly blobs: Pick<BlobStore, 'get'>;
  readonly spool: Pick<Spool, 'release'>;
  readonly log: CoordinatorLog;
}

type Ended = Parameters<Downlink['roundEnded']>;

/** The way from the coordinator of one process to the sessions of all, and in at the others. */
export class RoutedDownlink implements Downlink {
  readonly #options: RoutedDownlinkOptions;

  constructor(options: RoutedDownlinkOptions) {
    this.#options = options;
  }

  assign(...args: Parameters<Downlink['assign']>): void {
    this.#toOne('assign', args);
  }

  retry(...args: Parameters<Downlink['retry']>): void {
    this.#toOne('retry', args);
  }

  /** The bytes do not go between processes: each has the blob, or fetches it. */
  weights(task: TaskId, clientIds: readonly ClientId[], version: number, sha256: Sha256, bytes: Uint8Array): number {
    const { local, send, placeOf } = this.#options;
    const at = new Map<ProcessId | undefined, ClientId[]>();
    for (const clientId of clientIds) {
      const place = placeOf(task, clientId);
      const some = at.get(place) ?? [];
      some.push(clientId);
      at.set(place, some);
    }
    let count = 0;
    for (const [to, some] of at) {
      if (to === undefined) count += local.weights(task, some, version, sha256, bytes);
      else send({ kind: 'down', task, name: 'weights', args: [some, version, sha256] }, to);
    }
    return count;
  }

  roundEnded(...[task, end, yours]: Ended): void {
    const { local, send, changed } = this.#options;
    changed(task, true);
    send({ kind: 'down', task, name: 'roundEnded', args: [end, [...yours]] });
    local.roundEnded(task, end, yours);
  }

  changed(task: TaskId): void {
    this.#options.local.changed(task);
    this.#options.changed(task, false);
  }

  online(task: TaskId): number {
    return this.#options.local.online(task) + this.#options.onlineElsewhere(task);
  }

  expel(...[task, refusal]: Parameters<Downlink['expel']>): void {
    this.#options.send({ kind: 'down', task, name: 'expel', args: [refusal] });
    this.#options.local.expel(task, refusal);
  }

  /** What another process sends to the sessions of this one. */
  take(from: ProcessId, { task, name, args }: Extract<RoutingMessage, { readonly kind: 'down' }>): void {
    const { local } = this.#options;
    switch (name) {
      case 'assign':
      case 'retry':
      case 'expel':
        (local[name] as (...all: unknown[]) => void)(task, ...args);
        break;
      case 'weights':
        void this.#weights(from, task, ...(args as [readonly ClientId[], number, Sha256]));
        break;
      case 'roundEnded':
        this.#roundEnded(task, ...(args as [Ended[1], [ClientId, never][]]));
        break;
    }
  }

  #toOne(name: 'assign' | 'retry', [task, clientId, ...rest]: [TaskId, ClientId, ...unknown[]]): void {
    const { local, send, placeOf } = this.#options;
    const to = placeOf(task, clientId);
    if (to === undefined) (local[name] as (...all: unknown[]) => void)(task, clientId, ...rest);
    else send({ kind: 'down', task, name, args: [clientId, ...rest] }, to);
  }

  async #weights(
    from: ProcessId,
    task: TaskId,
    clientIds: readonly ClientId[],
    version: number,
    sha256: Sha256,
  ): Promise<void> {
    const { blobs, local, send, log } = this.#options;
    try {
      const weights = await blobs.get(sha256);
      if (weights === null) throw new Error(`the weights ${sha256} are gone`);
      const bytes = local.weights(task, clientIds, version, sha256, weights) * weights.byteLength;
      if (bytes > 0) send({ kind: 'tell', task, name: 'countBytes', args: ['down', bytes] }, from);
    } catch (error) {
      log.error({ err: error, task, version }, 'weights could not be passed on');
    }
  }

  #roundEnded(task: TaskId, end: Ended[1], yours: [ClientId, never][]): void {
    const { local, spool, log } = this.#options;
    local.roundEnded(task, end, new Map(yours));
    // Those of a buffered task lie in no round's place: they went one by one.
    spool.release(task, end.number).catch((error: unknown) => {
      log.warn({ err: error, task, round: end.number }, 'what is left of a round is still here');
    });
  }
}
