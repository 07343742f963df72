import type { RefusalReason } from '../../shared/errors.ts';

/** What the gateway needs of a logger; pino fits. Never given a secret, a token or a client's free text. */
export interface GatewayLog {
  info(fields: Readonly<Record<string, unknown>>, message: string): void;
  warn(fields: Readonly<Record<string, unknown>>, message: string): void;
  error(fields: Readonly<Record<string, unknown>>, message: string): void;
}

/** Where a refusal was given: at the HTTP upgrade, at the handshake, or for an event. */
export type RefusalPlace = 'upgrade' | 'handshake' | 'event' | 'session';

/** Counters and gauges; labels come from closed unions, never from the wire. */
export interface GatewayMetrics {
  sessions(change: 1 | -1): void;
  adminSessions(change: 1 | -1): void;
  /** `who`: a network's name, a task, a client, an event; for the log. */
  refused(place: RefusalPlace, reason: RefusalReason, who?: Readonly<Record<string, unknown>>): void;
  /** A well-formed event was dealt with; `seconds` from its arrival to its ack. */
  handled(event: string, seconds: number): void;
  received(bytes: number): void;
  sent(bytes: number): void;
  uploads(open: number): void;
}

export const noMetrics: GatewayMetrics = {
  sessions: () => {},
  adminSessions: () => {},
  refused: () => {},
  handled: () => {},
  received: () => {},
  sent: () => {},
  uploads: () => {},
};
