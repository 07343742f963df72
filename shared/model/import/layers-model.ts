import { assert } from '../../assert.ts';
import { fail, type Result, succeed } from '../../errors.ts';
import { LIMITS } from '../../limits.ts';
import { type LayerTopology, type ModelShape, type ModelTopology, shapeOf } from '../topology.ts';
import { chainOf } from './chain.ts';
import { type KerasLayer, takeLayer } from './layer.ts';
import { type ImportNote, type ImportProblem, importProblem } from './problem.ts';
import { isObject, ownIn } from './settings.ts';

/** A model that somebody brought, in the project's own form: parsed, counted, nothing built and nothing allocated. */
export interface ImportedModel {
  readonly topology: ModelTopology;
  readonly shape: ModelShape;
  readonly notes: readonly ImportNote[];
  /** Names of the layers in the file, by their names here: only letters, digits and `_`. */
  readonly originals: ReadonlyMap<string, string>;
  /** What the file says of its weights; checked when they come (`weight-files.ts`). */
  readonly manifest: unknown;
}

const PROBLEMS_TOLD = 20;

/**
 * A TF.js Layers model: `model.json` of `tensorflowjs_converter` (the topology in `modelTopology.model_config`), of
 * TF.js's `model.save` and of this server (in `modelTopology`), or what Keras's `model.to_json` gives.
 */
export function readLayersModel(json: unknown): Result<ImportedModel, readonly ImportProblem[]> {
  const whole = ownIn(json, 'modelTopology') ?? json;
  const path = whole === json ? '' : 'modelTopology';
  if (ownIn(json, 'format') === 'graph-model' || Array.isArray(ownIn(whole, 'node')))
    return fail([importProblem('format', 'graph-model')]);
  const inner = ownIn(whole, 'model_config');
  const model = inner ?? whole;
  if (!isObject(model) || !Object.hasOwn(model, 'class_name')) return fail([importProblem(path, 'not-a-model')]);
  const chain = chainOf(model, [path, inner === undefined ? '' : 'model_config'].filter(Boolean).join('.') || 'model');
  if (!chain.ok) return fail(chain.failure.slice(0, PROBLEMS_TOLD));
  return taken(chain.value.input, chain.value.layers, ownIn(json, 'weightsManifest'));
}

/** The text of a file, which may be anything. */
export function readLayersModelText(text: string): Result<ImportedModel, readonly ImportProblem[]> {
  if (text.length > LIMITS.modelJsonBytes)
    return fail([importProblem('', 'too-large', String(text.length), String(LIMITS.modelJsonBytes))]);
  try {
    return readLayersModel(JSON.parse(text));
  } catch (error) {
    // A bug of ours is no fault of the file.
    if (!(error instanceof SyntaxError)) throw error;
    return fail([importProblem('', 'not-json')]);
  }
}

function taken(
  input: readonly number[],
  chain: readonly KerasLayer[],
  manifest: unknown,
): Result<ImportedModel, readonly ImportProblem[]> {
  const problems: ImportProblem[] = [];
  const notes: ImportNote[] = [];
  const layers: LayerTopology[] = [];
  const originals = new Map<string, string>();
  for (const one of chain) {
    const name = nameFrom(one.name, originals);
    const made = takeLayer(one, name, problems);
    if (made === null) continue;
    if (made.kind === 'layer') {
      layers.push(made.layer);
      originals.set(name, one.name);
    } else if (made.kind === 'left-out') notes.push({ code: 'left-out', layer: one.name });
    else if (made.activation !== 'linear') {
      const last = layers.at(-1);
      if ((last?.class_name === 'Dense' || last?.class_name === 'Conv2D') && last.config.activation === 'linear')
        last.config.activation = made.activation;
      else if (last?.class_name === 'BatchNormalization') {
        layers.push({ class_name: 'Activation', config: { name, activation: made.activation } });
        originals.set(name, one.name);
      } else problems.push(importProblem(one.path, 'activation-place', one.className));
    }
  }
  if (layers.length > LIMITS.layersCount)
    problems.push(importProblem('', 'too-many-layers', String(layers.length), String(LIMITS.layersCount)));
  if (problems.length > 0) return fail(problems.slice(0, PROBLEMS_TOLD));

  // Rows and columns that are flattened at once are the same numbers with a channel or without.
  const isBare = input.length === 2 && layers[0]?.class_name === 'Flatten';
  if (isBare) notes.push({ code: 'channel', layer: chain[0]?.name ?? '' });
  const topology = { input: isBare ? [...input, 1] : [...input], layers };
  if (topology.input.length > 3) return fail([importProblem('', 'input-shape')]);
  const shape = shapeOf(topology);
  if ('problem' in shape) return fail([importProblem('', 'does-not-fit', shape.problem)]);
  assert(layers.length > 0, 'a model that builds has layers');
  return succeed({ topology, shape, notes, originals, manifest });
}

const NAME = /^[a-z][a-z0-9_]{0,39}$/;

/** "Conv2D-1" → "conv2d_1": a name as ours are, and no other's. */
function nameFrom(original: string, takenNames: ReadonlyMap<string, string>): string {
  const plain = original
    .slice(0, 200)
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^[^a-z]+/, '')
    .slice(0, 40);
  const base = NAME.test(original) ? original : plain || 'layer';
  for (let number = 1; ; number++) {
    const name = number === 1 ? base : `${base.slice(0, 36)}_${number}`;
    if (!takenNames.has(name)) return name;
  }
}
