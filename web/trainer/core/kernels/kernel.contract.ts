import { grads, memory, profile, type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { seededRng } from '../../../../shared/rng.ts';
import { openCpu } from '../backends/cpu.ts';
import { openWasm } from '../backends/wasm.ts';
import type { Device } from '../device.ts';

/** An operation on tensors of random values: a differentiable one in all its inputs. */
export interface KernelCase {
  readonly shapes: readonly (readonly number[])[];
  readonly apply: (...inputs: Tensor[]) => Tensor;
  /** Values are whole numbers from −2 to 2, of which many are alike; else they are spread from −1 to 1. */
  readonly isCoarse?: true;
}

const RUNS = 40;
/** Sums of a few thousand products in float32, in another order. */
const RELATIVE = 1e-5;
const ABSOLUTE = 1e-6;

/**
 * What every kernel of ours keeps: on WebAssembly the operation and its gradients are those of the plain CPU, the kernel
 * had a part in it, and no tensor is left behind.
 */
export function kernelContract(
  name: string,
  cases: fc.Arbitrary<KernelCase>,
  { what = '', runs = RUNS }: { readonly what?: string; readonly runs?: number } = {},
): void {
  test(`${name}${what} computes and differentiates as the plain CPU does`, async () => {
    const opened = await openWasm();
    if (!opened.ok) throw new Error(opened.reason);
    const cpu = await openCpu();
    await fc.assert(
      fc.asyncProperty(cases, fc.nat(), async (one, seed) => {
        const expected = await results(cpu, one, seed);
        const got = await results(opened.device, one, seed);
        expect(got.kernels).toContain(name);
        expect(got.tensors).toBe(0);
        expect(got.values.map(({ shape }) => shape)).toEqual(expected.values.map(({ shape }) => shape));
        for (const [index, { values }] of got.values.entries()) expectClose(values, expected.values[index]?.values);
      }),
      { numRuns: runs },
    );
  });
}

async function results(device: Device, { shapes, apply, isCoarse }: KernelCase, seed: number) {
  await device.activate();
  const before = memory().numTensors;
  const rng = seededRng(seed);
  const random = (): number => (isCoarse ? rng.below(5) - 2 : 2 * rng.uniform() - 1);
  const values = (shape: readonly number[]): Tensor => {
    const count = shape.reduce((product, side) => product * side, 1);
    return tensor(Float32Array.from({ length: count }, random), [...shape]);
  };
  let kernels: readonly string[] = [];
  let outputs: Tensor[] = [];
  const run = (): Tensor[] => {
    const inputs = shapes.map(values);
    const output = apply(...inputs);
    return [output, ...grads(apply)(inputs, values(output.shape))];
  };
  const { kernelNames } = await profile(() => {
    outputs = tidy(run);
    return outputs;
  });
  kernels = kernelNames;
  const read = outputs.map((output) => ({ shape: output.shape, values: output.dataSync() }));
  for (const output of outputs) output.dispose();
  return { kernels, values: read, tensors: memory().numTensors - before };
}

function expectClose(got: ArrayLike<number>, expected: ArrayLike<number> | undefined): void {
  if (expected === undefined) throw new Error('as many results');
  let error = 0;
  let size = 0;
  for (let index = 0; index < expected.length; index++) {
    error += ((got[index] as number) - (expected[index] as number)) ** 2;
    size += (expected[index] as number) ** 2;
  }
  expect(Math.sqrt(error)).toBeLessThanOrEqual(RELATIVE * Math.sqrt(size) + ABSOLUTE);
}
