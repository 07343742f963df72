import { UnsortedSegmentSum, type UnsortedSegmentSumAttrs, util } from '@tensorflow/tfjs-core';
import { inputsOf, type Kernel } from './kernel.ts';

/** Adds each row to the row that its number names: the gradient of a look-up, as in an embedding. */
export const segmentSum: Kernel = {
  name: UnsortedSegmentSum,
  run(call) {
    const { native, backend } = call;
    const [x, segmentIds] = inputsOf(call, 'x', 'segmentIds');
    const { numSegments } = call.attrs as unknown as UnsortedSegmentSumAttrs;
    const inner = x.shape.slice(1);
    const length = util.sizeFromShape(inner);
    const result = native.output([numSegments, ...inner], 'zeros');
    const [to, from] = [native.addressOf(result), native.addressOf(x)];
    backend.typedArrayFromHeap(segmentIds).forEach((id, row) => {
      if (id < 0 || id >= numSegments) return;
      native.call.sumRows(to + 4 * id * length, from + 4 * row * length, 1, length);
    });
    return result;
  },
};
