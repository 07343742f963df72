import { assert } from '../../../shared/assert.ts';
import type { Updates } from './aggregator.ts';
import { eachBlock } from './blocks.ts';

// Blanchard, El Mhamdi, Guerraoui, Stainer: "Machine Learning with Adversaries: Byzantine Tolerant Gradient Descent", NIPS
// 2017, section 4.

/**
 * Krum's score of each update: the sum of the squared distances to its n − f − 2 nearest others, itself excluded. Needs
 * 2f + 2 < n. The distances are summed over blocks of coordinates, in Float64.
 */
function krumScores(updates: Updates, malicious: number): Float64Array {
  const { count } = updates;
  assert(2 * malicious + 2 < count, 'Krum needs 2f + 2 < n');
  const distances = new Float64Array(count * count);
  eachBlock(updates, (rows) => {
    for (let i = 1; i < count; i++) {
      for (let j = 0; j < i; j++) {
        const at = i * count + j;
        distances[at] = (distances[at] as number) + squaredDistance(rows[i] as Float32Array, rows[j] as Float32Array);
      }
    }
  });
  const between = (i: number, j: number): number => distances[i > j ? i * count + j : j * count + i] as number;
  const neighbours = count - malicious - 2;
  return Float64Array.from({ length: count }, (_, i) => {
    const others = new Float64Array(count - 1);
    for (let j = 0; j < count - 1; j++) others[j] = between(i, j < i ? j : j + 1);
    return others
      .sort()
      .subarray(0, neighbours)
      .reduce((sum, distance) => sum + distance, 0);
  });
}

/** The `keep` updates of the lowest scores, ties to the lowest index; in the order of the receipts. */
export function krumChoice(updates: Updates, malicious: number, keep: number): number[] {
  const scores = krumScores(updates, malicious);
  return [...scores.keys()]
    .sort((a, b) => (scores[a] as number) - (scores[b] as number) || a - b)
    .slice(0, keep)
    .sort((a, b) => a - b);
}

function squaredDistance(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) {
    const difference = (a[i] as number) - (b[i] as number);
    sum += difference * difference;
  }
  return sum;
}
