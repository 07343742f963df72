import type { Scalar } from '@tensorflow/tfjs-core';
import type { ClientPlan } from '../../../../shared/task/spec.ts';
import type { Examples } from '../examples.ts';
import type { DeviceModel } from '../model.ts';

/** What a client does with the weights it is given: one file and one line in `index.ts` each. */
export interface ClientWork {
  readonly name: ClientPlan['work'] | 'ditto';
  /** For so many examples: the local steps that the report counts, and the batches that pass through the device. */
  amount(plan: ClientPlan, count: number): { readonly steps: number; readonly batches: number };
  /** Sends one batch through the device for each `next` and yields its mean loss, which the caller disposes. */
  run(job: WorkJob): Generator<Scalar, void, void>;
}

export interface WorkJob {
  readonly model: DeviceModel;
  /** The weights that it begins with: those of the model now. */
  readonly params: Float32Array;
  readonly examples: Examples;
  readonly plan: ClientPlan;
  /** Seeds the order of the examples. */
  readonly seed: number;
  /** c − c_i of SCAFFOLD, one value a parameter. */
  readonly correction?: Float32Array | undefined;
}
