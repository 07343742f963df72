import { type ReadonlySignal, signal } from '@preact/signals';
import type { PublicTask } from '../../shared/protocol/public-task.ts';
import type { FeatureValues } from '../../shared/task/kinds/form.ts';
import type { BackendChoice, RequestedBackend } from '../client/ports.ts';
import type { RemoteTrainer } from '../trainer/remote.ts';
import { type Answer, fetchWeights } from './api.ts';
import type { ModelThen, TrialView } from './contribution.ts';

export interface TrialOptions {
  readonly task: PublicTask;
  readonly requested: () => RequestedBackend;
  readonly joinToken: string | null;
  readonly trainer: () => Promise<RemoteTrainer>;
  /** The newest model, and the one from before joining. */
  readonly now: () => { readonly version: number; readonly sha256: string };
  readonly before: () => ModelThen | null;
}

export interface Trial {
  readonly view: ReadonlySignal<TrialView>;
  open(): Promise<void>;
  predict(example: FeatureValues | null): Promise<void>;
  close(): void;
}

/** Comparing with an older version sends both to the worker in turn: not for models above this. */
const COMPARED_BYTES = 8_000_000;

/** "Try it": the model and a worker, no socket. Newer versions are taken as they come. */
export function createTrial({ task, requested, joinToken, trainer, now, before }: TrialOptions): Trial {
  const view = signal<TrialView>({ kind: 'closed' });
  const known = new Map<string, Float32Array>();
  let choice: BackendChoice | null = null;
  let turn = 0;

  async function weights(sha256: string): Promise<Answer<Float32Array>> {
    const kept = known.get(sha256);
    if (kept) return { ok: true, value: kept };
    const answer = await fetchWeights(sha256, task.parameters, joinToken);
    if (answer.ok) {
      for (const old of known.keys()) if (old !== before()?.sha256) known.delete(old);
      known.set(sha256, answer.value);
    }
    return answer;
  }

  async function scoresBefore(example: FeatureValues, sha256: string): Promise<readonly number[] | null> {
    const then = before();
    if (then === null || then.sha256 === sha256 || task.bytes > COMPARED_BYTES) return null;
    const params = await weights(then.sha256);
    const scores = params.ok ? await (await trainer()).predict(params.value, example) : null;
    return scores && [...scores];
  }

  return {
    view,
    async open() {
      const mine = ++turn;
      view.value = { kind: 'opening', step: 'model' };
      const { participation } = task;
      const model = now();
      const params = await weights(model.sha256);
      if (mine !== turn) return;
      if (!params.ok || !participation) {
        view.value = { kind: 'failed', reason: 'unreachable', message: '' };
        return;
      }
      view.value = { kind: 'opening', step: 'backend' };
      try {
        choice = await (await trainer()).prepare(participation, requested());
        if (mine !== turn) return;
        view.value = { kind: 'open', version: model.version, backend: choice, scores: null, scoresBefore: null };
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        if (mine === turn) view.value = { kind: 'failed', reason: 'unsupported', message };
      }
    },
    async predict(example) {
      const shown = view.peek();
      if (shown.kind !== 'open') return;
      const mine = ++turn;
      if (example === null) {
        view.value = { ...shown, scores: null, scoresBefore: null };
        return;
      }
      const { version, sha256 } = now();
      const params = await weights(sha256);
      const scores = params.ok ? await (await trainer()).predict(params.value, example) : null;
      const older = scores && (await scoresBefore(example, sha256));
      if (mine !== turn) return;
      view.value = scores
        ? { ...shown, version, scores: [...scores], scoresBefore: older }
        : { kind: 'failed', reason: 'unreachable', message: '' };
    },
    close() {
      turn += 1;
      known.clear();
      view.value = { kind: 'closed' };
    },
  };
}
