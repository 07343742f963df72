/** When to try again. A pure value, so that tests and the simulator may bring their own. */
export interface ReconnectPolicy {
  /**
   * Milliseconds before try number `attempt` (from 0). `hintMs` is what the server asked for; `roll` is a uniform draw
   * in [0, 1), so that clients that lost the same server do not come back in the same instant.
   */
  delayMs(attempt: number, hintMs: number | null, roll: number): number;
}

export interface ReconnectOptions {
  readonly baseMs?: number;
  readonly maximumMs?: number;
}

/** A server's hint is data from outside: nobody is sent away for longer than this. */
const HINT_MAXIMUM_MS = 3_600_000;

/**
 * Within `LIMITS.restartGraceMs` of a server's return everybody has tried, so no assignment is lost by waiting.
 * Exponential with "equal jitter": half of the back-off is sure, half is drawn. A hint of the server wins over the
 * back-off and is stretched by up to a half, never shortened.
 */
export function exponentialReconnect({ baseMs = 500, maximumMs = 15_000 }: ReconnectOptions = {}): ReconnectPolicy {
  return {
    delayMs(attempt, hintMs, roll) {
      if (hintMs !== null) return Math.round(Math.min(hintMs, HINT_MAXIMUM_MS) * (1 + roll / 2));
      const backoffMs = Math.min(maximumMs, baseMs * 2 ** Math.min(attempt, 30));
      return Math.round(backoffMs * (0.5 + roll / 2));
    },
  };
}
