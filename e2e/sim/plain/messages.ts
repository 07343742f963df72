import type { ModelTopology } from '../../../shared/model/topology.ts';
import type { ClientPlan } from '../../../shared/task/spec.ts';
import type { CountResult, TrainResult } from '../../../web/client/ports.ts';
import type { Examples } from '../../../web/trainer/core/examples.ts';

/** A task's model and plan: what a training is made for. */
export interface PlainJob {
  readonly topology: ModelTopology;
  readonly plan: ClientPlan;
}

/** To a thread: a contributor's examples (in shared memory), or work on them. */
export type PlainCall =
  | { readonly kind: 'examples'; readonly owner: number; readonly examples: Examples }
  | {
      readonly kind: 'train' | 'score';
      readonly id: number;
      readonly owner: number;
      readonly job: PlainJob;
      readonly params: Float32Array;
      readonly seed: number;
      /** Of a device in simulated time. */
      readonly stepMs?: number | undefined;
    };

export interface PlainAnswer {
  readonly id: number;
  readonly result: TrainResult | CountResult;
}
