import type { Sha256 } from '../../shared/ids.ts';
import type { ModelTopology } from '../../shared/model/topology.ts';
import type { Score } from '../../shared/protocol/index.ts';
import type { ClientPlan, TaskSpec } from '../../shared/task/spec.ts';

/** One checkpoint to score: what the thread needs of the task, and the file of its weights. */
export interface ScoreCall {
  readonly id: number;
  readonly topology: ModelTopology;
  readonly loss: ClientPlan['loss'];
  readonly data: TaskSpec['data'];
  readonly path: string;
  readonly sha256: Sha256;
}

/** `score: null`: there is no held-out data on this machine. */
export type ScoreAnswer =
  | { readonly id: number; readonly ok: true; readonly score: Score | null }
  | { readonly id: number; readonly ok: false; readonly error: Error };
