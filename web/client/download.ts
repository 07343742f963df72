import type { Clock } from '../../shared/clock.ts';
import type { Sha256 } from '../../shared/ids.ts';
import type { Assignment } from '../../shared/protocol/index.ts';
import { hashed } from './digest.ts';
import type { Hashed, WeightsSource } from './ports.ts';
import type { ReconnectPolicy } from './reconnect-policy.ts';
import { messageOf, wait } from './waiting.ts';

/** Weights that are announced and do not come are taken over HTTP after this long. */
const BROADCAST_WAIT_MS = 10_000;
const FETCHES_MAXIMUM = 5;

/** Where an assignment waits for its broadcast weights. They come after it; what nobody waits for is not kept. */
export class BroadcastBox {
  /** One did not come in time: it kept all else on the connection waiting, pings too. */
  isLineSlow = false;
  #waiting: { readonly sha256: Sha256; readonly take: (bytes: Uint8Array | null) => void } | null = null;

  put(sha256: Sha256, bytes: Uint8Array): void {
    if (this.#waiting?.sha256 === sha256) this.#waiting.take(bytes);
  }

  /** The session is gone: what has not come does not come. */
  cut(): void {
    this.#waiting?.take(null);
  }

  /** The bytes, unchecked; null when they do not come in time, the session is cut, or the signal aborts. */
  take(sha256: Sha256, clock: Clock, signal: AbortSignal): Promise<Uint8Array | null> {
    this.#waiting?.take(null);
    if (signal.aborted) return Promise.resolve(null);
    return new Promise((resolve) => {
      const onAbort = (): void => take(null);
      const take = (bytes: Uint8Array | null): void => {
        cancel();
        signal.removeEventListener('abort', onAbort);
        this.#waiting = null;
        resolve(bytes);
      };
      const startedMs = clock.elapsed();
      const cancel = clock.after(BROADCAST_WAIT_MS, () => {
        // A timer that comes late tells of a device that slept, not of its line.
        if (clock.elapsed() - startedMs < 2 * BROADCAST_WAIT_MS) this.isLineSlow = true;
        take(null);
      });
      signal.addEventListener('abort', onAbort);
      this.#waiting = { sha256, take };
    });
  }
}

export interface DownloadOptions {
  readonly box: BroadcastBox;
  readonly source: WeightsSource;
  readonly clock: Clock;
  readonly policy: ReconnectPolicy;
  readonly roll: () => number;
  readonly onFetched: (bytes: number) => void;
  readonly signal: AbortSignal;
}

export type Download =
  | { readonly ok: true; readonly bytes: Uint8Array }
  | { readonly ok: false; readonly message: string };

/** The weights an assignment starts from, their hash checked whatever way they came (C13). */
export async function download(
  { base, delivery }: Pick<Assignment, 'delivery'> & { readonly base: Pick<Assignment['base'], 'sha256' | 'bytes'> },
  { box, source, clock, policy, roll, onFetched, signal }: DownloadOptions,
): Promise<Download> {
  const isRight = ({ bytes, sha256 }: Hashed): boolean => bytes.byteLength === base.bytes && sha256 === base.sha256;

  if (delivery === 'broadcast') {
    const bytes = await box.take(base.sha256, clock, signal);
    if (bytes !== null && isRight(await hashed(bytes))) return { ok: true, bytes };
  }
  let message = '';
  for (let attempt = 0; attempt < FETCHES_MAXIMUM && !signal.aborted; attempt++) {
    if (attempt > 0) await wait(clock, policy.delayMs(attempt - 1, null, roll()), signal);
    if (signal.aborted) break;
    try {
      const fetched = await source.fetch(base.sha256, base.bytes, signal);
      const { bytes } = fetched;
      onFetched(bytes.byteLength);
      if (isRight(fetched)) return { ok: true, bytes };
      message = 'the weights that came are not those that were announced';
    } catch (error) {
      message = messageOf(error);
    }
  }
  return { ok: false, message };
}
