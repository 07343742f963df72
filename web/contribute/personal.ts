import { type ReadonlySignal, signal } from '@preact/signals';
import type { PublicTask } from '../../shared/protocol/public-task.ts';
import type { RequestedBackend } from '../client/ports.ts';
import type { PersonalFit, PersonalFits } from '../data/personal-fits.ts';
import type { RemoteTrainer } from '../trainer/remote.ts';
import type { PersonalProblem, PersonalView } from './contribution.ts';

/** The shared model, with its weights. */
export interface SharedParams {
  readonly version: number;
  readonly sha256: string;
  readonly params: Float32Array;
}

export interface PersonalOptions {
  readonly task: PublicTask;
  readonly requested: () => RequestedBackend;
  readonly trainer: () => Promise<RemoteTrainer>;
  /** Opens the examples; false where that failed, and the page says why. */
  readonly examples: () => Promise<boolean>;
  /** Null where it cannot be had. */
  readonly shared: () => Promise<SharedParams | null>;
  readonly version: () => number;
  /** What answers is another one now. */
  readonly onChange: () => void;
}

/** "Fit to my examples": a model of one's own, made and kept on this device. Opens nothing before it is asked to. */
export interface Personal {
  readonly view: ReadonlySignal<PersonalView>;
  /** What "Try it" answers with in place of the shared weights; null: with those. */
  params(): Float32Array | null;
  /** Looks for a fit of an earlier visit; once. */
  load(): Promise<void>;
  fit(): Promise<void>;
  stop(): void;
  use(isUsed: boolean): void;
  /** False where the browser did not let go of it. */
  forget(): Promise<boolean>;
}

const NOTHING: PersonalView = { fit: null, isUsed: false, isKept: true, running: null, problem: null };

export function createPersonal(options: PersonalOptions): Personal {
  const { task, requested, trainer, examples, shared, version, onChange } = options;
  const view = signal<PersonalView>(NOTHING);
  let held: PersonalFit | null = null;
  let fits: PersonalFits | null = null;
  let loading: Promise<void> | null = null;
  let working: Promise<void> | null = null;
  let stopping = new AbortController();

  const show = (change: Partial<PersonalView>): void => {
    view.value = { ...view.peek(), ...change };
  };

  async function loadOnce(): Promise<void> {
    const { createPersonalFits, createMemoryFits } = await import('../data/personal-fits.ts');
    const { participation } = task;
    if (!participation) return;
    fits = createPersonalFits(task.id);
    const { layoutSha256, parameters } = participation;
    const loaded = await fits.load({ layoutSha256, parameters, version: version() });
    if (loaded.ok) {
      held = loaded.fit;
      show({ fit: loaded.fit, isUsed: loaded.fit !== null });
      return;
    }
    if (loaded.reason === 'unavailable') fits = createMemoryFits();
    else
      show({ problem: loaded.reason === 'damaged' || loaded.reason === 'other-model' ? loaded.reason : 'unreadable' });
  }
  function load(): Promise<void> {
    loading ??= loadOnce().catch((error: unknown) => {
      loading = null;
      throw error;
    });
    return loading;
  }

  async function fitNow(signal: AbortSignal): Promise<PersonalProblem | null> {
    await load();
    const { participation } = task;
    if (!(await examples()) || !participation || signal.aborted) return null;
    const model = await shared();
    if (model === null) return 'unreachable';
    const remote = await trainer();
    await remote.prepare(participation, requested());
    const { params: weights, ...base } = model;
    const result = await remote.fit(
      { shared: weights, start: held?.params ?? null },
      // The order of the examples; anything will do that differs from version to version.
      { seed: base.version, signal, onProgress: ({ step, steps }) => show({ running: { step, steps } }) },
    );
    if (signal.aborted) return null;
    if (!result.ok) return problemOf(result.reason);
    const { params, fitted, heldOut, figures } = result;
    held = { params: params as Float32Array<ArrayBuffer>, base, fitted, heldOut, figures };
    const saved = await fits?.save(held, participation);
    show({ fit: held, isUsed: true, isKept: fits?.kept === 'indexeddb' && saved?.ok === true });
    return null;
  }

  async function fit(): Promise<void> {
    if (working) return working;
    stopping = new AbortController();
    show({ running: { step: 0, steps: 0 }, problem: null });
    working = fitNow(stopping.signal).then(
      (problem) => show({ running: null, problem }),
      (error: unknown) => {
        console.error(error);
        show({ running: null, problem: 'failed' });
      },
    );
    await working;
    working = null;
    onChange();
  }

  return {
    view,
    params: () => (view.peek().isUsed ? (held?.params ?? null) : null),
    load,
    fit,
    stop: () => stopping.abort(),
    use(isUsed) {
      show({ isUsed: isUsed && held !== null });
      onChange();
    },
    async forget() {
      stopping.abort();
      await working;
      const { createPersonalFits } = await import('../data/personal-fits.ts');
      const removed = await (fits ?? createPersonalFits(task.id)).remove();
      held = null;
      view.value = NOTHING;
      onChange();
      return removed.ok || removed.reason === 'unavailable';
    },
  };
}

type Refused = Extract<Awaited<ReturnType<RemoteTrainer['fit']>>, { readonly ok: false }>['reason'];

function problemOf(reason: Refused): PersonalProblem | null {
  switch (reason) {
    case 'aborted':
      return null;
    case 'no-examples':
    case 'dataset-damaged':
      return reason;
    case 'exploded':
    case 'not-finite':
      return 'exploded';
    case 'backend-lost':
    case 'failed':
      return 'failed';
  }
}
