import fc from 'fast-check';

/** One change of a message that would be right without it, wherever in it `at` comes to lie. */
export interface Mutation {
  readonly at: number;
  readonly how: 'set' | 'delete' | 'add' | 'wrap' | 'double';
  readonly value: unknown;
}

const deep = (levels: number, open: string, close: string): unknown =>
  JSON.parse(`${open.repeat(levels)}1${close.repeat(levels)}`);

/** What no field is meant to hold: other types, limits of numbers, huge, deep, empty, and names of prototypes. */
export const oddValue: fc.Arbitrary<unknown> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.constantFrom<unknown>(
      ...[null, true, false, 0, -0, -1, 1.5, 1e308, -1e308, 2 ** 31, 2 ** 32, 2 ** 53, 2 ** 53 + 2, 5e-324],
      ...[
        '',
        ' ',
        '0',
        'null',
        'x'.repeat(500),
        '\u0000',
        '\ud800',
        '../../etc/passwd',
        '<script>alert(1)</script>',
        '𝔽',
      ],
      ...['__proto__', 'constructor', 'a1'.repeat(16), 'A1'.repeat(16), 'a1'.repeat(32)],
      ...[[], {}, [[]], [null], { length: 32 }, Array(500).fill(0)],
      ...[{ toString: 1 }, { toJSON: 1 }, { valueOf: null }, JSON.parse('{"then":1}')],
      ...[JSON.parse('{"__proto__":{"polluted":1}}'), JSON.parse('{"constructor":{"prototype":{"polluted":1}}}')],
    ),
  },
  { weight: 4, arbitrary: fc.jsonValue() },
  {
    weight: 1,
    arbitrary: fc.constantFrom<unknown>(
      'x'.repeat(15_000),
      'x'.repeat(20_000),
      Array(7_000).fill(0),
      deep(300, '[', ']'),
      deep(1_500, '{"a":', '}'),
      deep(2_000, '[', ']'),
    ),
  },
);

export const mutation: fc.Arbitrary<Mutation> = fc.record({
  at: fc.nat(1_000),
  how: fc.constantFrom('set', 'set', 'set', 'delete', 'add', 'wrap', 'double'),
  value: oddValue,
});

type Path = readonly (string | number)[];

/** Every place in a message, itself first. */
function placesIn(value: unknown, at: Path = []): Path[] {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return [at];
  return [at, ...Object.entries(value).flatMap(([key, inner]) => placesIn(inner, [...at, key]))];
}

/** The message with one place of it changed; the message itself stays as it is. */
export function mutated(message: unknown, { at, how, value }: Mutation): unknown {
  const places = placesIn(message);
  const place = places[at % places.length] ?? [];
  const key = place.at(-1);
  if (key === undefined) return how === 'wrap' ? [message] : how === 'delete' ? undefined : value;
  const copy = structuredClone(message);
  let holder = copy as Record<string | number, unknown>;
  for (const step of place.slice(0, -1)) holder = holder[step] as Record<string | number, unknown>;
  switch (how) {
    case 'set':
      holder[key] = value;
      break;
    case 'delete':
      delete holder[key];
      break;
    case 'add':
      holder[`${key}x`] = value;
      break;
    case 'wrap':
      holder[key] = [holder[key]];
      break;
    case 'double':
      holder[key] = Array.isArray(holder[key]) ? [...holder[key], ...holder[key]] : [holder[key], holder[key]];
      break;
  }
  return copy;
}
