import {
  bump,
  type Code,
  define,
  type FunctionCode,
  f32x4,
  floats,
  i32,
  type Local,
  type Scope,
  set,
  times,
  v128,
  type Width,
  when,
} from '../../../../../shared/wasm/assembler.ts';

/**
 * Windows that slide over images (NHWC, floats), as convolutions and pools have them. All functions share one walk: over
 * rows of window positions, the positions of a row, and the rows of a window. What lies outside of the image is skipped.
 */
const GEOMETRY = [
  /** The first row of positions, counted over all images of the batch, and how many rows. */
  ...['firstRow', 'rowCount'],
  /** Positions down and across one image. */
  ...['positionsDown', 'positionsAcross'],
  ...['height', 'width', 'channels'],
  ...['windowHeight', 'windowWidth', 'strideDown', 'strideAcross', 'padTop', 'padLeft'],
] as const;

type Named<Value> = Readonly<Record<(typeof GEOMETRY)[number], Value>>;
export type Geometry = Named<number>;

/** The arguments in the order in which the functions take them, after their pointers. */
export const argumentsOf = (geometry: Geometry): number[] => GEOMETRY.map((name) => geometry[name]);

/** One row of a window, `windowWidth` taps: those before the image, in it, and after it. */
interface WindowRow {
  /** Address of the first tap in the image. */
  readonly at: Local;
  readonly before: Local;
  readonly inside: Local;
  readonly after: Local;
  /** Bytes of the channels of one pixel. */
  readonly pixelBytes: Local;
}

interface Visitor {
  readonly position?: Code;
  readonly row: (row: WindowRow) => Code;
  readonly positionEnd?: (pixelBytes: Local) => Code;
}

function walk(image: Local, g: Named<Local>, scope: Scope, { position = [], row, positionEnd }: Visitor): Code {
  const windowRow = scope.integers('at', 'before', 'inside', 'after', 'pixelBytes');
  const { at, before, inside, after, pixelBytes } = windowRow;
  const { start, rowBytes, top, left, across, down } = scope.integers(
    ...(['start', 'rowBytes', 'top', 'left', 'across', 'down'] as const),
  );
  const columns = [
    set(before, i32.min(g.windowWidth, i32.max(0, i32.sub(0, left)))),
    set(inside, i32.max(0, i32.sub(i32.min(g.windowWidth, i32.sub(g.width, left)), before))),
    set(after, i32.sub(i32.sub(g.windowWidth, before), inside)),
    set(at, i32.add(i32.mul(top, rowBytes), i32.mul(i32.add(left, before), pixelBytes))),
    bump(at, start),
  ];
  const none = [set(before, g.windowWidth), set(inside, 0), set(after, 0)];
  const window = [
    set(top, i32.sub(i32.mul(i32.remU(g.firstRow, g.positionsDown), g.strideDown), g.padTop)),
    set(down, g.windowHeight),
    times(down, [when(i32.ltU(top, g.height), columns, none), row(windowRow), bump(top, 1)]),
  ];
  return [
    set(pixelBytes, i32.shl(g.channels, 2)),
    set(rowBytes, i32.mul(g.width, pixelBytes)),
    times(g.rowCount, [
      set(start, i32.add(image, i32.mul(i32.divU(g.firstRow, g.positionsDown), i32.mul(g.height, rowBytes)))),
      set(left, i32.sub(0, g.padLeft)),
      set(across, g.positionsAcross),
      times(across, [position, window, positionEnd?.(pixelBytes) ?? [], bump(left, g.strideAcross)]),
      bump(g.firstRow, 1),
    ]),
  ];
}

/** The windows one after the other as rows of a matrix, zeros where there is no image: `to` ← patches of `image`. */
export const gather: FunctionCode = define(['image', 'to', ...GEOMETRY], ({ image, to, ...g }, scope) => {
  const zeros = (taps: Local): Code =>
    floats(scope, i32.mul(taps, g.channels), [to], ({ store }) => store(to, v128.constant(0)));
  return walk(image, g, scope, {
    row: ({ at, before, inside, after }) => [
      zeros(before),
      floats(scope, i32.mul(inside, g.channels), [at, to], ({ load, store }) => store(to, load(at))),
      zeros(after),
    ],
  });
});

/** The opposite of `gather`: adds patches to where they were taken from. */
export const scatter: FunctionCode = define(['image', 'from', ...GEOMETRY], ({ image, from, ...g }, scope) =>
  walk(image, g, scope, {
    row: ({ at, before, inside, after, pixelBytes }) => [
      bump(from, i32.mul(before, pixelBytes)),
      floats(scope, i32.mul(inside, g.channels), [at, from], ({ load, store }) =>
        store(at, f32x4.add(load(at), load(from))),
      ),
      bump(from, i32.mul(after, pixelBytes)),
    ],
  }),
);

/** Where the same channel is found: in the image, in the filter's tap, and in the output. */
interface Channel {
  readonly pixel: Local;
  readonly tap: Local;
  readonly output: Local;
}

/** A convolution of each channel by itself: `filter` is taps × channels, `outputs` positions × channels. */
const channelwise = (body: (channel: Channel) => (width: Width) => Code): FunctionCode =>
  define(['image', 'filter', 'outputs', ...GEOMETRY], ({ image, filter, outputs, ...g }, scope) => {
    const { tap, output } = scope.integers('tap', 'output');
    return walk(image, g, scope, {
      position: set(tap, filter),
      row: ({ at, before, inside, after, pixelBytes }) => [
        bump(tap, i32.mul(before, pixelBytes)),
        times(inside, [
          set(output, outputs),
          floats(scope, g.channels, [at, tap, output], body({ pixel: at, tap, output })),
        ]),
        bump(tap, i32.mul(after, pixelBytes)),
      ],
      positionEnd: (pixelBytes) => bump(outputs, pixelBytes),
    });
  });

/** outputs ← outputs + Σ over taps of image · `filter`. */
export const depthwise = channelwise(
  ({ pixel, tap, output }) =>
    ({ load, store }) =>
      store(output, f32x4.add(load(output), f32x4.mul(load(pixel), load(tap)))),
);

/** `filter` ← `filter` + Σ over positions of image · outputs. */
export const depthwiseFilter = channelwise(
  ({ pixel, tap, output }) =>
    ({ load, store }) =>
      store(tap, f32x4.add(load(tap), f32x4.mul(load(pixel), load(output)))),
);

/** image ← image + Σ over taps of outputs · `filter`. */
export const depthwiseInput = channelwise(
  ({ pixel, tap, output }) =>
    ({ load, store }) =>
      store(pixel, f32x4.add(load(pixel), f32x4.mul(load(output), load(tap)))),
);

/** The largest or the mean of each channel over the pixels of the image that a window holds. */
const pool = (kind: 'largest' | 'mean'): FunctionCode =>
  define(['image', 'outputs', ...GEOMETRY], ({ image, outputs, ...g }, scope) => {
    const { output, taps } = scope.integers('output', 'taps');
    const share = scope.vector();
    const each = (pointers: readonly Local[], of: (width: Width) => Code): Code => [
      set(output, outputs),
      floats(scope, g.channels, [output, ...pointers], (width) => width.store(output, of(width))),
    ];
    const join = kind === 'largest' ? f32x4.max : f32x4.add;
    const shared = [set(share, v128.reciprocal(taps)), each([], ({ load }) => f32x4.mul(load(output), share))];
    return walk(image, g, scope, {
      position: [set(taps, 0), each([], () => v128.constant(kind === 'largest' ? Number.NEGATIVE_INFINITY : 0))],
      row: ({ at, inside }) => [
        bump(taps, inside),
        times(
          inside,
          each([at], ({ load }) => join(load(output), load(at))),
        ),
      ],
      positionEnd: (pixelBytes) => [kind === 'mean' ? shared : [], bump(outputs, pixelBytes)],
    });
  });

export const maxPool = pool('largest');
export const avgPool = pool('mean');

/**
 * Gives each output's gradient to the first pixel of its window that is the maximum: the image at `toGradient` bytes
 * from `image` ← itself + that. `rest` is room for one pixel: what of the position's gradient is still to be given.
 */
export const maxPoolGradient: FunctionCode = define(
  ['image', 'toGradient', 'maxima', 'gradients', 'rest', ...GEOMETRY],
  ({ image, toGradient, maxima, gradients, rest, ...g }, scope) => {
    const { maximum, left, target } = scope.integers('maximum', 'left', 'target');
    const { isMaximum, share } = { isMaximum: scope.vector(), share: scope.vector() };
    return walk(image, g, scope, {
      position: [
        set(left, rest),
        floats(scope, g.channels, [gradients, left], ({ load, store }) => store(left, load(gradients))),
      ],
      row: ({ at, inside }) =>
        times(inside, [
          ...[set(maximum, maxima), set(left, rest), set(target, i32.add(at, toGradient))],
          floats(scope, g.channels, [at, maximum, left, target], ({ load, store }) => [
            set(isMaximum, f32x4.eq(load(at), load(maximum))),
            set(share, load(left)),
            store(target, f32x4.add(load(target), v128.and(share, isMaximum))),
            store(left, v128.andNot(share, isMaximum)),
          ]),
        ]),
      positionEnd: (pixelBytes) => bump(maxima, pixelBytes),
    });
  },
);
