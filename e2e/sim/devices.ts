import { type Rng, seededRng } from '../../shared/rng.ts';
import type { FederatedClient } from '../../web/client/index.ts';
import type { ParticipationState } from '../../web/client/view.ts';

/**
 * How fast the contributors' devices are, beside one that takes `STEP_MS` for a step. That a few are many times slower than the usual
 * one is what Huba et al., "Papaya: Practical, Private, and Scalable Federated Learning", MLSys 2022 (arXiv:2111.04877), report of
 * phones; the two distributions are our own choice, and not fitted to theirs.
 */
export type Speed =
  | { readonly kind: 'same' }
  /** exp(sigma · N(0, 1)) times as long. */
  | { readonly kind: 'lognormal'; readonly sigma: number }
  /** At least as long, and with a heavy tail: P(longer than x times) = x^−alpha. */
  | { readonly kind: 'pareto'; readonly alpha: number };

/** `same`, `lognormal:0.5`, `pareto:1.5`; null for anything else. */
export function readSpeed(text: string): Speed | null {
  const [kind, figure, more] = text.split(':');
  if (kind === 'same') return figure === undefined ? { kind } : null;
  const value = figure === undefined || figure.trim() === '' ? Number.NaN : Number(figure);
  if (more !== undefined || !(value > 0 && value <= 100)) return null;
  if (kind === 'lognormal') return { kind, sigma: value };
  return kind === 'pareto' ? { kind, alpha: value } : null;
}

/** How many times as long as the usual device each contributor's takes. */
export function slownessOf(count: number, speed: Speed, rng: Rng): number[] {
  return Array.from({ length: count }, () => {
    if (speed.kind === 'lognormal') return Math.exp(speed.sigma * rng.normal());
    return speed.kind === 'pareto' ? (1 - rng.uniform()) ** (-1 / speed.alpha) : 1;
  });
}

/** Leaves the round when it first shows this state in it, with this probability. */
export interface Leave {
  readonly state: ParticipationState;
  readonly probability: number;
}

/** States of a part in a round, in which a contributor may leave it. */
export const LEAVING_STATES = ['downloading', 'training', 'uploading', 'accepted'] as const;

/** `training:0.1,uploading:0.05`; null for anything else. */
export function readLeaves(text: string): Leave[] | null {
  const leaves = text.split(',').map((one): Leave | null => {
    const [name, figure, more] = one.split(':');
    const state = LEAVING_STATES.find((known) => known === name);
    const probability = figure === undefined || figure.trim() === '' ? Number.NaN : Number(figure);
    return state !== undefined && more === undefined && probability >= 0 && probability <= 1
      ? { state, probability }
      : null;
  });
  return leaves.every((leave) => leave !== null) ? leaves : null;
}

const LEAVING_STREAM = 1_000;

/** Leaves rounds as it is told to, once in a round and state at most, and is available again at once. */
export function leavesRounds(
  client: Pick<FederatedClient, 'subscribe' | 'pause' | 'resume'>,
  leaves: readonly Leave[],
  seed: number,
  index: number,
): void {
  if (leaves.every(({ probability }) => probability === 0)) return;
  const rng = seededRng(seed, LEAVING_STREAM + index);
  const decided = new Map<ParticipationState, number | null>();
  client.subscribe(({ state, round }) => {
    const leave = leaves.find((one) => one.state === state);
    if (leave === undefined || decided.get(state) === round) return;
    decided.set(state, round);
    if (rng.uniform() >= leave.probability) return;
    client.pause();
    client.resume();
  });
}
