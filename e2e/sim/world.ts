import type { TaskId } from '../../shared/ids.ts';
import type { Score } from '../../shared/protocol/index.ts';
import type { TaskSpec } from '../../shared/task/spec.ts';
import type { ClientPorts, RequestedBackend, Trainer } from '../../web/client/ports.ts';
import type { ApiRound } from '../demo/figures.ts';
import type { Population } from './population.ts';

/** The task that a population trains, as `POST /api/tasks` takes it: a template, with what differs from it. */
export interface WantedTask {
  readonly template: string;
  readonly overrides: object;
  /** A model of one's own. */
  readonly own: { readonly topology: object; readonly weights: Float32Array | null } | null;
}

export interface WorldOptions {
  readonly task: WantedTask;
  readonly count: number;
  readonly trainer: (index: number, spec: TaskSpec) => Trainer;
  /** Around a contributor's trainer, outermost: what is handed over may be another's wish. */
  readonly around?: (trainer: Trainer, index: number) => Trainer;
  /** Around a contributor's ports. */
  readonly ports?: (ports: ClientPorts, index: number) => ClientPorts;
  readonly backend: RequestedBackend;
  readonly seed: number;
}

/** A server with its task, and the contributors who are connected to it: over sockets, or in one process. */
export interface World {
  readonly spec: TaskSpec;
  readonly population: Population;
  start(rounds: number): Promise<void>;
  /** Asks for an evaluation round of the newest version. */
  evaluate(): Promise<void>;
  /** A round once it has ended; null when the task stopped before it began. */
  ended(number: number): Promise<ApiRound | null>;
  /** A version once it has its score. */
  scored(version: number): Promise<{ readonly sha256: string; readonly metrics: Score }>;
  /** Why the task has paused; null where it has not, or nobody gave a reason. */
  pausedReason(): Promise<string | null>;
  readonly task: TaskId;
  close(): Promise<void>;
}
