import { seededRng, shuffle } from '../../../shared/rng.ts';
import { exampleSize, inputDivisor } from '../../../shared/task/kinds/form.ts';
import { type Examples, partOf } from './examples.ts';
import type { Tastes } from './taste.ts';

/**
 * One batch of a fixed shape. A last, smaller batch is padded with zeros that weigh nothing: the shapes that the
 * backend compiles for stay the same, and Σ weightᵢ · lossᵢ is the mean over the real examples exactly.
 */
export interface Batch {
  /** Rows, padding included. */
  readonly rows: number;
  /** Real examples. */
  readonly count: number;
  /** rows × example, as the model gets them: images divided by 255. */
  readonly inputs: Float32Array;
  /** rows × outputs: one-hot, or the scaled number; padding is all zeros. */
  readonly targets: Float32Array;
  /**
   * rows × the model's outputs: what each row's outputs are weighed with to one answer, the taste of whose example it is.
   * None: the outputs are the answers.
   */
  readonly tastes?: Float32Array;
  /** 1 / count for real examples, 0 for padding. */
  readonly weights: Float32Array;
}

/** Batches of `rows` examples in the given order. */
export function* batchesOf(
  examples: Examples,
  order: Uint32Array,
  rows: number,
  tastes?: Pick<Tastes, 'of'>,
): Generator<Batch> {
  for (let start = 0; start < order.length; start += rows) {
    const indices = order.subarray(start, start + rows);
    const batch = batchOf(examples, indices, rows);
    yield tastes === undefined ? batch : { ...batch, tastes: tastesIn(tastes, indices, rows) };
  }
}

function tastesIn(tastes: Pick<Tastes, 'of'>, indices: Uint32Array, rows: number): Float32Array {
  const own = Array.from(indices, tastes.of);
  const width = own[0]?.length ?? 0;
  const all = new Float32Array(rows * width);
  for (const [row, taste] of own.entries()) all.set(taste, row * width);
  return all;
}

function batchOf(examples: Examples, indices: Uint32Array, rows: number): Batch {
  const { target } = examples.form;
  const size = exampleSize(examples.form);
  const divisor = inputDivisor(examples.form);
  const outputs = target.type === 'class' ? target.count : 1;
  const inputs = new Float32Array(rows * size);
  const targets = new Float32Array(rows * outputs);
  indices.forEach((index, row) => {
    const { part, at } = partOf(examples, index);
    for (let i = 0; i < size; i++) inputs[row * size + i] = (part.features[at * size + i] as number) / divisor;
    const wanted = part.targets[at] as number;
    if (target.type === 'class') targets[row * outputs + wanted] = 1;
    else targets[row] = (wanted - target.offset) / target.scale;
  });
  const weights = new Float32Array(rows).fill(1 / indices.length, 0, indices.length);
  return { rows, count: indices.length, inputs, targets, weights };
}

/** 0 … count − 1. */
export const inOrder = (count: number): Uint32Array => Uint32Array.from({ length: count }, (_, index) => index);

/** The order of one epoch: the same for the same seed and epoch, on every machine. */
export const shuffled = (count: number, seed: number, epoch: number): Uint32Array =>
  shuffle(inOrder(count), seededRng(seed, epoch));
