import { type CodecName, needsFraction, needsRange } from '../../../shared/codec/names.ts';
import { type ModelTopology, normalizing } from '../../../shared/model/topology.ts';
import { type KindName, labelsOf } from '../../../shared/task/kinds/index.ts';
import { topologyOf } from '../../../shared/task/model-of.ts';
import { mergeOverrides } from '../../../shared/task/parse.ts';
import type { TaskSpec } from '../../../shared/task/spec.ts';
import { AGGREGATORS, SERVER_OPTIMIZERS, STRATEGIES, strategyOverrides } from '../../../shared/task/strategies.ts';

/** A TaskSpec while somebody writes it: any value may be missing or wrong. Pure. */
export interface Draft {
  readonly spec: Tree;
  /** What is written as text and means something else: lists one item a line, a topology as JSON. */
  readonly texts: Readonly<Record<TextPath, string>>;
  /** Of the model that was brought, to be handed to the server first; null: none, or `model.weights` names them. */
  readonly weights: Float32Array | null;
}
export type Tree = { readonly [key: string]: unknown };
export type TextPath =
  | 'data.labels'
  | 'data.items'
  | 'data.columns'
  | 'client.local'
  | 'access.allowedOrigins'
  | 'model.topology';

export const draftOf = (spec: TaskSpec): Draft => ({
  spec: structuredClone(spec) as unknown as Tree,
  texts: {
    'data.labels': labelsOf(spec.data).join('\n'),
    'data.items': spec.data.kind === 'ratings' ? spec.data.items.join('\n') : '',
    'data.columns': spec.data.kind === 'table' ? JSON.stringify(spec.data.columns, null, 2) : '',
    'client.local': (spec.client.local ?? []).join('\n'),
    'access.allowedOrigins': spec.access.allowedOrigins.join('\n'),
    'model.topology': JSON.stringify(topologyOf(spec), null, 2),
  },
  weights: null,
});

export function valueAt(tree: unknown, path: string): unknown {
  let at = tree;
  for (const key of path.split('.')) at = typeof at === 'object' && at !== null ? (at as Tree)[key] : undefined;
  return at;
}

/** A copy with another value there; `undefined` takes the field out. */
export function withValue<Whole>(tree: Whole, path: string, value: unknown): Whole {
  const [key = '', ...rest] = path.split('.');
  const inner = rest.length === 0 ? value : withValue((tree as Tree)[key] ?? {}, rest.join('.'), value);
  if (Array.isArray(tree)) return tree.with(Number(key), inner) as Whole;
  const { [key]: _before, ...others } = tree as Tree;
  return (inner === undefined ? others : { ...(tree as Tree), [key]: inner }) as Whole;
}

/** Weights belong to the topology that they came with: one that is written by hand starts from the seed. */
export function withText(draft: Draft, path: TextPath, text: string): Draft {
  const next = { ...draft, texts: { ...draft.texts, [path]: text } };
  if (path !== 'model.topology') return next;
  return { ...next, spec: withValue(draft.spec, 'model.weights', undefined), weights: null };
}

/**
 * A model that was brought takes the place of the one before; pictures take its shape, since no other fits, and what
 * normalizes by its batch stays local, since nothing else is possible.
 */
export function withModel(
  draft: Draft,
  { topology, weights }: { readonly topology: ModelTopology; readonly weights: Float32Array | null },
): Draft {
  const own = withText(changeModel(draft, null), 'model.topology', JSON.stringify(topology, null, 2));
  const { input } = topology;
  const shape = valueAt(own.spec, 'data.shape');
  const isOther =
    kindIn(own) === 'image' && input.length === 3 && Array.isArray(shape) && shape.join() !== input.join();
  const spec = isOther
    ? ['data.sample', 'data.picture'].reduce(
        (tree, path) => withValue(tree, path, undefined),
        withValue(own.spec, 'data.shape', input),
      )
    : own.spec;
  const normalizations = normalizing(topology);
  const texts = normalizations.length === 0 ? own.texts : { ...own.texts, 'client.local': normalizations.join('\n') };
  return { ...own, texts, spec, weights };
}

/** A field was changed by hand. What follows from it of necessity follows. */
export function change(draft: Draft, path: string, value: unknown): Draft {
  let spec = withValue(draft.spec, path, value);
  if (path === 'client.work' && value === 'full-batch') {
    spec = withValue(withValue(spec, 'client.epochs', 1), 'client.maxSteps', undefined);
  }
  if (path === 'strategy.name' && isIn(STRATEGIES, value))
    spec = mergeOverrides(draft.spec, strategyOverrides(value, draft.spec as unknown as TaskSpec)) as Tree;
  if (path === 'strategy.serverOptimizer.name' && isIn(SERVER_OPTIMIZERS, value))
    spec = withValue(spec, 'strategy.serverOptimizer', SERVER_OPTIMIZERS[value]);
  if (path === 'strategy.aggregator.name' && isIn(AGGREGATORS, value))
    spec = withValue(spec, 'strategy.aggregator', AGGREGATORS[value]);
  if (path === 'strategy.schedule.size') spec = withValue(spec, 'rounds.goal', value);
  if (path === 'codec.up' || path === 'codec.down') spec = withCodec(spec);
  if ((path === 'codec.range' || path === 'codec.fraction') && value === null) spec = withValue(spec, path, undefined);
  return { ...draft, spec: withOwnFields(spec) };
}

const isIn = <Table extends object>(table: Table, name: unknown): name is keyof Table =>
  typeof name === 'string' && Object.hasOwn(table, name);

/** The own field of either codec with a value to begin from, and none that is another's. */
function withCodec(spec: Tree): Tree {
  const isNeeded = (needs: (name: CodecName) => boolean): boolean =>
    ['codec.up', 'codec.down'].some((path) => needs(valueAt(spec, path) as CodecName));
  const range = isNeeded(needsRange) ? (valueAt(spec, 'codec.range') ?? 0.05) : undefined;
  const fraction = isNeeded(needsFraction) ? (valueAt(spec, 'codec.fraction') ?? 0.01) : undefined;
  return withValue(withValue(spec, 'codec.range', range), 'codec.fraction', fraction);
}

/** Fields that only one choice of another has: there with it, as good a start as any, and gone without it. */
const OWN_FIELDS = [
  { of: 'client.work', is: 'prox', path: 'client.mu', start: 0.1 },
  { of: 'client.optimizer', is: 'momentum', path: 'client.momentum', start: 0.9 },
] as const;
const withOwnFields = (spec: Tree): Tree =>
  OWN_FIELDS.reduce((tree, { of, is, path, start }) => {
    if (valueAt(tree, of) !== is) return withValue(tree, path, undefined);
    return valueAt(tree, path) === undefined ? withValue(tree, path, start) : tree;
  }, spec);

/** A model of the zoo by name, or `null` for one's own topology, which starts as the model of before. */
export function changeModel(draft: Draft, zoo: string | null): Draft {
  const seed = valueAt(draft.spec, 'model.seed');
  if (zoo !== null) return { ...draft, spec: withValue(draft.spec, 'model', { zoo, seed }), weights: null };
  const model = valueAt(draft.spec, 'model') as TaskSpec['model'];
  const text = 'zoo' in model ? JSON.stringify(topologyOf({ model }), null, 2) : draft.texts['model.topology'];
  const spec = withValue(draft.spec, 'model', { topology: null, seed });
  return withText({ ...draft, spec }, 'model.topology', text);
}

/** Decided by the template: data of another kind need another model too. */
export const kindIn = ({ spec }: Draft): KindName => kindOf(spec);
const kindOf = (spec: Tree): KindName => valueAt(spec, 'data.kind') as KindName;

export const hasOwnTopology = (draft: Draft): boolean => valueAt(draft.spec, 'model.zoo') === undefined;

/** What is to be parsed: the texts put in their places. A topology that is not JSON stays text, which is a problem. */
export function specOf({ spec, texts }: Draft): unknown {
  const labels = linesOf(texts['data.labels']);
  const isTable = kindOf(spec) === 'table';
  const areRatings = kindOf(spec) === 'ratings';
  // A table without labels is one whose target is a number; those of characters are the characters themselves.
  const hasNone = kindOf(spec) === 'characters' || areRatings || (isTable && labels.length === 0);
  let whole = withValue(spec, 'data.labels', hasNone ? undefined : labels);
  if (areRatings) whole = withValue(whole, 'data.items', linesOf(texts['data.items']));
  if (isTable) whole = withValue(whole, 'data.columns', jsonIn(texts['data.columns']));
  const local = linesOf(texts['client.local']);
  whole = withValue(whole, 'client.local', local.length === 0 ? undefined : local);
  whole = withValue(whole, 'access.allowedOrigins', linesOf(texts['access.allowedOrigins']));
  return valueAt(spec, 'model.zoo') === undefined
    ? withValue(whole, 'model.topology', jsonIn(texts['model.topology']))
    : whole;
}

const linesOf = (text: string): string[] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');

/** The text itself where it is no JSON: no schema takes it, and the field says so. */
function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text) ?? text;
  } catch {
    return text;
  }
}

/** "Handwritten digits" → "handwritten-digits"; empty where nothing of it can stand in an id. */
export const idFrom = (title: string): string =>
  title
    .normalize('NFKD')
    .toLowerCase()
    .replace(/\p{M}+/gu, '')
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 40)
    .replace(/^-+|-+$/g, '');

/** The id itself, or with the first number behind it that is free. */
export function freeId(id: string, isTaken: (id: string) => boolean): string {
  for (let number = 1; ; number++) {
    const suffix = number === 1 ? '' : `-${number}`;
    const candidate = id.slice(0, 40 - suffix.length) + suffix;
    if (!isTaken(candidate)) return candidate;
  }
}
