import { assert } from '../../../shared/assert.ts';
import { type ModelTopology, shapeOf, tokensOf } from '../../../shared/model/topology.ts';
import { type ExampleColumns, type ExampleForm, exampleSize } from '../../../shared/task/kinds/form.ts';

/** A run of examples that lie together in memory. */
export interface ExamplePart extends Pick<ExampleColumns, 'features'> {
  readonly targets: ExampleColumns['targets'] | Uint8Array;
}

/** Examples to train or score on. Images stay uint8 (a quarter of float32) until a batch is made of them. */
export interface Examples {
  readonly count: number;
  readonly form: ExampleForm;
  readonly parts: readonly ExamplePart[];
  /** Index of each part's first example. */
  readonly starts: readonly number[];
  /** Of several people: how many of each lie one after the other. None: all are of one person, or of nobody in particular. */
  readonly perPerson?: number | undefined;
}

export function examplesOf(form: ExampleForm, parts: readonly ExamplePart[], perPerson?: number): Examples {
  const size = exampleSize(form);
  const starts: number[] = [];
  let count = 0;
  for (const { features, targets } of parts) {
    assert(features.length === targets.length * size, 'as many features as targets');
    starts.push(count);
    count += targets.length;
  }
  return { count, form, parts, starts, perPerson };
}

/** The form that a model by itself asks for. One output means that it predicts a number: of classes there are two or more. */
export function formOfModel(topology: ModelTopology): ExampleForm {
  const shape = shapeOf(topology);
  const outputs = 'problem' in shape ? 0 : (shape.output[0] ?? 0);
  const tokens = tokensOf(topology);
  return {
    shape: topology.input,
    features: tokens === null ? { type: 'uint8' } : { type: 'int32', below: tokens },
    target: outputs === 1 ? { type: 'number', offset: 0, scale: 1 } : { type: 'class', count: outputs },
  };
}

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
