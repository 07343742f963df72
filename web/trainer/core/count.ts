import { countsOf, SCORED_EXAMPLES_MOST } from '../../../shared/evaluation/counts.ts';
import { shuffled } from './batches.ts';
import { lossIn } from './device.ts';
import type { Duty } from './duty.ts';
import { evaluate } from './evaluate.ts';
import type { Examples } from './examples.ts';
import { splitOf } from './held-out.ts';
import type { DeviceModel } from './model.ts';

export type CountOutcome =
  | {
      readonly ok: true;
      /** All that leaves the device (`shared/evaluation/counts.ts`). */
      readonly counts: Float32Array;
      readonly examples: number;
    }
  | {
      readonly ok: false;
      readonly reason: 'aborted' | 'no-examples' | 'backend-lost';
      readonly message: string;
    };

export interface CountOptions {
  readonly signal?: AbortSignal | undefined;
  readonly duty?: Duty | undefined;
}

const no = (reason: Exclude<CountOutcome, { ok: true }>['reason'], message: string): CountOutcome => ({
  ok: false,
  reason,
  message,
});

/** A part in an evaluation round: `params` on the own examples that are set aside, a draw of them where they are many. */
export async function countHeldOut(
  model: DeviceModel,
  params: Float32Array,
  examples: Examples,
  { signal, duty }: CountOptions = {},
): Promise<CountOutcome> {
  const { heldOut } = splitOf(examples);
  if (heldOut.count === 0) return no('no-examples', 'none of the examples is set aside');
  const { target } = heldOut.form;
  const order = shuffled(heldOut.count, 0, 0).subarray(0, SCORED_EXAMPLES_MOST);
  try {
    model.setParams(params);
    const figures = await evaluate(model, heldOut, { order, signal, duty });
    if (figures === null) return no('aborted', 'scoring was stopped');
    const { loss, accuracy = 0, absoluteError = 0, examples: count } = figures;
    const measure =
      target.type === 'class'
        ? { correct: Math.round(accuracy * count) }
        : { scaledError: absoluteError / target.scale };
    return { ok: true, counts: countsOf({ examples: count, loss, measure }), examples: count };
  } catch (error) {
    const loss = lossIn(error, model.device);
    if (loss !== null) return no('backend-lost', loss);
    throw error;
  }
}
