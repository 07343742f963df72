import { _FusedMatMul, type _FusedMatMulAttrs } from '@tensorflow/tfjs-core';
import { finished } from './activation.ts';
import { inputsOf, type Kernel } from './kernel.ts';
import { multiplied, stackOf } from './mat-mul.ts';

/** activation(a·b + bias). TF.js packs b afresh whenever it changed, which costs more than the product. */
export const fusedMatMul: Kernel = {
  name: _FusedMatMul,
  run(call) {
    const [a, b] = inputsOf(call, 'a', 'b');
    const { transposeA, transposeB } = call.attrs as unknown as _FusedMatMulAttrs;
    return finished(
      call,
      multiplied(call.native, stackOf(call.native, a, transposeA), stackOf(call.native, b, transposeB)),
    );
  },
};
