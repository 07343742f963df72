import type { Sha256 } from '../../shared/ids.ts';
import type { Score } from '../../shared/protocol/index.ts';
import type { TaskSpec } from '../../shared/task/spec.ts';
import type { CoordinatorPorts } from './coordinator-ports.ts';

/** A checkpoint to score. */
export interface Unscored {
  readonly spec: TaskSpec;
  readonly version: number;
  readonly sha256: Sha256;
}

/** Every version is scored, one after the other, beside the rounds: a slow score holds up none. */
export class Scoring {
  readonly #ports: Pick<CoordinatorPorts, 'evaluator' | 'storage' | 'log'>;
  readonly #scored: (unscored: Unscored, score: Score) => void;
  #waiting: Unscored[] = [];
  #isBusy = false;
  #isStopped = false;

  constructor(
    ports: Pick<CoordinatorPorts, 'evaluator' | 'storage' | 'log'>,
    scored: (unscored: Unscored, score: Score) => void,
  ) {
    this.#ports = ports;
    this.#scored = scored;
  }

  add(unscored: Unscored): void {
    this.#waiting.push(unscored);
    if (!this.#isBusy) void this.#work();
  }

  /** A task is gone: its versions need no score. */
  forget(task: TaskSpec['id']): void {
    this.#waiting = this.#waiting.filter(({ spec }) => spec.id !== task);
  }

  /** Nothing more is begun, and what is under way is not written any more: a restart scores it. */
  stop(): void {
    this.#isStopped = true;
  }

  async #work(): Promise<void> {
    this.#isBusy = true;
    for (let next = this.#waiting.shift(); next !== undefined && !this.#isStopped; next = this.#waiting.shift()) {
      const { spec, version } = next;
      try {
        await this.#score(next);
      } catch (error) {
        if (!this.#isStopped) this.#ports.log.error({ err: error, task: spec.id, version }, 'a version was not scored');
      }
    }
    this.#isBusy = false;
  }

  async #score(unscored: Unscored): Promise<void> {
    const { evaluator, storage, log } = this.#ports;
    const { spec, version, sha256 } = unscored;
    const attempt = (): Promise<Score | null> => evaluator.score(spec, sha256);
    const score = await attempt().catch((error: unknown) => {
      if (this.#isStopped) throw error;
      // Its thread may have died of something else: once more.
      log.warn({ err: error, task: spec.id, version }, 'a version is scored once more');
      return attempt();
    });
    if (score === null || this.#isStopped) return;
    await storage.checkpoints.setMetrics(spec.id, version, score);
    this.#scored(unscored, score);
  }
}
