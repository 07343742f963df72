import { fail, type Result, succeed } from '../../errors.ts';
import { LIMITS } from '../../limits.ts';
import { isFloat32, type KerasLayer } from './layer.ts';
import { type ImportProblem, importProblem, shown } from './problem.ts';
import { isObject, type JsonObject, ownIn } from './settings.ts';

/** The layers of a model in the order in which they are applied, and the shape of one example. */
export interface KerasChain {
  readonly input: readonly number[];
  readonly layers: readonly KerasLayer[];
}

/**
 * A model as Keras writes its topology: Sequential, or Functional where each layer takes the one before it. Keras 2
 * writes `inbound_nodes` as nested lists, Keras 3 as calls; both are read.
 */
export function chainOf(model: JsonObject, path: string): Result<KerasChain, readonly ImportProblem[]> {
  const no = (...problem: Parameters<typeof importProblem>) => fail([importProblem(...problem)]);
  const className = ownIn(model, 'class_name');
  const isSequential = className === 'Sequential';
  if (!isSequential && className !== 'Functional' && className !== 'Model')
    return no(path, 'model-class', shown(className));
  const config = ownIn(model, 'config');
  // Keras 1 and 2.0 wrote the layers alone.
  const listed = isSequential && Array.isArray(config) ? config : ownIn(config, 'layers');
  const place = Array.isArray(config) ? `${path}.config` : `${path}.config.layers`;
  if (!Array.isArray(listed) || listed.length === 0) return no(place, 'not-a-model');
  if (listed.length > LIMITS.importedLayersCount)
    return no(place, 'too-many-layers', String(listed.length), String(LIMITS.importedLayersCount));

  const problems: ImportProblem[] = [];
  const layers = listed.flatMap((entry: unknown, index) => layerIn(entry, `${place}.${index}`, problems));
  if (problems.length > 0) return fail(problems);
  if (new Set(layers.map(({ name }) => name)).size < layers.length) return no(place, 'name');
  const ordered = isSequential ? layers : inOrder(layers, listed, config);
  if (ordered === null) return no(place, 'not-a-chain');

  const [first, ...rest] = ordered;
  const hasInput = first?.className === 'InputLayer';
  if ((hasInput ? rest : ordered).some((one) => one.className === 'InputLayer')) return no(place, 'not-a-chain');
  return withInput(first, hasInput ? rest : ordered, config, path);
}

function layerIn(entry: unknown, path: string, problems: ImportProblem[]): readonly KerasLayer[] {
  const className = ownIn(entry, 'class_name');
  const config = ownIn(entry, 'config');
  if (typeof className !== 'string' || !isObject(config)) {
    problems.push(importProblem(path, 'not-a-model'));
    return [];
  }
  const registered = ownIn(entry, 'registered_name') ?? className;
  if (registered !== className && registered !== `Keras>${className}`)
    problems.push(importProblem(path, 'layer-custom', shown(registered)));
  const name = ownIn(config, 'name') ?? ownIn(entry, 'name');
  if (typeof name !== 'string' || name === '') {
    problems.push(importProblem(`${path}.config.name`, 'name'));
    return [];
  }
  return [{ path, className: shown(className), name, config }];
}

/** From the one input to the one output; null where the graph is more than a chain. */
function inOrder(
  layers: readonly KerasLayer[],
  listed: readonly unknown[],
  config: unknown,
): readonly KerasLayer[] | null {
  const after = new Map<string | null, KerasLayer>();
  for (const [index, layer] of layers.entries()) {
    const from = sourceOf(ownIn(listed[index], 'inbound_nodes'));
    if (from === undefined || after.has(from)) return null;
    after.set(from, layer);
  }
  const ordered: KerasLayer[] = [];
  for (let at = after.get(null); at !== undefined; at = after.get(at.name)) {
    // A ring cannot be entered: nothing in it comes from the input.
    ordered.push(at);
  }
  const [begin, end] = [ordered[0], ordered.at(-1)];
  const isWhole = ordered.length === layers.length && begin?.className === 'InputLayer';
  return isWhole && isOnly(ownIn(config, 'output_layers'), end?.name) ? ordered : null;
}

/** The layer that a layer takes; null for none, undefined where it takes more, is used twice, or it cannot be read. */
function sourceOf(nodes: unknown): string | null | undefined {
  if (!Array.isArray(nodes)) return undefined;
  if (nodes.length === 0) return null;
  const [node, ...more] = nodes as readonly unknown[];
  if (more.length > 0) return undefined;
  if (Array.isArray(node)) return node.length === 1 ? sourceIn(node[0]) : undefined;
  const args = ownIn(node, 'args');
  if (!Array.isArray(args) || args.length !== 1 || !isUnused(ownIn(node, 'kwargs'))) return undefined;
  return sourceIn(ownIn(ownIn(args[0], 'config'), 'keras_history'));
}

/** `[name, node, tensor]`, with arguments of the call behind them in Keras 2. */
function sourceIn(history: unknown): string | undefined {
  if (!Array.isArray(history) || history.length < 3 || history.length > 4) return undefined;
  const [name, node, tensor, kwargs] = history as readonly unknown[];
  return typeof name === 'string' && node === 0 && tensor === 0 && isUnused(kwargs) ? name : undefined;
}

const isUnused = (kwargs: unknown): boolean =>
  kwargs === undefined || (isObject(kwargs) && Object.values(kwargs).every((value) => value === null));

/** `[[name, 0, 0]]`, or `[name, 0, 0]` in Keras 3. */
function isOnly(outputs: unknown, name: string | undefined): boolean {
  if (!Array.isArray(outputs)) return false;
  const [only] = outputs as readonly unknown[];
  return sourceIn(Array.isArray(only) && outputs.length === 1 ? only : outputs) === name;
}

function withInput(
  first: KerasLayer | undefined,
  layers: readonly KerasLayer[],
  config: unknown,
  path: string,
): Result<KerasChain, readonly ImportProblem[]> {
  const no = (...problem: Parameters<typeof importProblem>) => fail([importProblem(...problem)]);
  const keys = ['batch_shape', 'batch_input_shape', 'batchInputShape'];
  const key = keys.find((one) => Array.isArray(ownIn(first?.config, one)));
  const shape = key === undefined ? ownIn(config, 'build_input_shape') : ownIn(first?.config, key);
  const place = key === undefined ? `${path}.config` : `${first?.path}.config.${key}`;
  if (!Array.isArray(shape)) return no(place, 'no-input');
  if (shape.length > 4) return no(place, 'input-shape');
  const [, ...sides] = shape as readonly unknown[];
  // An Embedding of Keras 2 says its length apart.
  const length = first?.className === 'Embedding' ? ownIn(first.config, 'input_length') : undefined;
  const input = sides.map((side) => side ?? length);
  if (!isShape(input)) return no(place, 'input-shape');
  if (first?.className === 'InputLayer' && !isFloat32(ownIn(first.config, 'dtype'), 'int32'))
    return no(`${first.path}.config.dtype`, 'fixed', 'dtype', 'float32');
  return succeed({ input, layers });
}

const isShape = (sides: readonly unknown[]): sides is readonly number[] =>
  sides.length >= 1 &&
  sides.every((side) => Number.isInteger(side) && (side as number) >= 1 && (side as number) <= 100_000);
