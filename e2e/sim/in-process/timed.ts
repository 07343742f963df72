import type { Clock } from '../../../shared/clock.ts';
import type { Trainer } from '../../../web/client/ports.ts';
import { wait } from '../../../web/client/waiting.ts';

export interface Timing {
  readonly clock: Clock;
  /** How long so many steps take this device; it may differ from one assignment to the next. */
  readonly msOf: (steps: number) => number;
  readonly rests: (isResting: boolean) => void;
}

/** Another trainer, as a device in simulated time: what it makes is there at once, and is handed over when its time has passed. */
export const timed = (trainer: Trainer, { clock, msOf, rests }: Timing): Trainer => ({
  ...trainer,
  async train(params, options) {
    const { signal } = options;
    const result = await trainer.train(params, options);
    if (!result.ok) return result;
    const trainingMs = msOf(result.steps);
    if (!signal.aborted) {
      rests(true);
      await wait(clock, trainingMs, signal);
      rests(false);
    }
    if (signal.aborted) return { ok: false, reason: 'aborted', message: 'training was stopped' };
    return { ...result, metrics: { ...result.metrics, trainingMs: Math.round(trainingMs) } };
  },
});
