import { LIMITS } from '../../shared/limits.ts';
import type { RetryWindow } from '../../shared/protocol/index.ts';

/**
 * When those who were not chosen come back (pace steering, Bonawitz et al., "Towards Federated Learning at Scale",
 * MLSys 2019, §2.3): each at a time of its own within the window, which is wide enough for `LIMITS.retriesPerSecond`.
 */
export function retryWindow(round: number, clientsCount: number): RetryWindow {
  const spreadMs = Math.max(LIMITS.retrySpreadMs, Math.ceil((clientsCount / LIMITS.retriesPerSecond) * 1_000));
  return { round, afterMs: LIMITS.retryAfterMs, beforeMs: LIMITS.retryAfterMs + spreadMs };
}
