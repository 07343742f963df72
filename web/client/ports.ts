import type { Clock } from '../../shared/clock.ts';
import type { ResidualCoding } from '../../shared/codec/update-encoder.ts';
import type { Sha256, TaskId } from '../../shared/ids.ts';
import type { GivenControl, Participation, ReportMetrics } from '../../shared/protocol/index.ts';
import type { SecureRng } from '../../shared/rng.ts';
import type { HeldWeights } from './held-weights.ts';
import type { byStepsTo } from './steps.ts';
import type { Transport } from './transport.ts';

/**
 * What the client engine needs from where it runs. `browser.ts` and `node.ts` are the two sets of these; the
 * simulator brings a third. The engine itself knows no window, no document and no TF.js.
 */
export interface ClientPorts {
  readonly clock: Clock;
  readonly random: SecureRng;
  readonly trainer: Trainer;
  readonly secrets: SecretStore;
  readonly lock: TabLock;
  readonly weights: WeightsSource;
  /**
   * How many examples there are, told without a trainer: then a tab that has none does not connect. Where it is not
   * given the trainer is asked once it is prepared.
   */
  readonly examples?: () => Promise<number>;
  /** Writes reports in the codecs of the tasks; without it only tasks of float32 reports can be taken part in, and they are written here. */
  readonly encoder?: Encoder;
  /** Takes the steps that an assignment offers in place of its weights; null where they do not lead there. Without it the weights come whole. */
  readonly steps?: typeof byStepsTo;
  /** Sessions; over Socket.IO where nothing is given. */
  readonly transport?: Transport;
  /** Weights that need not come again; each client has its own where nothing is given. */
  readonly held?: HeldWeights;
}

export const BACKENDS = ['auto', 'webgl', 'webgpu', 'wasm', 'cpu'] as const;
/** What a person asks for; `auto` lets the probe decide. */
export type RequestedBackend = (typeof BACKENDS)[number];
export type Backend = Exclude<RequestedBackend, 'auto'> | 'other';

/** What was asked for, what is used, and in one sentence why they differ (null when they do not). */
export interface BackendChoice {
  readonly requested: RequestedBackend;
  readonly used: Backend;
  readonly reason: string | null;
  /** What a test step on each backend has shown so far; absent where nothing was tested. */
  readonly findings?: readonly BackendFinding[];
  /** How often a backend was lost since the page was opened. */
  readonly losses?: number;
}

/** One backend and this model, on this device. */
export type BackendFinding =
  | {
      readonly backend: Backend;
      /** Its step is that of the reference. */
      readonly isRight: true;
      /** Milliseconds a step, the read-back that training does included. */
      readonly stepMs: number;
      /** At least that: it was not timed further, being slower than others already. */
      readonly isFloor: boolean;
    }
  | { readonly backend: Backend; readonly isRight: false; readonly fault: BackendFault; readonly reason: string };

/** Not here; not in workers; not allowed by the page's policy; 16 bits only; lacks what the model needs; wrong numbers; lost. */
export type BackendFault = 'absent' | 'no-worker' | 'forbidden' | 'half-precision' | 'incapable' | 'wrong' | 'lost';

export interface TrainProgress {
  /** Steps done of all steps. */
  readonly step: number;
  readonly steps: number;
  /** Mean loss since the last progress, read back at most a few times a second; null while none was read. */
  readonly loss: number | null;
}

export type TrainResult =
  | {
      readonly ok: true;
      /** local − global, `parameters` values, or what the participation's `report` says; owned by the receiver. */
      readonly delta: Float32Array;
      readonly examples: number;
      readonly steps: number;
      readonly metrics: ReportMetrics;
    }
  | {
      readonly ok: false;
      readonly reason:
        | 'aborted'
        | 'no-examples'
        | 'dataset-damaged'
        | 'not-finite'
        /** The loss grew out of all proportion. */
        | 'exploded'
        | 'backend-lost'
        | 'failed';
      readonly message: string;
    };

export type CountResult =
  | {
      readonly ok: true;
      /** `COUNTS_LAYOUT.size` whole numbers, owned by the receiver. */
      readonly counts: Float32Array;
      readonly examples: number;
    }
  | Extract<TrainResult, { readonly ok: false }>;

/** Trains on the data it can reach itself: examples never pass through the engine. */
export interface Trainer {
  /**
   * Builds the model and picks the backend; called again for the same model it answers from what it has. The engine
   * closes it first where its backend is not to be trusted any more. A rejection means that this device cannot train this model.
   */
  prepare(participation: Participation, requested: RequestedBackend): Promise<BackendChoice>;
  /** How many examples there are to train on; asked after `prepare` only. A rejection's `reason` (a string, `failed` without) is shown. */
  examples(): Promise<number>;
  /** One assignment. `params` may be transferred away. Stops within a second of the signal. */
  train(
    params: Float32Array,
    options: {
      readonly seed: number;
      readonly onProgress: (progress: TrainProgress) => void;
      readonly signal: AbortSignal;
      readonly control?: GivenControl;
    },
  ): Promise<TrainResult>;
  /**
   * A part in an evaluation round: how good `params` are on the own examples that are never trained on; `no-examples`
   * where there is none. A trainer without it sits such rounds out.
   */
  score?(params: Float32Array, options: { readonly signal: AbortSignal }): Promise<CountResult>;
  /** Frees the backend and ends its thread. The engine closes on leaving; a later `prepare` or `examples` starts anew. */
  close(): void;
}

/** What stands in a report's frame beside the delta. */
export interface ReportCoding extends ResidualCoding {
  readonly values: number;
  readonly examples: number;
  readonly steps: number;
  /** β of the task's `client.reportMomentum`; 0 where it is not given. */
  readonly momentum?: number | undefined;
}

/**
 * Writes reports in the task's codec, off the page's main thread, and keeps what goes on to the next: what a codec leaves out (error
 * feedback), and momentum. Takes the steps from one version's weights to another's.
 */
export interface Encoder {
  /** The whole frame. `delta` may be transferred away. Rejects where it cannot be encoded. */
  encode(delta: Float32Array, coding: ReportCoding): Promise<Hashed>;
  /** Tells whether the report of the last `encode` was accepted; told once for each, or never where nobody knows. */
  settle(isAccepted: boolean): Promise<void>;
  /**
   * What the steps lead to from `weights`, as the bytes of float32 values; both may be transferred away. Whether it is what was wanted is
   * for the caller to see. Rejects where a frame is no step. An encoder without it gets whole models.
   */
  advance?(
    weights: Uint8Array,
    steps: readonly { readonly frame: Uint8Array; readonly baseSha256: Sha256 }[],
    coding: Pick<Participation, 'codec' | 'layoutSha256'>,
  ): Promise<Hashed>;
}

/** The client's 128-bit secret of one task (32 hex digits), made at consent. */
export interface SecretStore {
  load(task: TaskId): Promise<string | null>;
  save(task: TaskId, secret: string): Promise<void>;
  remove(task: TaskId): Promise<void>;
}

/** One trainer per browser profile and task. */
export interface TabLock {
  /** Calls `onChange(true)` once this tab holds the lock, `onChange(false)` while another does. Returns the release. */
  request(task: TaskId, onChange: (held: boolean) => void): () => void;
}

/** Bytes and the hash that they have, computed where they were made: of a whole model that is not the page's thread. */
export interface Hashed {
  readonly bytes: Uint8Array;
  readonly sha256: Sha256;
}

/** Weights by their hash over HTTP, with the hash of what came: whether it is the same is for the engine to see. */
export interface WeightsSource {
  fetch(sha256: Sha256, bytes: number, signal: AbortSignal): Promise<Hashed>;
}
