import type { DeviceModel } from '../../web/trainer/core/model.ts';

/** A model on a simulated device: for one assignment, with a clock that each of its steps moves on, and nothing else. */
export function steppedModel(
  model: DeviceModel,
  stepMs: number,
): { readonly model: DeviceModel; readonly nowMs: () => number } {
  let steps = 0;
  return {
    model: {
      ...model,
      gradient(batch) {
        steps++;
        return model.gradient(batch);
      },
    },
    nowMs: () => steps * stepMs,
  };
}
