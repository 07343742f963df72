import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  assemble,
  define,
  type FunctionCode,
  f32x4,
  floats,
  i32,
  type Operand,
  set,
  times,
  v128,
  when,
} from './assembler.ts';

type Run = (...integers: number[]) => void;

/** The function on a memory of its own. */
function open(code: FunctionCode): { readonly run: Run; readonly memory: WebAssembly.Memory } {
  const memory = new WebAssembly.Memory({ initial: 1 });
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(assemble({ code })), { host: { memory } });
  return { run: exports['code'] as Run, memory };
}

const integer = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });

/** What a function of two integers leaves. */
function evaluated(of: (a: Operand, b: Operand) => Operand, a: number, b: number): number {
  const { run, memory } = open(define(['a', 'b'], ({ a, b }) => i32.store(0, of(a, b))));
  run(a, b);
  return new Int32Array(memory.buffer)[0] as number;
}

test('constants of every size are encoded', () => {
  fc.assert(fc.property(integer, (constant) => evaluated(() => constant, 0, 0) === constant));
  for (const edge of [63, 64, -64, -65, 8191, 8192, -8192, -8193]) expect(evaluated(() => edge, 0, 0)).toBe(edge);
});

test.each<[keyof typeof i32, number, number, number]>([
  ['add', 7, -3, 4],
  ['sub', 7, -3, 10],
  ['mul', 7, -3, -21],
  ['divU', 23, 5, 4],
  ['remU', 23, 5, 3],
  ['and', 6, 3, 2],
  ['shl', 3, 2, 12],
  ['shrU', -1, 28, 15],
  ['eq', 3, 3, 1],
  ['ltS', -1, 0, 1],
  ['ltU', -1, 0, 0],
  ['min', -5, 3, -5],
  ['min', 3, -5, -5],
  ['max', -5, 3, 3],
  ['max', 3, -5, 3],
])('%s of %i and %i is %i', (name, a, b, result) => {
  expect(evaluated(i32[name] as typeof i32.add, a, b)).toBe(result);
});

test('loops run as often as they are told, not at all for zero', () => {
  const { run, memory } = open(define(['count'], ({ count }) => times(count, i32.store(0, i32.add(i32.load(0), 1)))));
  const counted = new Int32Array(memory.buffer);
  run(0);
  expect(counted[0]).toBe(0);
  run(5);
  expect(counted[0]).toBe(5);
});

test('conditions choose', () => {
  const choose = (a: Operand) => when(a, i32.store(0, 1), i32.store(0, 2));
  const { run, memory } = open(define(['a'], ({ a }) => choose(a)));
  const chosen = new Int32Array(memory.buffer);
  run(0);
  expect(chosen[0]).toBe(2);
  run(-1);
  expect(chosen[0]).toBe(1);
});

test('floats are worked on by fours and by ones, and none beyond', () => {
  const twice = define(['at', 'count'], ({ at, count }, scope) => {
    const two = scope.vector();
    return [
      set(two, v128.constant(2)),
      floats(scope, count, [at], ({ load, store }) => store(at, f32x4.mul(load(at), two))),
    ];
  });
  for (let count = 0; count < 10; count++) {
    const { run, memory } = open(twice);
    const values = new Float32Array(memory.buffer, 16, 12).fill(1);
    run(16, count);
    expect([...values]).toEqual(Array.from({ length: 12 }, (_, index) => (index < count ? 2 : 1)));
  }
});

test('a module that is no sense is refused by the engine, not run', () => {
  expect(() => open(define([], () => [0x6a]))).toThrow(WebAssembly.CompileError);
});
