import type { FederatedClient } from '../../../web/client/index.ts';
import type { ParticipationState } from '../../../web/client/view.ts';

/** What a contributor is in the middle of takes no simulated time: it ends by itself. */
const MOVING: ReadonlySet<ParticipationState> = new Set(['connecting', 'downloading', 'preparing', 'uploading']);

/** Which contributors have something to do that does not wait for simulated time. */
export class Busy {
  readonly #busy = new Set<number>();
  readonly #resting = new Set<number>();
  #heard: (() => void)[] = [];

  watch(index: number, client: FederatedClient): void {
    const look = (): void => {
      const { state } = client.view();
      if (MOVING.has(state) || (state === 'training' && !this.#resting.has(index))) this.#busy.add(index);
      else this.#busy.delete(index);
      for (const tell of this.#heard.splice(0)) tell();
    };
    client.subscribe(look);
    this.#looks.set(index, look);
    look();
  }

  /** Its training has been computed, and is over when simulated time has passed. */
  rests(index: number, isResting: boolean): void {
    if (isResting) this.#resting.add(index);
    else this.#resting.delete(index);
    this.#looks.get(index)?.();
  }

  readonly #looks = new Map<number, () => void>();

  get isAny(): boolean {
    return this.#busy.size > 0;
  }

  /** Resolves when a contributor has changed. */
  change(): Promise<void> {
    return new Promise((resolve) => this.#heard.push(resolve));
  }
}
