import { BatchMatMul, type BatchMatMulAttrs, broadcast_util, type TensorInfo, util } from '@tensorflow/tfjs-core';
import { inputsOf, type Kernel } from './kernel.ts';
import type { Native } from './native.ts';
import { type Matrix, product, rowMajor, transposed } from './product.ts';

/** Products of matrices, each transposed or not, a batch of them or one for all. */
export const matMul: Kernel = {
  name: BatchMatMul,
  run(call) {
    const [a, b] = inputsOf(call, 'a', 'b');
    const { transposeA, transposeB } = call.attrs as unknown as BatchMatMulAttrs;
    return multiplied(call.native, stackOf(call.native, a, transposeA), stackOf(call.native, b, transposeB));
  },
};

/** The matrices in the last two dimensions of a tensor. */
export interface Stack {
  /** The dimensions before the last two. */
  readonly outer: readonly number[];
  readonly rows: number;
  readonly columns: number;
  matrix(index: number): Matrix;
}

export function stackOf(native: Native, tensor: TensorInfo, isTransposed: boolean): Stack {
  const [rows = 1, columns = 1] = tensor.shape.slice(-2);
  const outer = tensor.shape.slice(0, -2);
  const count = util.sizeFromShape(outer);
  const at = native.addressOf(tensor);
  const matrix = (index: number) => rowMajor(at + 4 * (index % count) * rows * columns, columns);
  if (!isTransposed) return { outer, rows, columns, matrix };
  return { outer, rows: columns, columns: rows, matrix: (index) => transposed(matrix(index)) };
}

/** The products of two stacks, one by one. */
export function multiplied(native: Native, a: Stack, b: Stack): TensorInfo {
  const outer = broadcast_util.assertAndGetBroadcastShape([...a.outer], [...b.outer]);
  const sizes = { rows: a.rows, depth: a.columns, columns: b.columns };
  const result = native.output([...outer, a.rows, b.columns]);
  const at = native.addressOf(result);
  for (let index = 0; index < util.sizeFromShape(outer); index++) {
    const to = rowMajor(at + 4 * index * a.rows * b.columns, b.columns);
    product(native, a.matrix(index), b.matrix(index), to, sizes);
  }
  return result;
}
