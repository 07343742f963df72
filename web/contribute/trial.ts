import { type ReadonlySignal, signal } from '@preact/signals';
import type { PublicTask } from '../../shared/protocol/public-task.ts';
import type { FeatureValues } from '../../shared/task/kinds/form.ts';
import type { BackendChoice, RequestedBackend } from '../client/ports.ts';
import type { RemoteTrainer } from '../trainer/remote.ts';
import { type Answer, fetchWeights } from './api.ts';
import type { ModelThen, TrialView } from './contribution.ts';
import type { SharedParams } from './personal.ts';

export interface TrialOptions {
  readonly task: PublicTask;
  readonly requested: () => RequestedBackend;
  readonly joinToken: string | null;
  readonly trainer: () => Promise<RemoteTrainer>;
  /** The newest model, and the one from before joining. */
  readonly now: () => { readonly version: number; readonly sha256: string };
  readonly before: () => ModelThen | null;
  /** What answers in place of the shared model; null: nothing does. */
  readonly personal: () => Float32Array | null;
}

export interface Trial {
  readonly view: ReadonlySignal<TrialView>;
  open(): Promise<void>;
  predict(example: FeatureValues | null): Promise<void>;
  /** The last example once more: another model answers now. */
  again(): Promise<void>;
  /** The newest shared model; null where it cannot be had. */
  shared(): Promise<SharedParams | null>;
  close(): void;
}

/** Comparing with an older version sends both to the worker in turn: not for models above this. */
const COMPARED_BYTES = 8_000_000;

const NO_SCORES = { scores: null, scoresBefore: null };

/** "Try it": the model and a worker, no socket. Newer versions are taken as they come. */
export function createTrial({ task, requested, joinToken, trainer, now, before, personal }: TrialOptions): Trial {
  const view = signal<TrialView>({ kind: 'closed' });
  const known = new Map<string, Float32Array>();
  let choice: BackendChoice | null = null;
  let turn = 0;
  let last: FeatureValues | null = null;

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

  async function shared(): Promise<SharedParams | null> {
    const { version, sha256 } = now();
    const params = await weights(sha256);
    return params.ok ? { version, sha256, params: params.value } : null;
  }

  async function sharedScores(example: FeatureValues, params: Float32Array): Promise<readonly number[] | null> {
    const scores = task.bytes > COMPARED_BYTES ? null : await (await trainer()).predict(params, example);
    return scores && [...scores];
  }

  async function predict(example: FeatureValues | null): Promise<void> {
    const shown = view.peek();
    last = example;
    if (shown.kind !== 'open') return;
    const mine = ++turn;
    const own = personal();
    const isPersonal = own !== null;
    if (example === null) {
      view.value = { ...shown, isPersonal, scores: null, scoresBefore: null };
      return;
    }
    const model = await shared();
    const scores = model && (await (await trainer()).predict(own ?? model.params, example));
    const older =
      scores && (own ? await sharedScores(example, model.params) : await scoresBefore(example, model.sha256));
    if (mine !== turn) return;
    view.value = scores
      ? { ...shown, isPersonal, version: model.version, scores: [...scores], scoresBefore: older }
      : { kind: 'failed', reason: 'unreachable', message: '' };
  }

  return {
    view,
    predict,
    again: () => predict(last),
    shared,
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
        view.value = {
          kind: 'open',
          version: model.version,
          backend: choice,
          ...NO_SCORES,
          isPersonal: personal() !== null,
        };
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        if (mine === turn) view.value = { kind: 'failed', reason: 'unsupported', message };
      }
    },
    close() {
      turn += 1;
      known.clear();
      last = null;
      view.value = { kind: 'closed' };
    },
  };
}
