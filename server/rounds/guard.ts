import type { Sha256 } from '../../shared/ids.ts';
import { LIMITS } from '../../shared/limits.ts';
import type { Score } from '../../shared/protocol/index.ts';
import type { Guard as GuardSettings, TaskSpec } from '../../shared/task/spec.ts';
import { LARGEST_FLOAT32 } from '../../shared/weights/vector.ts';
import type { CoordinatorPorts } from './coordinator-ports.ts';

/** `interrupted`: the process ends, and the next one judges again. */
export type Verdict = 'fit' | 'unfit' | 'interrupted';

/**
 * G1. A loss that is no finite number is unfit, and so is an accuracy more than `drop` under the best of those that are
 * known of the versions before it. What is not scored by accuracy is held to its loss alone.
 */
export function isFit(score: Score, before: readonly (Score | null)[], { drop }: GuardSettings): boolean {
  if (!Number.isFinite(score.loss) || score.loss >= LARGEST_FLOAT32) return false;
  const { accuracy } = score;
  if (accuracy === undefined) return true;
  const best = Math.max(...before.map((earlier) => earlier?.accuracy ?? 0), 0);
  // Accuracies are shares of thousands of examples: a rounding error of their difference decides nothing.
  return best - accuracy <= drop + 1e-9;
}

/** Scores what a round made before it is a version of its task. */
export class Guard {
  readonly #ports: Pick<CoordinatorPorts, 'evaluator' | 'storage' | 'clock' | 'log'>;
  readonly #spec: TaskSpec;
  #isClosed = false;
  /** While it judges: what shortens the wait. */
  #hurry: () => void = () => {};

  constructor(ports: Pick<CoordinatorPorts, 'evaluator' | 'storage' | 'clock' | 'log'>, spec: TaskSpec) {
    this.#ports = ports;
    this.#spec = spec;
  }

  /**
   * Of weights that are to follow version `base`. Never rejects: what cannot be scored within `LIMITS.guardWaitMs` is not
   * held up (G3), since a round always ends.
   */
  async judge(sha256: Sha256, base: number): Promise<Verdict> {
    let cancel: () => void = () => {};
    const waited = new Promise<'interrupted' | null>((resolve) => {
      const atMost = (ms: number, verdict: 'interrupted' | null): void => {
        cancel();
        cancel = this.#ports.clock.after(ms, () => resolve(verdict));
      };
      this.#hurry = () => atMost(LIMITS.guardDrainMs, 'interrupted');
      if (this.#isClosed) this.#hurry();
      else atMost(LIMITS.guardWaitMs, null);
    });
    try {
      const verdict = await Promise.race([this.#verdict(sha256, base), waited]);
      if (verdict === null) this.#warn(base, new Error('it took too long'));
      return verdict ?? 'fit';
    } catch (error) {
      this.#warn(base, error);
      return 'fit';
    } finally {
      cancel();
      this.#hurry = () => {};
    }
  }

  /** The process is about to end: from now on it waits `LIMITS.guardDrainMs` for a score, and then leaves the round open (G4). */
  close(): void {
    this.#isClosed = true;
    this.#hurry();
  }

  async #verdict(sha256: Sha256, base: number): Promise<Verdict> {
    const { evaluator } = this.#ports;
    const ask = (): Promise<Score | null> => evaluator.score(this.#spec, sha256);
    // Its thread may have died of something else: once more.
    const score = await ask().catch(ask);
    if (score === null) return 'fit';
    return isFit(score, await this.#before(base), this.#spec.guard) ? 'fit' : 'unfit';
  }

  /** Scores of the newest versions, as far as they are known. */
  #before(base: number): Promise<(Score | null)[]> {
    const { storage, evaluator } = this.#ports;
    const count = Math.min(LIMITS.guardedVersionsCount, base + 1);
    const versions = Array.from({ length: count }, (_, at) => base - at);
    return Promise.all(
      versions.map(async (version) => {
        const row = await storage.checkpoints.get(this.#spec.id, version);
        // Its score may be on its way: the evaluator knows what it has just scored.
        return row?.metrics ?? (row?.kept ? evaluator.score(this.#spec, row.sha256) : null);
      }),
    );
  }

  #warn(base: number, error: unknown): void {
    this.#ports.log.warn(
      { err: error, task: this.#spec.id, version: base + 1 },
      'a version is published without a score',
    );
  }
}
