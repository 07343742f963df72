import { bytesToHex, hexToBytes } from '../../shared/hash.ts';
import { secureRng } from '../../shared/rng.ts';
import type { Storage } from '../storage/port.ts';
import type { Bus } from './bus.ts';
import { type ExpiringLeasesOptions, expiringLeases } from './expiring.ts';
import type { Leases } from './lease.ts';
import { type RedisBusOptions, redisBus } from './redis-bus.ts';

/** What makes this process one of several on a database. */
export interface Processes {
  readonly bus: Bus;
  readonly leases: Leases & { readonly close: () => void };
  /** Alike at all of them. */
  readonly networkSalt: Uint8Array;
}

/** What the processes of one database have in common: the first of them makes it. */
const SETTING = 'processes';

/** Rejects when Redis cannot be reached. */
export async function joinProcesses(
  url: string,
  { tasks, admin }: Pick<Storage, 'tasks' | 'admin'>,
  clock: ExpiringLeasesOptions['clock'],
  log: RedisBusOptions['log'],
): Promise<Processes> {
  const self = bytesToHex(secureRng.bytes(8));
  const common = await admin.claimSetting(SETTING, bytesToHex(secureRng.bytes(32)));
  const bus = await redisBus({ url, self, cluster: common.slice(0, 16), log });
  const leases = expiringLeases({ tasks, holder: self, clock });
  return { bus, leases, networkSalt: hexToBytes(common.slice(32)) };
}
