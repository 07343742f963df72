import { secureRng } from '../../shared/rng.ts';
import type { ClientPorts, Encoder, Trainer, WeightsSource } from './ports.ts';
import { indexedDbSecrets } from './secret-store.ts';
import { systemClock } from './system-clock.ts';
import { browserTabLock } from './tab-lock.ts';

export * from './index.ts';
export { originStorage } from './origin-storage.ts';

export interface BrowserPortsOptions {
  readonly trainer: Trainer;
  readonly weights: WeightsSource;
  readonly encoder?: Encoder | undefined;
  /** See `ClientPorts.examples`: what the page knows of its own dataset. */
  readonly examples?: (() => Promise<number>) | undefined;
}

/** The engine's ports in a page or a worker; the page brings the trainer. Making them touches nothing yet. */
export const browserPorts = (options: BrowserPortsOptions): ClientPorts => ({
  clock: systemClock,
  random: secureRng,
  trainer: options.trainer,
  secrets: indexedDbSecrets,
  lock: browserTabLock,
  weights: options.weights,
  // Most tasks have no steps: what takes them is fetched with the first.
  steps: async (...given) => (await import('./steps.ts')).byStepsTo(...given),
  ...(options.encoder === undefined ? {} : { encoder: options.encoder }),
  ...(options.examples === undefined ? {} : { examples: options.examples }),
});
