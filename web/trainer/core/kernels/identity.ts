import { Identity } from '@tensorflow/tfjs-core';
import { inputsOf, type Kernel } from './kernel.ts';

/** The same values under another name. TF.js copies them; nothing ever writes into a tensor, so they can be shared. */
export const identity: Kernel = {
  name: Identity,
  run(call) {
    const [x] = inputsOf(call, 'x');
    call.backend.incRef(x.dataId);
    return { dataId: x.dataId, shape: x.shape, dtype: x.dtype };
  },
};
