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

/** What the order of the versions' sums hangs on: `check-in 3`, `report-begin 0`, `report-end 0`. */
export type Turn = `${'check-in' | 'report-begin' | 'report-end'} ${number}`;

/** Tells of each turn as it is taken, or holds it back until it is its turn: `take` resolves to what says that it is over. */
export function inTurns(transport: Transport, index: number, take: (turn: Turn) => Promise<() => void>): Transport {
  const held = async <Value>(turn: Turn, ask: () => Promise<Value>): Promise<Value> => {
    const over = await take(turn);
    return ask().finally(over);
  };
  return around(transport, (session) => ({
    ...session,
    checkIn: (message) => held(`check-in ${index}`, () => session.checkIn(message)),
    reportBegin: (...about) => held(`report-begin ${index}`, () => session.reportBegin(...about)),
    reportEnd: (part) => held(`report-end ${index}`, () => session.reportEnd(part)),
  }));
}

/** Lets turns be taken in the order given, one after the other. */
export function takenAs(turns: readonly Turn[]): (turn: Turn) => Promise<() => void> {
  const waiting = new Map<Turn, () => void>();
  let at = 0;
  const look = (): void => {
    const next = turns[at];
    const go = next === undefined ? undefined : waiting.get(next);
    if (next === undefined || go === undefined) return;
    waiting.delete(next);
    go();
  };
  return (turn) =>
    new Promise((resolve) => {
      const over = (): void => {
        at++;
        look();
      };
      waiting.set(turn, () => resolve(over));
      look();
    });
}

/** Tells of each welcome and assignment before the client hears of it. */
export const overheard = (transport: Transport, tell: Pick<SessionInbox, 'welcome' | 'assign'>): Transport =>
  around(
    transport,
    (session) => session,
    (inbox) => ({
      ...inbox,
      welcome: (message) => {
        tell.welcome(message);
        inbox.welcome(message);
      },
      assign: (message) => {
        tell.assign(message);
        inbox.assign(message);
      },
    }),
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
