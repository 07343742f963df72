import { Broadcast } from '../../../server/gateway/broadcast.ts';
import { openClientGateway } from '../../../server/gateway/client-gateway.ts';
import { noMetrics } from '../../../server/gateway/ports.ts';
import { ReadValve } from '../../../server/gateway/read-valve.ts';
import { Sessions } from '../../../server/gateway/sessions.ts';
import { Uploads } from '../../../server/gateway/upload.ts';
import type { Coordinator, Downlink } from '../../../server/rounds/port.ts';
import type { Spool } from '../../../server/storage/blobs/port.ts';
import type { Clock } from '../../../shared/clock.ts';
import { LIMITS } from '../../../shared/limits.ts';
import { type SocketOf, socketTransport } from '../../../web/client/socket-transport.ts';
import type { Transport } from '../../../web/client/transport.ts';
import { Wire } from './wire.ts';

export interface InProcessGateway {
  readonly downlink: Downlink;
  readonly transport: Transport;
  /** The sockets below it. */
  readonly socketOf: SocketOf;
  /** The coordinator is made after the gateway. */
  open(coordinator: Coordinator): void;
  close(): Promise<void>;
}

/** The timer that an answer is waited for with is a real one, and nothing here is late. */
const NEVER_MS = 2 ** 31 - 1;

/** The gateway of the server (`server/gateway/gateway.ts`) without sockets, addresses and dashboards. */
export function openInProcessGateway(spool: Spool, clock: Clock): InProcessGateway {
  const wire = new Wire();
  const sessions = new Sessions();
  const log = {
    info: () => {},
    warn: (fields: object, message: string) => console.error(message, fields),
    error: (fields: object, message: string) => console.error(message, fields),
  };
  const shared = { server: wire.server, sessions, clock, log, metrics: noMetrics };
  const broadcast = new Broadcast(shared);
  let uploads: Uploads | undefined;
  return {
    downlink: broadcast,
    socketOf: wire.socketOf,
    transport: socketTransport({ openMs: NEVER_MS }, wire.socketOf),
    open(coordinator) {
      const valve = new ReadValve(LIMITS.unwrittenBytes);
      const incoming = new Uploads({ coordinator, spool, valve, clock, log, metrics: noMetrics });
      uploads = incoming;
      openClientGateway({
        ...{ ...shared, coordinator, broadcast, uploads: incoming },
        ...{ publicUrl: null, isDraining: () => false, networkOf: () => 'in process', crowds: { join: () => 0 } },
      });
      broadcast.attach(coordinator, [
        {
          roundEnded: (task, end, yours) =>
            incoming.roundEnded(task, end.number, (client) =>
              yours.get(client)?.yours === 'surplus' ? 'surplus' : 'late',
            ),
          status: () => {},
        },
      ]);
    },
    async close() {
      broadcast.close();
      await uploads?.park();
    },
  };
}
