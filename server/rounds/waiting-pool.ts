import type { ClientId } from '../../shared/ids.ts';
import type { CheckIn } from '../../shared/protocol/index.ts';
import type { Networks } from './selection.ts';

/** Who has checked in for a task and waits to be selected, in the order in which they came. */
export class WaitingPool {
  readonly #waiting = new Map<ClientId, CheckIn>();
  /** What each connected client said of itself when it last checked in. */
  readonly #known = new Map<ClientId, CheckIn>();
  readonly #networks = new Map<ClientId, string>();

  add(clientId: ClientId, message: CheckIn, network?: string): void {
    this.#waiting.set(clientId, message);
    this.note(clientId, message);
    if (network === undefined) this.#networks.delete(clientId);
    else this.#networks.set(clientId, network);
  }

  /** It is there, and does not wait. */
  note(clientId: ClientId, message: CheckIn): void {
    this.#known.set(clientId, message);
  }

  /** Takes one out, with what it said; undefined if it does not wait. */
  take(clientId: ClientId): CheckIn | undefined {
    const message = this.#waiting.get(clientId);
    this.#waiting.delete(clientId);
    return message;
  }

  /** Its last session is gone. */
  forget(clientId: ClientId): void {
    this.#waiting.delete(clientId);
    this.#known.delete(clientId);
    this.#networks.delete(clientId);
  }

  has(clientId: ClientId): boolean {
    return this.#waiting.has(clientId);
  }

  get size(): number {
    return this.#waiting.size;
  }

  clientIds(): ClientId[] {
    return [...this.#waiting.keys()];
  }

  /** Where connected clients came from when they last checked in. */
  networks(): Networks {
    return new Map(this.#networks);
  }

  known(): ReadonlyMap<ClientId, CheckIn> {
    return this.#known;
  }
}
