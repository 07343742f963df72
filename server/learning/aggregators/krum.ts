import type { BatchAggregator } from './aggregator.ts';
import { krumChoice } from './krum-scores.ts';

// Blanchard, El Mhamdi, Guerraoui, Stainer: "Machine Learning with Adversaries: Byzantine Tolerant Gradient Descent", NIPS
// 2017, section 4.

export interface KrumSettings {
  /** f: how many updates of a round may be malicious; 2f + 2 < n. */
  readonly malicious: number;
}

/** The one update that lies nearest to its n − f − 2 nearest others, ties to the lowest index. */
export const krum = ({ malicious }: KrumSettings): BatchAggregator => ({
  name: 'krum',
  carries: false,
  apply: (updates) => Float64Array.from(updates.read(krumChoice(updates, malicious, 1)[0] as number)),
});
