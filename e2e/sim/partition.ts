import { type Rng, shuffle } from '../../shared/rng.ts';
import type { TargetValues } from '../../shared/task/kinds/form.ts';

/** How a data set is dealt out to contributors: nobody gets an example that another has. */
export type Partition =
  | LabelPartition
  /** Each contributor is one of the people that the sample data come from. */
  | { readonly kind: 'people' };

/** What needs to know the labels at most. */
export type LabelPartition =
  | { readonly kind: 'iid' }
  /** McMahan et al. 2017, §3: sorted by label, cut into pieces of the same size, so many to each. */
  | { readonly kind: 'shards'; readonly perClient: number }
  /** Hsu, Qi and Brown 2019 (arXiv 1909.06335), §3: each contributor's mix of labels is drawn from Dir(alpha). */
  | { readonly kind: 'dirichlet'; readonly alpha: number };

/** `iid`, `people`, `shards:2`, `dirichlet:0.5`; null for anything else. */
export function readPartition(text: string): Partition | null {
  const [kind, figure, more] = text.split(':');
  if (more !== undefined) return null;
  if (kind === 'iid' || kind === 'people') return figure === undefined ? { kind } : null;
  const value = figure === undefined || figure.trim() === '' ? Number.NaN : Number(figure);
  if (kind === 'shards' && Number.isInteger(value) && value >= 1 && value <= 1_000) return { kind, perClient: value };
  if (kind === 'dirichlet' && value > 0 && value <= 1_000_000) return { kind, alpha: value };
  return null;
}

/** Indices of each contributor's examples, `each` of them or a few less: `clients × each` may not exceed the labels. */
export function deal(
  labels: Uint8Array | TargetValues,
  clients: number,
  each: number,
  partition: LabelPartition,
  rng: Rng,
): Uint32Array[] {
  const order = shuffle(
    Uint32Array.from({ length: labels.length }, (_, index) => index),
    rng,
  );
  if (partition.kind === 'iid') return evenly(order, clients, each);
  return partition.kind === 'shards'
    ? byShards(order, labels, clients, each, partition.perClient, rng)
    : byDirichlet(order, labels, clients, each, partition.alpha, rng);
}

/** The examples of one person each, who is drawn: `clients` may not exceed the people. */
export function dealPeople(people: number, perPerson: number, clients: number, each: number, rng: Rng): Uint32Array[] {
  const order = shuffle(
    Uint32Array.from({ length: people }, (_, index) => index),
    rng,
  );
  return [...order.subarray(0, clients)].map((person) =>
    Uint32Array.from({ length: Math.min(each, perPerson) }, (_, at) => person * perPerson + at),
  );
}

const evenly = (order: Uint32Array, clients: number, each: number): Uint32Array[] =>
  Array.from({ length: clients }, (_, client) => order.slice(client * each, (client + 1) * each));

function byShards(
  order: Uint32Array,
  labels: Uint8Array | TargetValues,
  clients: number,
  each: number,
  perClient: number,
  rng: Rng,
): Uint32Array[] {
  const size = Math.floor(each / perClient);
  const used = order.slice(0, clients * perClient * size).sort((a, b) => (labels[a] as number) - (labels[b] as number));
  const pieces = shuffle(
    Array.from({ length: clients * perClient }, (_, piece) => used.subarray(piece * size, (piece + 1) * size)),
    rng,
  );
  return Array.from({ length: clients }, (_, client) =>
    joined(pieces.slice(client * perClient, (client + 1) * perClient)),
  );
}

function byDirichlet(
  order: Uint32Array,
  labels: Uint8Array | TargetValues,
  clients: number,
  each: number,
  alpha: number,
  rng: Rng,
): Uint32Array[] {
  let classes = 0;
  for (const label of labels) classes = Math.max(classes, label + 1);
  const left = Array.from({ length: classes }, (_, label) => [...order.filter((index) => labels[index] === label)]);
  return Array.from({ length: clients }, () => {
    const mix = Array.from({ length: classes }, () => gamma(alpha, rng));
    return Uint32Array.from({ length: each }, () => {
      // A label that is used up is drawn no more: the mix is that of those that are left.
      const total = mix.reduce((sum, weight, label) => sum + (left[label]?.length ? weight : 0), 0);
      let at = rng.uniform() * total;
      let label = left.findIndex((indices, candidate) => {
        at -= indices.length > 0 ? (mix[candidate] as number) : 0;
        return indices.length > 0 && at <= 0;
      });
      if (label < 0) label = left.findIndex((indices) => indices.length > 0);
      return left[label]?.pop() ?? 0;
    });
  });
}

/** Gamma(shape, 1) by Marsaglia and Tsang 2000; below 1 by their boost. Never 0, so that a mix has a sum. */
function gamma(shape: number, rng: Rng): number {
  if (shape < 1) return Math.max(Number.MIN_VALUE, gamma(shape + 1, rng) * (1 - rng.uniform()) ** (1 / shape));
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = rng.normal();
    const v = (1 + c * x) ** 3;
    if (v > 0 && Math.log(1 - rng.uniform()) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v;
  }
}

function joined(pieces: readonly Uint32Array[]): Uint32Array {
  const all = new Uint32Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}
