import type { ClientId } from '../../shared/ids.ts';
import { LIMITS } from '../../shared/limits.ts';
import type { RoundPolicy } from '../../shared/task/spec.ts';
import type { Lesson } from './live-round.ts';
import { measuredPolicy, type PaceNote, usualRoundMs } from './pace.ts';
import { type ClientNote, utilitiesOf } from './selection.ts';

/**
 * What the rounds of this process told of a task's contributors. It is kept in memory alone: of a person nothing is written
 * down for it, and a restart begins to learn anew.
 */
export class Lessons {
  readonly #policy: RoundPolicy;
  readonly #clients = new Map<ClientId, ClientNote>();
  #pace: readonly PaceNote[] = [];

  constructor(policy: RoundPolicy) {
    this.#policy = policy;
  }

  add({ pace, reports }: Lesson): void {
    this.#pace = [...this.#pace, pace].slice(-LIMITS.paceRoundsCount);
    for (const { clientId, ...note } of reports) {
      this.#clients.delete(clientId); // so that the latest stand last
      this.#clients.set(clientId, note);
    }
    const oldest = this.#clients.keys();
    while (this.#clients.size > LIMITS.clientNotesCount) this.#clients.delete(oldest.next().value as ClientId);
  }

  /** Its data are deleted. */
  forget(clientId: ClientId): void {
    this.#clients.delete(clientId);
  }

  /** For the next round. */
  get policy(): RoundPolicy {
    return measuredPolicy(this.#policy, this.#pace);
  }

  /** Null: all are alike. */
  get utilities(): ReadonlyMap<ClientId, number> | null {
    return this.#policy.selection === 'utility' ? utilitiesOf(this.#clients) : null;
  }

  get usualRoundMs(): number | null {
    return usualRoundMs(this.#pace);
  }
}
