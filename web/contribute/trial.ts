import { type ReadonlySignal, signal } from '@preact/signals';
import type { Sha256 } from '../../shared/ids.ts';
import type { PublicTask } from '../../shared/protocol/public-task.ts';
import type { FeatureValues } from '../../shared/task/kinds/form.ts';
import { fromBytes } from '../../shared/weights/vector.ts';
import type { BackendChoice, RequestedBackend } from '../client/ports.ts';
import type { RemoteTrainer } from '../trainer/remote.ts';
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

  /** Those very weights; null where they cannot be had. */
  async function weights(sha256: string): Promise<Float32Array | null> {
    const kept = known.get(sha256);
    if (kept) return kept;
    const source = (await trainer()).weights(location.origin, joinToken ?? undefined);
    const fetched = await source
      .fetch(sha256 as Sha256, task.parameters * 4, new AbortController().signal)
      .catch(() => null);
    if (fetched?.sha256 !== sha256) return null;
    const params = fromBytes(fetched.bytes);
    for (const old of known.keys()) if (old !== before()?.sha256) known.delete(old);
    known.set(sha256, params);
    return params;
  }

  async function scoresBefore(example: FeatureValues, sha256: string): Promise<readonly number[] | null> {
    const then = before();
    if (then === null || then.sha256 === sha256 || task.bytes > COMPARED_BYTES) return null;
    const params = await weights(then.sha256);
    const scores = params && (await (await trainer()).predict(params, example));
    return scores && [...scores];
  }

  async function shared(): Promise<SharedParams | null> {
    const { version, sha256 } = now();
    const params = await weights(sha256);
    return params && { version, sha256, params };
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
    const scores = model && (await (await trainer()).predict(own ?? model.params, example, isPersonal));
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
      if (params === null || !participation) {
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
