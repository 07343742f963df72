import { unreachable } from '../../shared/assert.ts';
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
  /**
   * Convention A: Hsu, Qi and Brown 2019 (arXiv 1909.06335), §3: each contributor's mix of labels is drawn from
   * Dir(alpha · prior), the prior being the shares of the labels in all the data, whose sum is 1. Of ten labels that are equally
   * frequent each has alpha / 10.
   */
  | { readonly kind: 'dirichlet'; readonly alpha: number }
  /**
   * Convention B: Yurochkin et al. 2019 (arXiv 1905.12022), §4: how each label is shared out over the contributors is drawn
   * from Dir(beta). Another experiment than A with the same number: sizes differ as well.
   */
  | { readonly kind: 'dirichlet-b'; readonly beta: number }
  /** Li et al. 2022 (arXiv 2102.02079), §4.1: each contributor has so many labels, and those who have one share it evenly. */
  | { readonly kind: 'labels'; readonly perClient: number };

/** How many examples each contributor has: as many as the others, or shares that are drawn from Dir(alpha) (quantity skew). */
export type Sizes = { readonly kind: 'equal' } | { readonly kind: 'dirichlet'; readonly alpha: number };

/** What is drawn anew until every contributor has so many. */
const LEAST_EXAMPLES = 10;
const DRAWS_MOST = 10_000;

/** `equal` or `dirichlet:0.5`; null for anything else. */
export function readSizes(text: string): Sizes | null {
  if (text === 'equal') return { kind: 'equal' };
  const [kind, figure, more] = text.split(':');
  const alpha = figure === undefined || figure.trim() === '' ? Number.NaN : Number(figure);
  return kind === 'dirichlet' && more === undefined && alpha > 0 && alpha <= 1_000_000 ? { kind, alpha } : null;
}

/** What is to be said of a partition where its name alone could mean two experiments; null elsewhere. */
export function conventionOf(partition: Partition): string | null {
  if (partition.kind === 'dirichlet')
    return `dirichlet:${partition.alpha} is convention A (Hsu et al. 2019): each contributor's labels from Dir(${partition.alpha} · shares of the labels)`;
  if (partition.kind === 'dirichlet-b')
    return `dirichlet-b:${partition.beta} is convention B (Yurochkin et al. 2019): each label over the contributors from Dir(${partition.beta})`;
  return null;
}

/** The sizes that a partition lets be chosen: of the others they follow from how labels are dealt. */
export const takesSizes = ({ kind }: Partition): boolean => kind === 'iid' || kind === 'dirichlet';

/** `iid`, `people`, `shards:2`, `dirichlet:0.5`, `dirichlet-b:0.5`, `labels:2`; null for anything else. */
export function readPartition(text: string): Partition | null {
  const [kind, figure, more] = text.split(':');
  if (more !== undefined) return null;
  if (kind === 'iid' || kind === 'people') return figure === undefined ? { kind } : null;
  const value = figure === undefined || figure.trim() === '' ? Number.NaN : Number(figure);
  if (kind === 'shards' && Number.isInteger(value) && value >= 1 && value <= 1_000) return { kind, perClient: value };
  if (kind === 'labels' && Number.isInteger(value) && value >= 1 && value <= 1_000) return { kind, perClient: value };
  if (kind === 'dirichlet' && value > 0 && value <= 1_000_000) return { kind, alpha: value };
  if (kind === 'dirichlet-b' && value > 0 && value <= 1_000_000) return { kind, beta: value };
  return null;
}

/**
 * Indices of each contributor's examples, `each` of them on average (by shards a few less): `clients × each` may not exceed
 * the labels. Nobody gets an example that another has. Throws where `LEAST_EXAMPLES` each cannot be had.
 */
export function deal(
  labels: Uint8Array | TargetValues,
  clients: number,
  each: number,
  partition: LabelPartition,
  rng: Rng,
  sizes: Sizes = { kind: 'equal' },
): Uint32Array[] {
  const order = shuffle(
    Uint32Array.from({ length: labels.length }, (_, index) => index),
    rng,
  );
  const counts =
    sizes.kind === 'equal' ? new Array<number>(clients).fill(each) : sizesOf(clients, clients * each, sizes.alpha, rng);
  switch (partition.kind) {
    case 'iid':
      return cut(order, counts);
    case 'shards':
      return byShards(order, labels, clients, each, partition.perClient, rng);
    case 'dirichlet':
      return byDirichlet(order, labels, counts, partition.alpha, rng);
    case 'dirichlet-b':
      return byLabelShares(order.subarray(0, clients * each), labels, clients, partition.beta, rng);
    case 'labels':
      return byLabels(order.subarray(0, clients * each), labels, clients, partition.perClient, rng);
    default:
      return unreachable(partition);
  }
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

/** One piece after the other. */
function cut(order: Uint32Array, counts: readonly number[]): Uint32Array[] {
  let at = 0;
  return counts.map((count) => {
    at += count;
    return order.slice(at - count, at);
  });
}

/** Whole numbers in the proportions of the weights, with just this sum: the largest remainders are rounded up. */
function apportioned(weights: readonly number[], total: number): number[] {
  const sum = weights.reduce((all, weight) => all + weight, 0);
  const exact = weights.map((weight) => (weight / sum) * total);
  const counts = exact.map(Math.floor);
  const left = total - counts.reduce((all, count) => all + count, 0);
  const byRemainder = exact.map((_, index) => index).sort((a, b) => remainder(exact[b]) - remainder(exact[a]) || a - b);
  for (const index of byRemainder.slice(0, left)) counts[index] = (counts[index] as number) + 1;
  return counts;
}

const remainder = (value = 0): number => value - Math.floor(value);

/** Draws until the smallest has `LEAST_EXAMPLES`. */
function drawn<Value>(draw: () => Value, smallest: (value: Value) => number, what: string): Value {
  for (let attempt = 0; attempt < DRAWS_MOST; attempt++) {
    const value = draw();
    if (smallest(value) >= LEAST_EXAMPLES) return value;
  }
  throw new Error(`${what} leaves somebody with fewer than ${LEAST_EXAMPLES} examples, however often it is drawn`);
}

function sizesOf(clients: number, total: number, alpha: number, rng: Rng): number[] {
  const draw = (): number[] => apportioned(proportions(clients, alpha, rng), total);
  return drawn(draw, (counts) => Math.min(...counts), `--sizes dirichlet:${alpha}`);
}

/** A draw from Dir(alpha, …, alpha), up to its sum. */
const proportions = (count: number, alpha: number, rng: Rng): number[] =>
  weightsOf(Array.from({ length: count }, () => logGamma(alpha, rng)));

/** Of logarithms, the largest being 1: of a small alpha the numbers themselves are below what a double holds. */
function weightsOf(logs: readonly number[]): number[] {
  const largest = Math.max(...logs);
  return logs.map((log) => Math.exp(log - largest));
}

/** Indices of each label, in the order given. */
function groups(order: Uint32Array, labels: Uint8Array | TargetValues): Uint32Array[] {
  let classes = 0;
  for (const index of order) classes = Math.max(classes, (labels[index] as number) + 1);
  return Array.from({ length: classes }, (_, label) => order.filter((index) => labels[index] === label));
}

function byLabelShares(
  order: Uint32Array,
  labels: Uint8Array | TargetValues,
  clients: number,
  beta: number,
  rng: Rng,
): Uint32Array[] {
  const byLabel = groups(order, labels);
  const draw = (): number[][] => byLabel.map(({ length }) => apportioned(proportions(clients, beta, rng), length));
  const sizeOf = (counts: readonly number[][], client: number): number =>
    counts.reduce((sum, label) => sum + (label[client] as number), 0);
  const all = Array.from({ length: clients }, (_, client) => client);
  const counts = drawn(
    draw,
    (counts) => all.reduce((least, client) => Math.min(least, sizeOf(counts, client)), Number.POSITIVE_INFINITY),
    `--partition dirichlet-b:${beta}`,
  );
  const pieces = byLabel.map((indices, label) => cut(indices, counts[label] as number[]));
  return all.map((client) => joined(pieces.map((piece) => piece[client] as Uint32Array)));
}

function byLabels(
  order: Uint32Array,
  labels: Uint8Array | TargetValues,
  clients: number,
  perClient: number,
  rng: Rng,
): Uint32Array[] {
  const byLabel = groups(order, labels);
  const classes = byLabel.length;
  if (perClient > classes)
    throw new Error(`--partition labels:${perClient} has more labels than the ${classes} there are`);
  const owners = byLabel.map((): number[] => []);
  for (let client = 0; client < clients; client++) {
    // The first goes round, so that every label has somebody.
    const first = client % classes;
    const others = shuffle(
      Array.from({ length: classes }, (_, label) => label),
      rng,
    ).filter((label) => label !== first);
    for (const label of [first, ...others.slice(0, perClient - 1)]) owners[label]?.push(client);
  }
  const own: Uint32Array[][] = Array.from({ length: clients }, () => []);
  byLabel.forEach((indices, label) => {
    const who = owners[label] as number[];
    cut(
      indices,
      apportioned(
        who.map(() => 1),
        who.length === 0 ? 0 : indices.length,
      ),
    ).forEach((piece, at) => {
      own[who[at] as number]?.push(piece);
    });
  });
  return own.map(joined);
}

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
  counts: readonly number[],
  alpha: number,
  rng: Rng,
): Uint32Array[] {
  const left = groups(order, labels).map((indices) => [...indices]);
  const concentrations = left.map(({ length }) => (alpha * length) / order.length);
  return counts.map((count) => {
    const logs = concentrations.map((shape) => (shape > 0 ? logGamma(shape, rng) : Number.NEGATIVE_INFINITY));
    // A label that is used up is drawn no more: the mix is that of those that are left.
    const mixOfTheRest = (): number[] =>
      weightsOf(logs.map((log, label) => (left[label]?.length ? log : Number.NEGATIVE_INFINITY)));
    let mix = mixOfTheRest();
    return Uint32Array.from({ length: count }, () => {
      const label = pick(mix, rng);
      const index = left[label]?.pop() ?? 0;
      if (left[label]?.length === 0) mix = mixOfTheRest();
      return index;
    });
  });
}

/** A place, each as likely as its weight says; never one whose weight is 0. */
function pick(weights: readonly number[], rng: Rng): number {
  let at = rng.uniform() * weights.reduce((sum, weight) => sum + weight, 0);
  const place = weights.findIndex((weight) => {
    at -= weight;
    return weight > 0 && at <= 0;
  });
  // What rounding leaves over is the last one's.
  return place < 0 ? weights.findLastIndex((weight) => weight > 0) : place;
}

/** The logarithm of Gamma(shape, 1) by Marsaglia and Tsang 2000; below 1 by their boost. */
function logGamma(shape: number, rng: Rng): number {
  if (shape < 1) return logGamma(shape + 1, rng) + Math.log(1 - rng.uniform()) / shape;
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = rng.normal();
    const v = (1 + c * x) ** 3;
    if (v > 0 && Math.log(1 - rng.uniform()) < 0.5 * x * x + d - d * v + d * Math.log(v)) return Math.log(d * v);
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
