import type { ClientId } from '../../shared/ids.ts';
import { LIMITS } from '../../shared/limits.ts';
import { type Rng, shuffle } from '../../shared/rng.ts';

// Lai, Zhu, Madhyastha, Chowdhury: "Oort: Efficient Federated Learning via Guided Participant Selection", OSDI 2021
// (arXiv 2010.06081), §4: clients are worth what their examples still teach, less where they are slow; some of the cohort is
// drawn blindly, so that nobody is forgotten.

/** What the last report of a client said. */
export interface ClientNote {
  readonly examples: number;
  /** Mean loss of the model on its own examples before it trained; null where it said none. */
  readonly loss: number | null;
  /** From its assignment to its report. */
  readonly reportMs: number;
}

/** Which network each came from, by a name that tells nothing else; those that are not in it are each in one of their own. */
export type Networks = ReadonlyMap<ClientId, string>;

/** Of the cohort so much is drawn without regard to utility. */
export const BLIND_SHARE = 0.3;
/** A single one may not be worth more than this many times the median: what a client says of itself can be wrong. */
const UTILITY_BOUND = 5;

/**
 * Oort's utility, |B| · loss · (T / t)² where the report took t > T, the median. The paper takes the root of the mean square
 * of the losses; of a report only their mean is known. Bounded by five times the median, since clients tell it themselves.
 */
export function utilitiesOf(notes: ReadonlyMap<ClientId, ClientNote>): Map<ClientId, number> {
  const usualMs = medianOf([...notes.values()].map(({ reportMs }) => reportMs));
  const raw = [...notes].map(([clientId, { examples, loss, reportMs }]) => {
    const haste = reportMs > usualMs ? (usualMs / reportMs) ** 2 : 1;
    return [clientId, examples * Math.max(loss ?? 1, 0) * haste] as const;
  });
  const bound = UTILITY_BOUND * medianOf(raw.map(([, utility]) => utility));
  return new Map(raw.map(([clientId, utility]) => [clientId, Math.min(utility, bound)]));
}

/**
 * `count` of those who wait. Of the places `BLIND_SHARE`, rounded up, are drawn uniformly among all; the others one after the
 * other with probabilities as the utilities are (Efraimidis and Spirakis, 2006: the greatest u^(1/w)). Those of whom nothing is
 * known count as the best. Without utilities all is uniform. The rest follow in random order. Of one network so many are
 * taken as `LIMITS.networkShare` lets, where others wait (R25).
 */
export function drawn(
  waiting: readonly ClientId[],
  count: number,
  utilities: ReadonlyMap<ClientId, number> | null,
  rng: Rng,
  networks: Networks = new Map(),
): { readonly cohort: readonly ClientId[]; readonly others: readonly ClientId[] } {
  const order = shuffle([...waiting], rng);
  if (utilities === null || waiting.length <= count) return spread(order, count, networks);
  const blind = Math.ceil(BLIND_SHARE * count);
  const best = Math.max(...utilities.values(), Number.MIN_VALUE);
  const keyed = order.slice(blind).map((clientId) => {
    const utility = utilities.get(clientId) ?? best;
    // ln(u) / w orders as u^(1/w) does, without running out of digits. A utility of nothing comes last.
    return { clientId, key: Math.log(1 - rng.uniform()) / Math.max(utility / best, Number.MIN_VALUE) };
  });
  keyed.sort((a, b) => b.key - a.key);
  const rest = keyed.map(({ clientId }) => clientId);
  return spread([...order.slice(0, blind), ...rest], count, networks);
}

/**
 * The first `count` in this order, but of one network no more than its share while others wait who could take the places: whoever
 * comes with many identities from one place is a minority among the rest, which robust rules stand. Where there are no others the
 * places are filled all the same: a school is behind one address.
 */
function spread(
  order: readonly ClientId[],
  count: number,
  networks: Networks,
): { readonly cohort: readonly ClientId[]; readonly others: readonly ClientId[] } {
  const most = Math.max(1, Math.floor(count * LIMITS.networkShare));
  const taken = new Map<string, number>();
  const cohort: ClientId[] = [];
  const passed: ClientId[] = [];
  for (const clientId of order) {
    const network = networks.get(clientId);
    const of = network === undefined ? 0 : (taken.get(network) ?? 0);
    if (cohort.length === count || of >= most) {
      passed.push(clientId);
      continue;
    }
    cohort.push(clientId);
    if (network !== undefined) taken.set(network, of + 1);
  }
  const missing = count - cohort.length;
  return { cohort: [...cohort, ...passed.slice(0, missing)], others: passed.slice(missing) };
}

function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? 0;
}
