import { localLeases } from '../../server/cluster/local.ts';
import { Broadcast } from '../../server/gateway/broadcast.ts';
import { openClientGateway } from '../../server/gateway/client-gateway.ts';
import { noMetrics } from '../../server/gateway/ports.ts';
import { ReadValve } from '../../server/gateway/read-valve.ts';
import { Sessions } from '../../server/gateway/sessions.ts';
import { Uploads } from '../../server/gateway/upload.ts';
import { createArithmeticCore } from '../../server/rounds/arithmetic-core.ts';
import { createCoordinator, type SettlingCoordinator } from '../../server/rounds/coordinator.ts';
import type { CoordinatorEvent } from '../../server/rounds/port.ts';
import type { BlobStore } from '../../server/storage/blobs/port.ts';
import { releaseOldWeights, sweep } from '../../server/storage/retention.ts';
import { LIMITS } from '../../shared/limits.ts';
import { type Rng, seededRng } from '../../shared/rng.ts';
import { repeatable } from '../sim/in-process/house.ts';
import type { Disk } from './disk.ts';
import type { Network } from './network.ts';
import { type ServerProcess, walled } from './server-process.ts';

const SWEEP_EVERY_MS = 600_000;

export interface ServerLifeOptions {
  readonly process: ServerProcess;
  readonly disk: Disk;
  readonly network: Network;
  readonly rng: Rng;
  readonly onEvent: (event: CoordinatorEvent) => void;
  readonly onError: (error: unknown, message: string) => void;
}

/** The server's coordinator and gateway in one process of the simulation, put together as `server/app.ts` does. */
export interface ServerLife {
  readonly process: ServerProcess;
  readonly coordinator: SettlingCoordinator;
  readonly blobs: BlobStore;
  /** It listens after that. Rejects when it cannot start. */
  start(): Promise<void>;
  /** As SIGTERM: nothing new begins, and what is under way is parked. */
  drain(): Promise<void>;
}

export function createServerLife(options: ServerLifeOptions): ServerLife {
  const { process, disk, network, rng } = options;
  const { clock } = process;
  const storage = disk.storageOf(process);
  const blobs = disk.blobsOf(process);
  const spool = disk.spoolOf(process);
  const log = {
    info: () => {},
    warn: () => {},
    error: (fields: Readonly<Record<string, unknown>>, message: string) => options.onError(fields['err'], message),
  };
  const server = network.listen(process);
  const sessions = new Sessions();
  const shared = { server, sessions, clock, log, metrics: noMetrics };
  const broadcast = new Broadcast(shared);
  const core = walled({ ...createArithmeticCore(blobs), close: async () => {} }, process, 'arithmetic', []);
  const coordinator = createCoordinator({
    ...{ storage, blobs, spool, clock, log, arithmetic: core, downlink: broadcast },
    leases: localLeases(storage.tasks),
    evaluator: { score: async () => ({ accuracy: 0.5, loss: 1 }), close: async () => {} },
    hasSamples: () => true,
    rng: seededRng(rng.uint32()),
    secureRng: repeatable(rng.uint32(), 0),
  });
  coordinator.subscribe((event) => {
    if (event.kind === 'round-ended' && event.version !== null)
      releaseOldWeights(storage, event.task).catch((error: unknown) => options.onError(error, 'retention'));
    options.onEvent(event);
  });
  let isDraining = false;
  const uploads = new Uploads({
    ...{ coordinator, spool, clock, log, metrics: noMetrics },
    // In this turn: nobody else has one in between.
    valve: new ReadValve(LIMITS.unwrittenBytes, queueMicrotask),
  });

  const keepSweeping = (): void => {
    sweep(storage, blobs, clock.now()).catch((error: unknown) => options.onError(error, 'the sweep'));
    clock.after(SWEEP_EVERY_MS, keepSweeping);
  };

  return {
    ...{ process, coordinator, blobs },
    async start() {
      await coordinator.start();
      openClientGateway({
        ...{ ...shared, coordinator, broadcast, uploads },
        ...{ publicUrl: null, isDraining: () => isDraining, networkOf: () => 'simulated', crowds: { join: () => 0 } },
      });
      broadcast.attach(coordinator, [
        {
          roundEnded: (task, end, yours) =>
            uploads.roundEnded(task, end.number, (client) =>
              yours.get(client)?.yours === 'surplus' ? 'surplus' : 'late',
            ),
          status: () => {},
        },
      ]);
      network.open(process);
      keepSweeping();
    },
    async drain() {
      isDraining = true;
      const begun = coordinator.drain();
      for (const { socket } of sessions.all()) socket.emit('draining', { retryAfterMs: 1_000 });
      await uploads.park();
      await begun;
      await coordinator.drain();
      broadcast.close();
    },
  };
}
