import type { TaskSpec } from '../../../shared/task/spec.ts';
import type { ServerOptimizer } from './optimizer.ts';
import { sgd } from './sgd.ts';

type Settings = TaskSpec['strategy']['serverOptimizer'];

/** The server optimizers there are: one file each, one line here. */
export const OPTIMIZERS = { sgd } as const satisfies {
  [Name in Settings['name']]: ServerOptimizer<Extract<Settings, { readonly name: Name }>>;
};

export const optimizerOf = (settings: Settings): ServerOptimizer<Settings> => OPTIMIZERS[settings.name];
