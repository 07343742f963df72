import { mkdirSync, mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { localLeases } from '../../../server/cluster/local.ts';
import { createEvaluator } from '../../../server/evaluation/evaluator.ts';
import { createArithmeticCore } from '../../../server/rounds/arithmetic-core.ts';
import { createCoordinator, type SettlingCoordinator } from '../../../server/rounds/coordinator.ts';
import type { Downlink } from '../../../server/rounds/port.ts';
import type { BlobStore, Spool } from '../../../server/storage/blobs/port.ts';
import { memoryStorage } from '../../../server/storage/memory/memory.ts';
import type { Storage } from '../../../server/storage/port.ts';
import type { Clock } from '../../../shared/clock.ts';
import { type SecureRng, seededRng } from '../../../shared/rng.ts';
import { quickBlobs, quickSpool } from './files.ts';

/** Streams of the one seed. */
const SELECTION_STREAM = 2;
const TOKEN_STREAM = 3;

/** What the server keeps its things in. */
export interface Stores {
  readonly storage: Storage;
  readonly blobs: BlobStore;
  readonly spool: Spool;
  readonly close: () => Promise<void>;
}

export function openStores(): Stores {
  const folder = mkdtempSync(join(tmpdir(), 'fedtab-sim-'));
  for (const name of ['blobs', 'spool']) mkdirSync(join(folder, name));
  return {
    storage: memoryStorage(),
    blobs: quickBlobs(join(folder, 'blobs')),
    spool: quickSpool(join(folder, 'spool')),
    close: () => rm(folder, { recursive: true, force: true }),
  };
}

export interface House {
  readonly coordinator: SettlingCoordinator;
  readonly close: () => Promise<void>;
}

/** The server's coordinator and arithmetic in this thread; versions are scored in a thread of their own. */
export function openHouse(stores: Stores, downlink: Downlink, clock: Clock, seed: number): House {
  const { storage, blobs, spool } = stores;
  const evaluator = createEvaluator({ blobs });
  const log = (fields: object, message: string): void => console.error(message, fields);
  const coordinator = createCoordinator({
    ...{ storage, blobs, spool, downlink, clock, evaluator },
    arithmetic: { ...createArithmeticCore(blobs), close: async () => {} },
    leases: localLeases(storage.tasks),
    hasSamples: () => true,
    rng: seededRng(seed, SELECTION_STREAM),
    secureRng: repeatable(seed, TOKEN_STREAM),
    log: { info: () => {}, warn: log, error: log },
  });
  return {
    coordinator,
    async close() {
      await coordinator.drain();
      await evaluator.close();
    },
  };
}

/** Secrets of a simulation, where nobody is to be kept out and a run is to be had again. */
export function repeatable(seed: number, stream: number): SecureRng {
  const rng = seededRng(seed, stream);
  return { kind: 'secure', bytes: (count) => Uint8Array.from({ length: count }, () => rng.uint32() >>> 24) };
}
