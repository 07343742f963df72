import {
  mul,
  reshape,
  slice,
  type Tensor,
  tensor,
  tensor1d,
  tidy,
  type Variable,
  variable,
} from '@tensorflow/tfjs-core';
import { initialWeights } from '../../../shared/model/initial-weights.ts';
import type { ModelShape } from '../../../shared/model/topology.ts';
import { tensorAt } from '../../../shared/weights/layout.ts';
import type { Device } from '../../../web/trainer/core/device.ts';

/** How weights get onto the device: a tensor a layer, as `setParams` does it, or one vector that is cut there. */
export type Crossing = 'layers' | 'vector';

/** Milliseconds from the flat vector onto the device, into the variables, through an operation of each, and back by one read. */
export async function crossingMs(shape: ModelShape, crossing: Crossing, device: Device): Promise<number> {
  const { layout } = shape;
  const params = initialWeights(shape, 1);
  const cut: Record<Crossing, () => readonly Tensor[]> = {
    layers: () => layout.entries.map((entry) => tensor(tensorAt(params, entry).slice(), [...entry.shape])),
    vector: () => {
      const flat = tensor1d(params.slice());
      return layout.entries.map((entry) =>
        reshape(slice(flat, [entry.offset], [tensorAt(params, entry).length]), [...entry.shape]),
      );
    },
  };
  const variables = tidy(() => cut[crossing]().map((part) => variable(part)));
  const startedAt = performance.now();
  tidy(() => cut[crossing]().forEach((part, index) => void (variables[index] as Variable).assign(part)));
  const moved = tidy(() => variables.map((one) => mul(one, 2)));
  await device.read(moved);
  const ms = performance.now() - startedAt;
  for (const one of [...moved, ...variables]) one.dispose();
  return ms;
}
