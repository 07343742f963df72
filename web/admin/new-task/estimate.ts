import { codecByName } from '../../../shared/codec/index.ts';
import type { CodecName } from '../../../shared/codec/names.ts';
import { type ModelTopology, shapeOf } from '../../../shared/model/topology.ts';
import { reportLayout } from '../../../shared/task/report-layout.ts';
import type { ClientPlan } from '../../../shared/task/spec.ts';
import { FRAME_HEADER_BYTES } from '../../../shared/wire/frame.ts';

/** What a task will cost its contributors. Rough: devices differ by a factor of a hundred. */
export interface Estimate {
  readonly parameters: number;
  /** Per contributor and round. */
  readonly downBytes: number;
  readonly upBytes: number;
  readonly seconds: number;
}

/** The device and the data that the estimate is for; the page says so beside it. */
export const ASSUMED = {
  examples: 600,
  multiplyAddsPerSecond: 1e9,
  bytesPerSecond: 1e6,
  /** What a step takes besides its arithmetic. */
  stepSeconds: 0.008,
} as const;

/** A backward pass takes about twice the forward one. */
const PASSES = 3;

export type Plan = Pick<ClientPlan, 'work' | 'epochs' | 'maxSteps' | 'maxSeconds' | 'batchSize' | 'local'>;

/** What a report is written in; parts that are being typed may be missing. */
export interface Coding {
  readonly up: CodecName;
  readonly range?: number;
  readonly fraction?: number;
}

/** null where the topology does not build. Down a whole version is four bytes a parameter; up it is the codec's bytes. */
export function estimate(topology: ModelTopology, plan: Plan, coding: Coding = { up: 'float32' }): Estimate | null {
  const shape = shapeOf(topology);
  if ('problem' in shape) return null;
  const { size: parameters } = shape.layout;
  // SCAFFOLD's control variates come down beside the weights.
  const downBytes = parameters * (plan.work === 'scaffold' ? 8 : 4);
  const values = reportLayout(shape.layout, plan).size;
  const upBytes = codecByName(coding.up).bodyBytes(values, coding).maximum + FRAME_HEADER_BYTES;
  const batchSize = plan.work === 'full-batch' ? ASSUMED.examples : plan.batchSize;
  const steps =
    plan.work === 'full-batch'
      ? 1
      : (plan.maxSteps ?? Math.ceil(ASSUMED.examples / plan.batchSize) * (plan.epochs ?? 1));
  const stepSeconds = ASSUMED.stepSeconds + (PASSES * shape.multiplyAdds * batchSize) / ASSUMED.multiplyAddsPerSecond;
  const workSeconds = Math.min(steps * stepSeconds, plan.maxSeconds ?? Number.POSITIVE_INFINITY);
  const seconds = workSeconds + (downBytes + upBytes) / ASSUMED.bytesPerSecond;
  return { parameters, downBytes, upBytes, seconds };
}
