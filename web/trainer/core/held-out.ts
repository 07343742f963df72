import { exampleSize } from '../../../shared/task/kinds/form.ts';
import { type ExamplePart, type Examples, examplesOf } from './examples.ts';

/** One in so many examples is set aside. */
const ONE_IN = 5;

export interface Split {
  readonly fitted: Examples;
  /** Never trained on: what figures are about. */
  readonly heldOut: Examples;
}

/**
 * Sets about a fifth of the examples aside, by what is in them and not by where they lie: the same example is on the same
 * side in every fit, whatever was added or removed since, and so is its copy. A model that goes on from an earlier fit
 * has seen none of them.
 */
export function splitOf(examples: Examples): Split {
  const known = splits.get(examples) ?? split(examples);
  splits.set(examples, known);
  return known;
}

/** Rounds follow each other on the same examples. */
const splits = new WeakMap<Examples, Split>();

function split(examples: Examples): Split {
  const size = exampleSize(examples.form);
  const fitted: ExamplePart[] = [];
  const heldOut: ExamplePart[] = [];
  for (const part of examples.parts) {
    const { features } = part;
    const sides: [number[], number[]] = [[], []];
    for (let at = 0; at < part.targets.length; at++) {
      const own = features.subarray(at * size, (at + 1) * size);
      const isHeldOut = hash(new Uint8Array(own.buffer, own.byteOffset, own.byteLength)) % ONE_IN === 0;
      sides[isHeldOut ? 1 : 0].push(at);
    }
    fitted.push(rowsOf(part, sides[0], size));
    heldOut.push(rowsOf(part, sides[1], size));
  }
  return { fitted: examplesOf(examples.form, fitted), heldOut: examplesOf(examples.form, heldOut) };
}

/** Copies of the rows, in memory of their own. */
function rowsOf({ features, targets }: ExamplePart, rows: readonly number[], size: number): ExamplePart {
  const own = features.slice(0, rows.length * size);
  rows.forEach((row, at) => {
    own.set(features.subarray(row * size, (row + 1) * size), at * size);
  });
  return {
    features: own,
    targets: targets.slice(0, rows.length).map((_, at) => targets[rows[at] as number] as number),
  };
}

/**
 * FNV-1a, 32 bits (http://www.isthe.com/chongo/tech/comp/fnv), folded: by itself its last bit is the parity of the input,
 * and a fifth should depend on all of them.
 */
function hash(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  return (hash ^ (hash >>> 15)) >>> 0;
}
