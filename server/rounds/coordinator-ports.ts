import type { Clock } from '../../shared/clock.ts';
import type { Rng, SecureRng } from '../../shared/rng.ts';
import type { TaskData } from '../../shared/task/kinds/index.ts';
import type { Leases } from '../cluster/lease.ts';
import type { BlobStore, Spool } from '../storage/blobs/port.ts';
import type { Storage } from '../storage/port.ts';
import type { Arithmetic, Downlink, Evaluator } from './port.ts';
import type { SumsElsewhere } from './sums-elsewhere.ts';

/** A logger; pino fits. Never given a token. */
export interface CoordinatorLog {
  info(fields: Readonly<Record<string, unknown>>, message: string): void;
  warn(fields: Readonly<Record<string, unknown>>, message: string): void;
  error(fields: Readonly<Record<string, unknown>>, message: string): void;
}

/** All that the coordinator needs of the world. */
export interface CoordinatorPorts {
  readonly storage: Storage;
  readonly blobs: BlobStore;
  readonly spool: Spool;
  readonly leases: Leases;
  readonly arithmetic: Arithmetic;
  readonly evaluator: Evaluator;
  /** The sample data that the task names are installed: without them clients are told of none. */
  readonly hasSamples: (data: TaskData) => boolean;
  readonly downlink: Downlink;
  /** Where other processes take reports, too. */
  readonly elsewhere?: SumsElsewhere;
  readonly clock: Clock;
  /** Selection and the clients' seeds. */
  readonly rng: Rng;
  /** Assignment tokens. */
  readonly secureRng: SecureRng;
  readonly log: CoordinatorLog;
}
