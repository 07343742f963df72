import type { Sha256, TaskId } from '../../shared/ids.ts';
import type { GivenControl, Participation, Score } from '../../shared/protocol/index.ts';
import type { ExampleColumns, FeatureValues } from '../../shared/task/kinds/form.ts';
import type {
  Backend,
  BackendChoice,
  CountResult,
  Hashed,
  ReportCoding,
  RequestedBackend,
  TrainProgress,
  TrainResult,
} from '../client/ports.ts';
import type { DataFailure } from '../data/failure.ts';
import type { FitResult, Fitting } from './fitting.ts';
import type { KeptProbe } from './kept-probe.ts';
import type { Answer } from './session.ts';

/** What the trainer's worker answers to. One worker serves one task. */
export type TrainerMethods = {
  prepare: {
    input: {
      task: TaskId;
      participation: Participation;
      requested: RequestedBackend;
      /** What this page kept of an earlier probe, unparsed; and backends that were lost too often (`losses.ts`). */
      stored: unknown;
      avoided: readonly Backend[];
    };
    /** The backend that is tried next: should the worker never answer again, it was that one. */
    progress: Backend;
    /** `probe`: to be kept for the next visit; null where nothing new was found. */
    output: { choice: BackendChoice; probe: KeptProbe | null };
  };
  /** Examples that this browser cannot keep, in place of those in IndexedDB; null goes back to IndexedDB. */
  give: { input: readonly ExampleColumns[] | null; progress: never; output: null };
  /** At most this share of the time is spent training, 0 … 1, from now on; what trains already heeds it too. */
  ease: { input: { share: number }; progress: never; output: null };
  examples: { input: null; progress: never; output: { ok: true; count: number } | DataFailure };
  train: {
    input: { params: Float32Array; seed: number; control?: GivenControl };
    progress: TrainProgress;
    output: TrainResult;
  };
  /** Weights of a server over HTTP. */
  fetch: {
    input: { server: string; joinToken: string | undefined; sha256: Sha256; bytes: number };
    progress: never;
    output: Hashed;
  };
  /** A report in the task's codec; the delta comes over as it is, and what the codec leaves out stays here. */
  encode: { input: { delta: Float32Array; coding: ReportCoding }; progress: never; output: Hashed };
  /** From one version's weights to another's. */
  advance: {
    input: {
      weights: Uint8Array;
      steps: readonly { frame: Uint8Array; baseSha256: Sha256 }[];
      coding: Pick<Participation, 'codec' | 'layoutSha256'>;
    };
    progress: never;
    output: Hashed;
  };
  /** Whether the last encoded report was accepted. */
  settle: { input: { isAccepted: boolean }; progress: never; output: null };
  fit: { input: Fitting & { seed: number }; progress: TrainProgress; output: FitResult };
  /** How good these are on the own examples that are set aside, as what a report says of it. */
  score: { input: { params: Float32Array }; progress: TrainProgress; output: CountResult };
  /** The score on own examples; null where there are none. */
  evaluate: { input: { params: Float32Array }; progress: never; output: Answer<Score | null> };
  /** `params: null`: those of the last prediction. `isFitted`: those of a fit. */
  predict: {
    input: { params: Float32Array | null; features: FeatureValues; isFitted: boolean };
    progress: never;
    output: Answer<Float32Array>;
  };
};
