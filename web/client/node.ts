import { isTaskId } from '../../shared/ids.ts';
import { secureRng } from '../../shared/rng.ts';
import { fromBytes, toBytes } from '../../shared/weights/vector.ts';
import { takeSteps } from '../../shared/wire/step.ts';
import { createFederatedClient } from './client.ts';
import { hashed } from './digest.ts';
import { memorySecrets } from './memory-secrets.ts';
import type { ClientPorts, RequestedBackend, SecretStore, Trainer } from './ports.ts';
import { memoryStores, reportEncoder } from './report-encoder.ts';
import { type SdkClient, sdkClient } from './sdk-client.ts';
import { byStepsTo } from './steps.ts';
import { systemClock } from './system-clock.ts';
import { alone } from './tab-lock.ts';
import { httpWeights } from './weights-source.ts';

export * from './index.ts';
export { memorySecrets } from './memory-secrets.ts';
export type { ClientEvents, SdkClient } from './sdk-client.ts';

export interface NodePortsOptions {
  readonly server: string;
  readonly trainer: Trainer;
  readonly secrets?: SecretStore | undefined;
  /** For a closed task. */
  readonly joinToken?: string | undefined;
}

/** The engine’s ports in Node: secrets in memory unless given, what goes on between reports in memory; no lock between processes; encodes here. */
export const nodePorts = ({ server, trainer, secrets, joinToken }: NodePortsOptions): ClientPorts => ({
  clock: systemClock,
  random: secureRng,
  trainer,
  secrets: secrets ?? memorySecrets(),
  lock: { request: alone },
  weights: httpWeights(server, joinToken),
  steps: byStepsTo,
  encoder: {
    ...reportEncoder(memoryStores()),
    advance: async (weights, steps, coding) => hashed(toBytes(takeSteps(fromBytes(weights), steps, coding))),
  },
  examples: () => trainer.examples(),
});

export interface NodeClientOptions extends NodePortsOptions {
  readonly task: string;
  readonly backend?: RequestedBackend | undefined;
}

/**
 * Takes part in a task from Node. Nothing runs before `start`. Throws a TypeError where the task's name or the
 * server's address is none.
 *
 * @example
 * const client = createClient({ server: 'http://127.0.0.1:8080', task: 'digits', trainer });
 * client.on('state', ({ state, round }) => console.log(state, round));
 * await client.start();
 */
export function createClient({ task, joinToken, backend, ...options }: NodeClientOptions): SdkClient {
  if (!isTaskId(task)) throw new TypeError(`not the name of a task: ${task}`);
  const { href: server } = new URL(options.server);
  const ports = nodePorts({ ...options, server, joinToken });
  return sdkClient(createFederatedClient({ server, task, joinToken, backend, ports }));
}

export { createClient as createNodeClient };
