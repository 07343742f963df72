import type { ClientPlan } from '../../../../shared/task/spec.ts';
import { fullBatch } from './full-batch.ts';
import { prox } from './prox.ts';
import { reconstruct } from './reconstruct.ts';
import { scaffold } from './scaffold.ts';
import { sgd } from './sgd.ts';
import type { ClientWork } from './work.ts';

export { ditto } from './ditto.ts';
export type { ClientWork, WorkJob } from './work.ts';

/** Every kind of client work, by the name in the task. */
export const CLIENT_WORK: Readonly<Record<ClientPlan['work'], ClientWork>> = {
  sgd,
  'full-batch': fullBatch,
  reconstruct,
  prox,
  scaffold,
};
