import {
  bump,
  type Code,
  define,
  type FunctionCode,
  f32x4,
  floats,
  i32,
  type Local,
  set,
  times,
  v128,
  when,
} from '../../../../../shared/wasm/assembler.ts';

/** Columns of a panel: two vectors. */
export const PANEL = 8;
const PANEL_BYTES = 4 * PANEL;
/**
 * Rows of a tile. With 6 × 8 results in registers there are 12 sums in flight, enough to hide the latency of an addition,
 * and 15 of the 16 vector registers of x64 in use.
 */
export const TILE_ROWS = 6;
const UNROLLED = 4;

const i32Copy = (to: Local, from: Local): Code => i32.store(to, i32.load(from));

/**
 * Copies a block of a matrix into panels: for every 8 columns, for each row, those 8 values side by side; missing
 * columns are zero. Steps are bytes from one row or column to the next.
 */
export const pack: FunctionCode = define(
  ['to', 'from', 'rowStep', 'columnStep', 'rows', 'columns'],
  ({ to, from, rowStep, columnStep, rows, columns }, scope) => {
    const { panels, row, at, left, lane } = scope.integers('panels', 'row', 'at', 'left', 'lane');
    const half = scope.vector();
    const byRow = (copy: Code): Code => [
      set(row, from),
      set(left, rows),
      times(left, [copy, bump(row, rowStep), bump(to, PANEL_BYTES)]),
    ];
    const adjacent = [v128.store(to, v128.load(row)), v128.store(to, v128.load(row, 16), 16)];
    const apart = [
      set(at, row),
      [0, 16].map((offset) => [
        [0, 1, 2, 3].map((index) => [v128.loadLane(half, at, index), bump(at, columnStep)]),
        v128.store(to, half, offset),
      ]),
    ];
    const partial = [
      ...[v128.store(to, v128.constant(0)), v128.store(to, v128.constant(0), 16)],
      ...[set(at, row), set(lane, columns)],
      times(lane, [i32Copy(to, at), bump(at, columnStep), bump(to, 4)]),
      bump(to, i32.mul(columns, -4)),
    ];
    return [
      set(panels, i32.shrU(i32.add(columns, PANEL - 1), 3)),
      times(panels, [
        when(i32.ltS(columns, PANEL), byRow(partial), when(i32.eq(columnStep, 4), byRow(adjacent), byRow(apart))),
        bump(from, i32.mul(columnStep, PANEL)),
        bump(columns, -PANEL),
      ]),
    ];
  },
);

/**
 * C ← A·B or C ← C + A·B for tiles of `rows` rows, B in panels. The sums of a tile stay in registers over the whole depth.
 * A lies either row by row (`alongDepth`: one float from one depth to the next) or column by column (one float from one
 * row to the next); `aStep` is the other step, all in bytes.
 */
export const multiply = (rows: number, alongDepth: boolean): FunctionCode =>
  define(
    ['a', 'aStep', 'b', 'c', 'cStep', 'depth', 'panels', 'tiles', 'isSum'],
    ({ a, aStep, b, c, cStep, depth, panels, tiles, isSum }, scope) => {
      const { panel, panelsLeft, result, left } = scope.integers('panel', 'panelsLeft', 'result', 'left');
      const starts = Array.from({ length: alongDepth ? rows : 1 }, scope.integer);
      const sums = Array.from({ length: rows }, () => [scope.vector(), scope.vector()] as const);
      const [low, high, factor] = [scope.vector(), scope.vector(), scope.vector()];

      const step = (depth: number): Code => [
        set(low, v128.load(panel, depth * PANEL_BYTES)),
        set(high, v128.load(panel, depth * PANEL_BYTES + 16)),
        sums.map(([one, other], row) => [
          set(
            factor,
            alongDepth ? v128.loadSplat(starts[row] as Local, 4 * depth) : v128.loadSplat(starts[0] as Local, 4 * row),
          ),
          set(one, f32x4.add(one, f32x4.mul(low, factor))),
          set(other, f32x4.add(other, f32x4.mul(high, factor))),
        ]),
      ];
      const steps = (count: number): Code =>
        alongDepth
          ? [
              Array.from({ length: count }, (_, depth) => step(depth)),
              starts.map((start) => bump(start, 4 * count)),
              bump(panel, count * PANEL_BYTES),
            ]
          : Array.from({ length: count }, () => [step(0), bump(starts[0] as Local, aStep), bump(panel, PANEL_BYTES)]);
      const eachRow = (body: (sums: readonly [Local, Local]) => Code): Code => [
        set(result, c),
        sums.map((pair) => [body(pair), bump(result, cStep)]),
      ];
      const tile = [
        when(
          isSum,
          eachRow(([one, other]) => [set(one, v128.load(result)), set(other, v128.load(result, 16))]),
          sums.flat().map((sum) => set(sum, v128.constant(0))),
        ),
        starts.map((start, row) => set(start, row === 0 ? a : i32.add(starts[row - 1] as Local, aStep))),
        set(left, i32.shrU(depth, 2)),
        times(left, steps(UNROLLED)),
        set(left, i32.and(depth, UNROLLED - 1)),
        times(left, steps(1)),
        eachRow(([one, other]) => [v128.store(result, one), v128.store(result, other, 16)]),
        bump(c, PANEL_BYTES),
      ];
      return times(tiles, [
        set(panel, b),
        set(panelsLeft, panels),
        times(panelsLeft, tile),
        bump(a, alongDepth ? i32.mul(aStep, rows) : 4 * rows),
        bump(c, i32.sub(i32.mul(cStep, rows), i32.mul(panels, PANEL_BYTES))),
      ]);
    },
  );

/** `to` ← `from` or `to` ← `to` + `from`, of `columns` floats a row; steps from row to row in bytes. */
export const copyColumns: FunctionCode = define(
  ['to', 'toStep', 'from', 'fromStep', 'rows', 'columns', 'isSum'],
  ({ to, toStep, from, fromStep, rows, columns, isSum }, scope) => {
    const { target, source } = scope.integers('target', 'source');
    const each = (body: Parameters<typeof floats>[3]): Code =>
      times(rows, [
        ...[set(target, to), set(source, from)],
        floats(scope, columns, [target, source], body),
        ...[bump(to, toStep), bump(from, fromStep)],
      ]);
    return when(
      isSum,
      each(({ load, store }) => store(target, f32x4.add(load(target), load(source)))),
      each(({ load, store }) => store(target, load(source))),
    );
  },
);
