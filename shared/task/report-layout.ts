import { type LayoutEntry, layoutOf, type WeightLayout } from '../weights/layout.ts';
import type { ClientPlan } from './spec.ts';

type Plan = Pick<ClientPlan, 'work' | 'local'>;

/** Tensors of layers that are never averaged (`client.local`): FedPer (Arivazhagan et al. 2019), FedBN (Li et al., ICLR 2021). */
const isLocal = ({ name }: LayoutEntry, { local = [] }: Plan): boolean =>
  local.includes(name.slice(0, name.lastIndexOf('/')));

/** Where in the model the tensors lie that reports speak of, and those that never leave the contributor's device. */
export const sharedEntries = ({ entries }: WeightLayout, plan: Plan): readonly LayoutEntry[] =>
  entries.filter((entry) => !isLocal(entry, plan));
export const localEntries = ({ entries }: WeightLayout, plan: Plan): readonly LayoutEntry[] =>
  entries.filter((entry) => isLocal(entry, plan));

/**
 * How a report of this plan lies in one flat vector: the model's own layout; without the tensors of local layers; of
 * SCAFFOLD, after the delta of each tensor, the change of the control variate of each, as `control/<name>`.
 */
export function reportLayout(layout: WeightLayout, plan: Plan): WeightLayout {
  const shared = sharedEntries(layout, plan);
  if (plan.work === 'scaffold') {
    const controls = shared.map(({ name, shape }) => ({ name: `control/${name}`, shape }));
    return layoutOf([...shared, ...controls]);
  }
  return shared.length === layout.entries.length ? layout : layoutOf(shared);
}

/** The values at these entries, one after the other. */
export function gather(flat: Float32Array, entries: readonly LayoutEntry[]): Float32Array {
  const gathered = new Float32Array(entries.reduce((sum, { size }) => sum + size, 0));
  let at = 0;
  for (const { offset, size } of entries) {
    gathered.set(flat.subarray(offset, offset + size), at);
    at += size;
  }
  return gathered;
}

/** The inverse: puts what was gathered back to its entries. */
export function scatter<Vector extends Float32Array | Float64Array>(
  into: Vector,
  entries: readonly LayoutEntry[],
  gathered: Vector,
): Vector {
  let at = 0;
  for (const { offset, size } of entries) {
    into.set(gathered.subarray(at, at + size), offset);
    at += size;
  }
  return into;
}
