import { add, dispose, keep, mul, scalar, type Tensor } from '@tensorflow/tfjs-core';
import type { ClientPlan } from '../../../../shared/task/spec.ts';
import type { DeviceModel } from '../model.ts';

/** The client optimizer of one assignment; its state begins anew with each. */
export interface Descent {
  /** One step along a gradient, or what a client work makes of it. Called inside the caller's `tidy`. */
  step(direction: readonly Tensor[]): void;
  /** Frees the state. */
  dispose(): void;
}

/**
 * `sgd`: w ← w − η g. `momentum`, the heavy ball (Polyak 1964, in the form of Sutskever et al., ICML 2013, without the rate
 * in the velocity): v ← ρ v + g, w ← w − η v, with v = 0 before the first step.
 */
export function descentOf(model: DeviceModel, { optimizer, learningRate, momentum = 0 }: ClientPlan): Descent {
  let velocity: readonly Tensor[] = [];
  return {
    step(direction) {
      if (optimizer === 'sgd') return model.descend(direction, learningRate);
      const rho = scalar(momentum);
      const before = velocity;
      velocity = direction.map((part, index) => {
        const last = before[index];
        // A copy: what is kept must not be somebody else's tensor.
        return keep(last === undefined ? part.clone() : add(mul(last, rho), part));
      });
      dispose([...before]);
      model.descend(velocity, learningRate);
    },
    dispose() {
      dispose([...velocity]);
      velocity = [];
    },
  };
}
