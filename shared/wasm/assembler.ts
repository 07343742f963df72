/**
 * A WebAssembly assembler of just what the kernels need: functions of 32-bit integers that work on vectors of four floats
 * in an imported memory (WebAssembly core specification 2.0, chapter 5, and its SIMD instructions). Code is nested lists
 * of bytes, flattened at the end, so that TypeScript is the macro language: loops are unrolled by `map`.
 */
export type Code = readonly (number | Code)[];

/** A variable of a function. */
export interface Local {
  readonly index: number;
}

/** What an instruction takes: a constant, a variable, or code that leaves a value. */
export type Operand = number | Local | Code;

export interface FunctionCode {
  readonly parameters: number;
  readonly locals: readonly number[];
  readonly body: Code;
}

/** Makes new variables. */
export interface Scope {
  integer(): Local;
  integers<const Names extends readonly string[]>(...names: Names): Readonly<Record<Names[number], Local>>;
  vector(): Local;
}

const I32 = 0x7f;
const V128 = 0x7b;
const NO_RESULT = 0x40;

/** A function of integers, without a result. */
export function define<const Names extends readonly string[]>(
  names: Names,
  body: (parameters: Readonly<Record<Names[number], Local>>, scope: Scope) => Code,
): FunctionCode {
  const locals: number[] = [];
  const local = (type: number): Local => ({ index: names.length + locals.push(type) - 1 });
  const code = body(
    named(names, (index) => ({ index })),
    {
      integer: () => local(I32),
      integers: (...names) => named(names, () => local(I32)),
      vector: () => local(V128),
    },
  );
  return { parameters: names.length, locals, body: code };
}

const named = <const Names extends readonly string[]>(names: Names, of: (index: number) => Local) =>
  Object.fromEntries(names.map((name, index) => [name, of(index)])) as Record<Names[number], Local>;

/** The bytes of a module that imports `host.memory` and exports the functions by their names. */
export function assemble(functions: Readonly<Record<string, FunctionCode>>): Uint8Array<ArrayBuffer> {
  const all = Object.entries(functions);
  const types = all.map(([, { parameters }]) => [0x60, list(Array(parameters).fill([I32])), list([])]);
  const exported = all.map(([name], index) => [text(name), 0x00, unsigned(index)]);
  const bodies = all.map(([, { locals, body }]) =>
    sized([list(locals.map((type) => [unsigned(1), type])), body, 0x0b]),
  );
  const module = [
    [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    section(1, list(types)),
    section(2, list([[text('host'), text('memory'), 0x02, 0x00, unsigned(1)]])),
    section(3, list(all.map((_, index) => unsigned(index)))),
    section(7, list(exported)),
    section(10, list(bodies)),
  ];
  return Uint8Array.from(flat(module));
}

const flat = (code: Code): number[] => (code as number[]).flat(Number.POSITIVE_INFINITY);
const list = (items: readonly Code[]): Code => [unsigned(items.length), ...items];
const text = (value: string): Code => list([...value].map((letter) => [letter.charCodeAt(0)]));
const section = (id: number, content: Code): Code => [id, sized(content)];

function sized(content: Code): Code {
  const bytes = flat(content);
  return [unsigned(bytes.length), bytes];
}

/** LEB128. */
function unsigned(value: number): Code {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, unsigned(value >>> 7)];
}

function signed(value: number): Code {
  const isLast = value >= -0x40 && value < 0x40;
  return isLast ? [value & 0x7f] : [(value & 0x7f) | 0x80, signed(value >> 7)];
}

function value(operand: Operand): Code {
  if (typeof operand === 'number') return [0x41, signed(operand)];
  return 'index' in operand ? [0x20, unsigned(operand.index)] : operand;
}

const binary =
  (...opcode: number[]) =>
  (a: Operand, b: Operand): Code => [value(a), value(b), opcode];

export const set = (local: Local, to: Operand): Code => [value(to), 0x21, unsigned(local.index)];
export const bump = (local: Local, by: Operand): Code => set(local, i32.add(local, by));

/** Comparisons leave 1 or 0. */
export const i32 = {
  add: binary(0x6a),
  sub: binary(0x6b),
  mul: binary(0x6c),
  divU: binary(0x6e),
  remU: binary(0x70),
  and: binary(0x71),
  shl: binary(0x74),
  shrU: binary(0x76),
  eq: binary(0x46),
  ltS: binary(0x48),
  ltU: binary(0x49),
  load: (address: Operand): Code => [value(address), 0x28, 2, 0],
  load8U: (address: Operand, offset = 0): Code => [value(address), 0x2d, 0, unsigned(offset)],
  store: (address: Operand, what: Operand): Code => [value(address), value(what), 0x36, 2, 0],
  min: (a: Operand, b: Operand): Code => [value(a), value(b), i32.ltS(a, b), 0x1b],
  max: (a: Operand, b: Operand): Code => [value(b), value(a), i32.ltS(a, b), 0x1b],
} as const;

export const f32x4 = {
  add: binary(0xfd, 0xe4, 0x01),
  mul: binary(0xfd, 0xe6, 0x01),
  max: binary(0xfd, 0xe9, 0x01),
  /** All bits of a lane set where equal. */
  eq: binary(0xfd, 0x41),
} as const;

export const i32x4 = { add: binary(0xfd, 0xae, 0x01) } as const;

/** Two lanes of double precision. Nothing is fused: each operation rounds by itself, as in JavaScript. */
export const f64x2 = {
  add: binary(0xfd, 0xf0, 0x01),
  mul: binary(0xfd, 0xf2, 0x01),
  div: binary(0xfd, 0xf3, 0x01),
  /** One double of the memory in both lanes. */
  loadSplat: (address: Operand, offset = 0): Code => [value(address), 0xfd, 0x0a, 3, unsigned(offset)],
  /** Two floats of the memory, widened. */
  loadFloats: (address: Operand, offset = 0): Code => [
    ...[value(address), 0xfd, 0x5d, 2, unsigned(offset)],
    ...[0xfd, 0x5f],
  ],
  /** Two doubles rounded to floats of the memory. */
  storeFloats: (address: Operand, what: Operand, offset = 0): Code => [
    ...[value(address), value(what), 0xfd, 0x5e],
    ...[0xfd, 0x5b, 2, unsigned(offset), 0],
  ],
} as const;

/** Addresses are in bytes, aligned to one float. */
export const v128 = {
  load: (address: Operand, offset = 0): Code => [value(address), 0xfd, 0x00, 2, unsigned(offset)],
  store: (address: Operand, what: Operand, offset = 0): Code => [
    ...[value(address), value(what)],
    ...[0xfd, 0x0b, 2, unsigned(offset)],
  ],
  /** The same number in all four lanes. */
  constant: (number: number): Code => {
    const bytes = [...new Uint8Array(Float32Array.of(number).buffer)];
    return [0xfd, 0x0c, bytes, bytes, bytes, bytes];
  },
  /** 1 / `count` in all four lanes. */
  reciprocal: (count: Operand): Code => [
    ...[0x43, [...new Uint8Array(Float32Array.of(1).buffer)]],
    ...[value(count), 0xb2, 0x95, 0xfd, 0x13],
  ],
  /** One float of the memory in all four lanes. */
  loadSplat: (address: Operand, offset = 0): Code => [value(address), 0xfd, 0x09, 2, unsigned(offset)],
  loadLane: (into: Local, address: Operand, lane: number): Code =>
    set(into, [value(address), value(into), 0xfd, 0x56, 2, 0, lane]),
  and: binary(0xfd, 0x4e),
  andNot: binary(0xfd, 0x4f),
  or: binary(0xfd, 0x50),
} as const;

/** How many floats an instruction handles at once: code that is written once runs by fours, and by ones for the rest. */
export interface Width {
  readonly floats: number;
  load(address: Operand): Code;
  store(address: Operand, what: Operand): Code;
}

const FOUR: Width = { floats: 4, load: v128.load, store: v128.store };
const ONE: Width = {
  floats: 1,
  load: (address) => [value(address), 0xfd, 0x5c, 2, 0],
  store: (address, what) => [value(address), value(what), 0xfd, 0x5a, 2, 0, 0],
};

export const when = (condition: Operand, then: Code, otherwise?: Code): Code => [
  ...[value(condition), 0x04, NO_RESULT, then],
  ...(otherwise === undefined ? [0x0b] : [0x05, otherwise, 0x0b]),
];

/** Repeats, at least once, while the condition holds. */
const loop = (body: Code, condition: Operand): Code => [
  ...[0x03, NO_RESULT, body],
  ...[value(condition), 0x0d, 0, 0x0b],
];

/** As often as `counter` says, which is counted down to zero. */
export const times = (counter: Local, body: Code): Code => when(counter, loop([body, bump(counter, -1)], counter));

/** For each of `count` floats at the pointers, which are moved to the end. */
export function floats(scope: Scope, count: Operand, pointers: readonly Local[], body: (width: Width) => Code): Code {
  const left = scope.integer();
  const by = (width: Width): Code =>
    times(left, [body(width), ...pointers.map((pointer) => bump(pointer, 4 * width.floats))]);
  return [set(left, i32.shrU(count, 2)), by(FOUR), set(left, i32.and(count, 3)), by(ONE)];
}
