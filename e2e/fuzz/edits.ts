import fc from 'fast-check';

/** Some characters of a text replaced, taken out or put in. */
export interface Edit {
  readonly at: number;
  readonly remove: number;
  readonly put: string;
}

export const edits: fc.Arbitrary<readonly Edit[]> = fc.array(
  fc.record({
    at: fc.nat(200),
    remove: fc.nat(3),
    put: fc.constantFrom('', '0', '9', '-', '[', ']', '{', '}', '"', ',', '/', '51-', '\\', '\u0000', 'é', '__proto__'),
  }),
  { minLength: 1, maxLength: 4 },
);

export function edited(text: string, changes: readonly Edit[]): string {
  let now = text;
  for (const { at, remove, put } of changes) {
    const from = at % (now.length + 1);
    now = now.slice(0, from) + put + now.slice(from + remove);
  }
  return now;
}
