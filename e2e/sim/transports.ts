import type { Session, SessionInbox, Transport } from '../../web/client/index.ts';

/** Transports that behave as networks and odd clients do, around a real one. */

function around(
  transport: Transport,
  change: (session: Session) => Session,
  inbox = (own: SessionInbox) => own,
): Transport {
  return { open: (target, own) => change(transport.open(target, inbox(own))) };
}

/** Announces its report and never sends a chunk of it. */
export const neverSends = (transport: Transport): Transport =>
  around(transport, (session) => ({ ...session, reportChunk: () => new Promise(() => {}) }));

/** Damages the first byte of every `nth` chunk on its way; the CRC stays that of the good one. */
export function damages(transport: Transport, nth: number): Transport {
  let sent = 0;
  return around(transport, (session) => ({
    ...session,
    reportChunk: (message, bytes) => {
      const damaged = bytes.slice();
      if (++sent % nth === 0) damaged[0] = (damaged[0] as number) ^ 1;
      return session.reportChunk(message, damaged);
    },
  }));
}

/** Comes back for the next round at once instead of in its retry window: in a simulation nobody needs the spreading. */
export const eager = (transport: Transport): Transport =>
  around(
    transport,
    (session) => session,
    (inbox) => ({ ...inbox, retry: ({ round }) => inbox.retry({ round, afterMs: 0, beforeMs: 0 }) }),
  );

/** Cuts every session of a client when told to, as a network does: nobody says goodbye. */
export class Cable {
  readonly transport: Transport;
  readonly #open = new Map<Session, SessionInbox>();

  constructor(transport: Transport) {
    this.transport = {
      open: (target, inbox) => {
        const session = transport.open(target, inbox);
        this.#open.set(session, inbox);
        return {
          ...session,
          close: () => {
            this.#open.delete(session);
            session.close();
          },
        };
      },
    };
  }

  cut(): void {
    for (const [session, inbox] of this.#open) {
      session.close();
      inbox.closed();
    }
    this.#open.clear();
  }
}
