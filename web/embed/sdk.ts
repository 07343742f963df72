import { browserClient, type Client, type ClientOptions } from './browser-client.ts';
import type { EmbedSupport } from './panel-port.ts';
import { usePolicy } from './trusted-types.ts';

export type { Backend, BackendChoice, RequestedBackend, TrainProgress } from '../client/ports.ts';
export type { ClientEvents } from '../client/sdk-client.ts';
export type { ClientView, ParticipationState, PauseCause, RoundNote } from '../client/view.ts';
export type { DataFailure, DataFailureReason } from '../data/failure.ts';
export type { Client, ClientOptions, ExamplesAnswer, Kept, SamplesAnswer, SamplesFailure } from './browser-client.ts';
export type { Example } from './example.ts';

/** The server that this script came from. */
const OWN_SERVER = new URL(/* @vite-ignore */ '.', import.meta.url).href;

/**
 * Takes part in a task from this page: in its own origin, with its own IndexedDB and a worker. Nothing is opened or
 * fetched before the first verb; whoever calls `start` answers for the visitor's consent, and for a way out on the
 * page. Throws a TypeError where the task's name or the server's address is none.
 *
 * @example
 * import { createClient } from 'https://learn.example.org/sdk.js';
 * const client = createClient({ task: 'digits' });
 * await client.addExamples([{ image: pixels, label: '7' }]);
 * client.on('state', ({ state, round }) => console.log(state, round));
 * await client.start();
 */
export function createClient(options: ClientOptions): Client {
  return browserClient({ ...options, server: options.server ?? OWN_SERVER });
}

/** For embed.js, once the visitor has agreed; no part of the SDK. */
export const embed: EmbedSupport = {
  usePolicy,
  openPanel: async () => (await import('./panel/panel.tsx')).panel,
};
