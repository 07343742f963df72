import type { TaskSpec } from '../../../shared/task/spec.ts';
import { adagrad } from './adagrad.ts';
import { adam } from './adam.ts';
import { momentum } from './momentum.ts';
import type { ServerOptimizer } from './optimizer.ts';
import { sgd } from './sgd.ts';
import { yogi } from './yogi.ts';

type Settings = TaskSpec['strategy']['serverOptimizer'];

/** The server optimizers there are: one file each, one line here. */
export const OPTIMIZERS = { sgd, momentum, adagrad, adam, yogi } as const satisfies {
  [Name in Settings['name']]: ServerOptimizer<Extract<Settings, { readonly name: Name }>>;
};

/** What takes settings of this name. */
export const optimizerOf = (settings: Settings): ServerOptimizer<Settings> =>
  OPTIMIZERS[settings.name] as unknown as ServerOptimizer<Settings>;
