import { assert } from '../../../shared/assert.ts';

/** A run of examples that lie together in memory: uint8 values one after the other, and one label for each example. */
export interface ExamplePart {
  readonly images: Uint8Array;
  readonly labels: Uint16Array | Uint8Array;
}

/** Examples to train or score on. They stay uint8 (a quarter of float32) until a batch is made of them. */
export interface Examples {
  readonly count: number;
  readonly classCount: number;
  /** Of one example, without the batch dimension. */
  readonly shape: readonly number[];
  readonly parts: readonly ExamplePart[];
  /** Index of each part's first example. */
  readonly starts: readonly number[];
}

export function examplesOf(shape: readonly number[], classCount: number, parts: readonly ExamplePart[]): Examples {
  const size = sizeOf(shape);
  const starts: number[] = [];
  let count = 0;
  for (const part of parts) {
    assert(part.images.length === part.labels.length * size, 'as many images as labels');
    starts.push(count);
    count += part.labels.length;
  }
  return { count, classCount, shape, parts, starts };
}

export const sizeOf = (shape: readonly number[]): number => shape.reduce((product, side) => product * side, 1);

/** The part that holds example `index`, by bisection. */
export function partOf(examples: Examples, index: number): { readonly part: ExamplePart; readonly at: number } {
  const { parts, starts } = examples;
  let low = 0;
  let high = parts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if ((starts[middle] as number) <= index) low = middle;
    else high = middle - 1;
  }
  const part = parts[low];
  assert(part !== undefined && index < examples.count, 'no such example');
  return { part, at: index - (starts[low] as number) };
}
