import {
  avgPool,
  clone,
  conv2d,
  conv2dTranspose,
  depthwiseConv2d,
  fused,
  gather,
  matMul,
  maxPool,
  mul,
  sum,
  type Tensor,
  tensor1d,
} from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { type KernelCase, kernelContract } from './kernel.contract.ts';

type Image = readonly [batch: number, height: number, width: number, channels: number];

const side = (max: number) => fc.integer({ min: 1, max });
const image: fc.Arbitrary<Image> = fc.tuple(side(3), side(9), side(9), side(9));
const pair: fc.Arbitrary<[number, number]> = fc.tuple(side(3), side(3));

/** Windows that fit into the image, by padding or without. TF.js takes padding as a number for squares only. */
const windows = image.chain((image) =>
  fc
    .record({
      image: fc.constant(image),
      window: fc.tuple(side(Math.min(5, image[1])), side(Math.min(5, image[2]))),
      strides: pair,
      pad: fc.constantFrom<'same' | 'valid' | number>('same', 'valid', 1),
      outputs: side(11),
    })
    .map((one) => {
      if (one.pad !== 1) return one;
      const [stride, size] = [one.strides[0], Math.min(...one.window)];
      return { ...one, window: [size, size] as [number, number], strides: [stride, stride] as [number, number] };
    }),
);
type Windows = typeof windows extends fc.Arbitrary<infer Value> ? Value : never;

const onWindows = (of: (windows: Windows) => KernelCase) => windows.map((one) => ({ ...one, ...of(one) }));
/** TF.js takes it only with a number. */
const rounding = (pad: Windows['pad']) => (typeof pad === 'number' ? 'floor' : undefined);
const rounded = (pad: Windows['pad']) => (typeof pad === 'number' ? { dimRoundingMode: 'floor' as const } : {});
/** TF.js's operations are typed by rank. */
const ranked = (of: (x: never, filter: never, bias: never) => Tensor) => of as (...inputs: Tensor[]) => Tensor;

const convolution = onWindows(({ image, window, strides, pad, outputs }) => ({
  shapes: [image, [...window, image[3], outputs]],
  apply: ranked((x, filter) => conv2d(x, filter, strides, pad, 'NHWC', 1, rounding(pad))),
}));
kernelContract('Conv2DBackpropFilter', convolution);
kernelContract('Conv2DBackpropInput', convolution);

kernelContract(
  'Conv2DBackpropInput',
  onWindows(({ image: [batch, height, width, channels], window, strides, outputs }) => {
    const larger = [batch, height * strides[0], width * strides[1], outputs] as [number, number, number, number];
    return {
      shapes: [
        [batch, height, width, channels],
        [...window, outputs, channels],
      ],
      apply: ranked((x, filter) => conv2dTranspose(x, filter, larger, strides, 'same')),
    };
  }),
  { what: ' of a transposed convolution' },
);

// Many more positions than one block of patches holds, and more taps than one block of a product.
kernelContract(
  'Conv2DBackpropFilter',
  fc.constant({
    shapes: [
      [2, 20, 18, 16],
      [5, 5, 16, 6],
    ],
    apply: ranked((x, filter) => conv2d(x, filter, 1, 'same')),
  }),
  { what: ', block by block,', runs: 1 },
);

const depthwise = onWindows(({ image, window, strides: [stride], pad, outputs }) => ({
  shapes: [image, [...window, image[3], 1 + (outputs % 3)]],
  apply: ranked((x, filter) => depthwiseConv2d(x, filter, stride, pad, 'NHWC', 1, rounding(pad))),
}));
kernelContract('DepthwiseConv2dNativeBackpropFilter', depthwise);
kernelContract('DepthwiseConv2dNativeBackpropInput', depthwise);

const activations = fc.constantFrom<'linear' | 'relu' | 'relu6' | 'elu' | 'sigmoid'>(
  ...(['linear', 'relu', 'relu6', 'elu', 'sigmoid'] as const),
);
kernelContract(
  'FusedConv2D',
  fc.tuple(windows, activations).map(([{ image, window, strides, pad, outputs }, activation]) => ({
    shapes: [image, [...window, image[3], outputs], [outputs]],
    apply: ranked((x: never, filter: never, bias: never) =>
      fused.conv2d({ x, filter, strides, pad, ...rounded(pad), activation, bias }),
    ),
  })),
);
kernelContract(
  'FusedDepthwiseConv2D',
  fc.tuple(windows, activations).map(([{ image, window, strides, pad }, activation]) => ({
    shapes: [image, [...window, image[3], 1], [image[3]]],
    apply: ranked((x: never, filter: never, bias: never) =>
      fused.depthwiseConv2d({
        ...{ x, filter, strides: strides[0], pad, ...rounded(pad), activation, bias },
      }),
    ),
  })),
);

/** Pools of nothing but padding are left out: no backend has an answer for them. */
const pools = windows.filter(({ window, pad }) => pad !== 1 || Math.min(...window) > 1);
kernelContract(
  'MaxPoolGrad',
  fc.tuple(pools, fc.boolean()).map(([{ image, window, strides, pad }, isCoarse]) => ({
    shapes: [image],
    apply: ranked((x) => maxPool(x, window, strides, pad, rounding(pad))),
    ...(isCoarse ? { isCoarse } : {}),
  })),
);
kernelContract(
  'AvgPoolGrad',
  pools.map(({ image, window, strides, pad }) => ({
    shapes: [image],
    apply: ranked((x) => avgPool(x, window, strides, pad, rounding(pad))),
  })),
);

const length = fc.oneof({ arbitrary: side(20), weight: 5 }, { arbitrary: fc.constantFrom(64, 257), weight: 1 });
const product = fc.record({
  sizes: fc.tuple(length, length, length),
  transpose: fc.tuple(fc.boolean(), fc.boolean()),
  batch: fc.constantFrom<number[]>([], [3], [2, 2]),
});
kernelContract(
  'BatchMatMul',
  product.map(({ sizes: [rows, depth, columns], transpose: [a, b], batch }) => ({
    shapes: [
      [...batch, ...(a ? [depth, rows] : [rows, depth])],
      [...batch, ...(b ? [columns, depth] : [depth, columns])],
    ],
    apply: (...[x, y]: Tensor[]) => matMul(x as Tensor, y as Tensor, a, b),
  })),
);
kernelContract(
  '_FusedMatMul',
  fc.tuple(product, activations, fc.boolean()).map(
    ([
      {
        sizes: [rows, depth, columns],
        transpose: [transposeA, transposeB],
      },
      activation,
      hasBias,
    ]) => ({
      shapes: [
        transposeA ? [depth, rows] : [rows, depth],
        transposeB ? [columns, depth] : [depth, columns],
        ...(hasBias ? [[columns]] : []),
      ],
      apply: (...[a, b, bias]: Tensor[]) =>
        fused.matMul({
          ...{ a: a as Tensor, b: b as Tensor, transposeA, transposeB },
          ...(bias === undefined ? {} : { bias }),
          activation,
        }),
    }),
  ),
);

kernelContract(
  'Identity',
  fc.record({ shape: image }).map(({ shape }) => ({
    shapes: [shape],
    apply: (...[x]: Tensor[]) => mul(clone(x as Tensor), x as Tensor),
  })),
);
kernelContract(
  'UnsortedSegmentSum',
  fc
    .record({ rows: side(9), columns: side(9), look: fc.array(fc.nat(), { minLength: 1, maxLength: 20 }) })
    .map(({ rows, columns, look }) => ({
      shapes: [[rows, columns]],
      apply: (...[table]: Tensor[]) => {
        const indices = look.map((index) => index % rows);
        return gather(table as Tensor, tensor1d(indices, 'int32'));
      },
    })),
);
kernelContract(
  'Sum',
  fc
    .record({ shape: image, axes: fc.subarray([0, 1, 2, 3], { minLength: 1 }), keepDims: fc.boolean() })
    .map(({ shape, axes, keepDims }) => ({
      shapes: [shape],
      apply: (...[x]: Tensor[]) => sum(mul(x as Tensor, x as Tensor), axes, keepDims),
    })),
);
