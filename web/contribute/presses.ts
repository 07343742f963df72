import { type ReadonlySignal, signal } from '@preact/signals';
import type { Press } from './contribution.ts';

export interface Presses {
  /** Those being carried out: their buttons wait. */
  readonly running: ReadonlySignal<ReadonlySet<Press>>;
  /** Resolves when it is done. The same press again, while it is carried out, is the same press. */
  carryOut(press: Press, work: () => Promise<void>): Promise<void>;
}

/**
 * Presses are carried out side by side, so that joining does not wait for a slow download of samples; only deleting is
 * alone: it waits for what was pressed before it, and what is pressed later waits for it. No press is ever lost.
 * `work` deals with its own failures.
 */
export function createPresses(): Presses {
  const done = new Map<Press, Promise<void>>();
  const running = signal<ReadonlySet<Press>>(new Set());
  const show = (): void => {
    running.value = new Set(done.keys());
  };

  async function inTurn(press: Press, work: () => Promise<void>): Promise<void> {
    await Promise.all(press === 'erase' ? done.values() : [done.get('erase')]);
    try {
      await work();
    } finally {
      done.delete(press);
      show();
    }
  }

  return {
    running,
    carryOut(press, work) {
      const same = done.get(press);
      if (same !== undefined) return same;
      const own = inTurn(press, work);
      done.set(press, own);
      show();
      return own;
    },
  };
}
