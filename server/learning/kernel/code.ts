import {
  bump,
  type Code,
  define,
  type FunctionCode,
  f64x2,
  i32,
  i32x4,
  type Local,
  type Scope,
  set,
  times,
  v128,
} from '../../../shared/wasm/assembler.ts';
import { type CodeBits, LANES } from './kernel.ts';

/** Where things lie in the memory of an accumulator, in bytes. */
export const PLACES = {
  /** A sum of squares for each lane, which goes on from one piece to the next. */
  lanes: 0,
  /** The double by which everything is multiplied or divided. */
  factor: 8 * LANES,
  /** What codes add, in vectors of two doubles: see `addCodes`. 8 KiB at most. */
  table: 1024,
  window: 16_384,
} as const;

const PAIRS = Array.from({ length: LANES / 2 }, (_, index) => index);

/** The loop body is written for eight values, which lie at these offsets in pairs. */
const FLOATS = 8;
const DOUBLES = 16;

/** The sums of squares as vectors: taken up before `body` and put back after it. */
function withLanes(scope: Scope, body: (squares: readonly Local[]) => Code): Code {
  const squares = PAIRS.map(() => scope.vector());
  return [
    squares.map((square, pair) => set(square, v128.load(PLACES.lanes, DOUBLES * pair))),
    body(squares),
    squares.map((square, pair) => v128.store(PLACES.lanes, square, DOUBLES * pair)),
  ];
}

/** lanes[i mod 8] += x_i² */
const square: FunctionCode = define(['from', 'eights'], ({ from, eights }, scope) => {
  const x = scope.vector();
  return withLanes(scope, (squares) =>
    times(eights, [
      squares.map((sum, pair) => [
        set(x, f64x2.loadFloats(from, FLOATS * pair)),
        set(sum, f64x2.add(sum, f64x2.mul(x, x))),
      ]),
      bump(from, FLOATS * PAIRS.length),
    ]),
  );
});

/** sums_i += factor · x_i, and the squares in the same pass. */
const add: FunctionCode = define(['from', 'to', 'eights'], ({ from, to, eights }, scope) => {
  const [x, factor] = [scope.vector(), scope.vector()];
  return [
    set(factor, f64x2.loadSplat(PLACES.factor)),
    withLanes(scope, (squares) =>
      times(eights, [
        squares.map((sum, pair) => [
          set(x, f64x2.loadFloats(from, FLOATS * pair)),
          set(sum, f64x2.add(sum, f64x2.mul(x, x))),
          v128.store(to, f64x2.add(v128.load(to, DOUBLES * pair), f64x2.mul(factor, x)), DOUBLES * pair),
        ]),
        bump(from, FLOATS * PAIRS.length),
        bump(to, DOUBLES * PAIRS.length),
      ]),
    ),
  ];
});

/** x_i = factor · x_i, rounded to a float */
const scale: FunctionCode = define(['at', 'eights'], ({ at, eights }, scope) => {
  const factor = scope.vector();
  return [
    set(factor, f64x2.loadSplat(PLACES.factor)),
    times(eights, [
      PAIRS.map((pair) => f64x2.storeFloats(at, f64x2.mul(f64x2.loadFloats(at, FLOATS * pair), factor), FLOATS * pair)),
      bump(at, FLOATS * PAIRS.length),
    ]),
  ];
});

/** sums_i = sums_i / factor */
const divide: FunctionCode = define(['at', 'eights'], ({ at, eights }, scope) => {
  const factor = scope.vector();
  return [
    set(factor, f64x2.loadSplat(PLACES.factor)),
    times(eights, [
      PAIRS.map((pair) => v128.store(at, f64x2.div(v128.load(at, DOUBLES * pair), factor), DOUBLES * pair)),
      bump(at, DOUBLES * PAIRS.length),
    ]),
  ];
});

/**
 * sums_i += what code i adds. Codes of up to four bits are looked up two at a time, and the table has a vector for each two.
 * For a code of eight bits it has two vectors, with what it adds in the first place and in the second, zero beside it.
 */
const addCodes = (bits: CodeBits): FunctionCode =>
  define(['from', 'to', 'eights'], ({ from, to, eights }, scope) => {
    const byte = scope.integer();
    const place = (code: number, offset: number): Code =>
      v128.load(i32.shl(i32.load8U(from, code), 5), PLACES.table + offset);
    const two = (pair: number): Code => {
      if (bits === 8) return v128.or(place(2 * pair, 0), place(2 * pair + 1, DOUBLES));
      const codes = i32.and(i32.shrU(byte, (pair * 2 * bits) % 8), 2 ** (2 * bits) - 1);
      return v128.load(i32.shl(codes, 4), PLACES.table);
    };
    return times(eights, [
      PAIRS.map((pair) => [
        bits < 8 && (pair * 2 * bits) % 8 === 0 ? set(byte, i32.load8U(from, (pair * 2 * bits) / 8)) : [],
        v128.store(to, f64x2.add(v128.load(to, DOUBLES * pair), two(pair)), DOUBLES * pair),
      ]),
      bump(from, bits),
      bump(to, DOUBLES * PAIRS.length),
    ]);
  });

/** sums_i = (sums_i + x_i) mod 2³², in eights as the others. */
const addModular: FunctionCode = define(['from', 'to', 'eights'], ({ from, to, eights }) =>
  times(eights, [
    [0, 16].map((offset) => v128.store(to, i32x4.add(v128.load(to, offset), v128.load(from, offset)), offset)),
    bump(from, 32),
    bump(to, 32),
  ]),
);

export const FUNCTIONS = {
  ...{ square, add, scale, divide, addModular },
  ...{ addCodes1: addCodes(1), addCodes2: addCodes(2), addCodes4: addCodes(4), addCodes8: addCodes(8) },
} as const satisfies Record<string, FunctionCode>;
