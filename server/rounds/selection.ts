import type { ClientId } from '../../shared/ids.ts';
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
 * known count as the best. Without utilities all is uniform. The rest follow in random order.
 */
export function drawn(
  waiting: readonly ClientId[],
  count: number,
  utilities: ReadonlyMap<ClientId, number> | null,
  rng: Rng,
): { readonly cohort: readonly ClientId[]; readonly others: readonly ClientId[] } {
  const order = shuffle([...waiting], rng);
  if (utilities === null || waiting.length <= count)
    return { cohort: order.slice(0, count), others: order.slice(count) };
  const blind = Math.ceil(BLIND_SHARE * count);
  const best = Math.max(...utilities.values(), Number.MIN_VALUE);
  const keyed = order.slice(blind).map((clientId) => {
    const utility = utilities.get(clientId) ?? best;
    // ln(u) / w orders as u^(1/w) does, without running out of digits. A utility of nothing comes last.
    return { clientId, key: Math.log(1 - rng.uniform()) / Math.max(utility / best, Number.MIN_VALUE) };
  });
  keyed.sort((a, b) => b.key - a.key);
  const rest = keyed.map(({ clientId }) => clientId);
  return { cohort: [...order.slice(0, blind), ...rest.slice(0, count - blind)], others: rest.slice(count - blind) };
}

function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? 0;
}
