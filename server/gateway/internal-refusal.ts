import { randomBytes } from 'node:crypto';
import { type Refusal, refuse } from '../../shared/errors.ts';
import type { GatewayLog } from './ports.ts';

/** Our fault: logged with ids and the error, told as a number that a person can pass on. */
export function internalRefusal(log: GatewayLog, ids: Readonly<Record<string, unknown>>, error: unknown): Refusal {
  const reference = randomBytes(4).toString('hex');
  log.error({ err: error, reference, ...ids }, 'a message could not be handled');
  return refuse('internal', `something went wrong here; it is logged as ${reference}`);
}
