import type { Clock } from '../../shared/clock.ts';
import type { RefusalReason } from '../../shared/errors.ts';
import { LIMITS } from '../../shared/limits.ts';
import type { Logger } from './logger.ts';

/** What may be said of whoever was refused: never an address, a credential or a byte of what was sent. */
export interface RefusedCall {
  readonly place: 'connection' | 'http' | 'upgrade' | 'handshake' | 'event' | 'session';
  readonly reason: RefusalReason | number;
  readonly [field: string]: unknown;
}

/** The ordinary course of rounds and connections: counted, and not worth a line. */
const ORDINARY: ReadonlySet<RefusedCall['reason']> = new Set<RefusalReason>([
  ...(['busy', 'draining', 'replaced', 'other-tab', 'ineligible', 'not-assigned', 'wrong-round'] as const),
  ...(['late', 'surplus', 'stale', 'chunk', 'storage-full', 'internal', 'unknown-task'] as const),
]);

/**
 * Refused calls one by one in the log (OWASP ASVS 5.0, 16.3.2 and 16.3.3), at most `LIMITS.refusalsLoggedPerMinute` of them a minute,
 * and a quarter of those for one network or client, so that whoever is refused can neither fill a disk nor hide others; the next line
 * says how many had none.
 */
export function createRefusalLog(
  log: Pick<Logger, 'warn'>,
  clock: Pick<Clock, 'elapsed'>,
): (call: RefusedCall) => void {
  let minute = -1;
  let lines = 0;
  const linesOf = new Map<unknown, number>();
  let unlogged = 0;
  return (call) => {
    if (ORDINARY.has(call.reason)) return;
    const now = Math.floor(clock.elapsed() / 60_000);
    if (now !== minute) {
      [minute, lines] = [now, 0];
      linesOf.clear();
    }
    const who = call['network'] ?? call['client'];
    const own = linesOf.get(who) ?? 0;
    if (lines === LIMITS.refusalsLoggedPerMinute || own === LIMITS.refusalsLoggedPerMinute / 4) {
      unlogged++;
      return;
    }
    lines++;
    linesOf.set(who, own + 1);
    log.warn(unlogged === 0 ? call : { ...call, unlogged }, 'refused');
    unlogged = 0;
  };
}
