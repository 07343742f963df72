import { hashed } from './digest.ts';
import type { Hashed, WeightsSource } from './ports.ts';

/**
 * Weights by `GET <server>/weights/<sha256>`. No cookie and no referrer go along; a closed
 * task's token does. Rejects on anything but 200 and on
 * a body of another length; more than the announced bytes are never read. What has another hash may be a bad copy that the
 * browser or a proxy would give again and again: it is asked for once more from the server itself.
 */
export function httpWeights(server: string, joinToken?: string): WeightsSource {
  const base = server.endsWith('/') ? server : `${server}/`;
  const headers = joinToken === undefined ? {} : { 'fedtab-join-token': joinToken };
  return {
    async fetch(sha256, bytes, signal) {
      const found = await load('default');
      return found.sha256 === sha256 ? found : load('reload');

      async function load(cache: RequestCache): Promise<Hashed> {
        const url = new URL(`weights/${sha256}`, base);
        const response = await fetch(url, {
          signal,
          headers,
          cache,
          credentials: 'omit',
          referrerPolicy: 'no-referrer',
        });
        if (!response.ok || response.body === null)
          throw new Error(`the server answered ${response.status} for the weights`);
        const whole = new Uint8Array(bytes);
        let at = 0;
        for (const reader = response.body.getReader(); ; ) {
          const { done, value } = await reader.read();
          if (done) break;
          if (at + value.byteLength > bytes) {
            await reader.cancel();
            throw new Error('the weights are longer than announced');
          }
          whole.set(value, at);
          at += value.byteLength;
        }
        if (at !== bytes) throw new Error('the weights are shorter than announced');
        return hashed(whole);
      }
    },
  };
}
