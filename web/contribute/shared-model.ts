import { computed, effect, type ReadonlySignal, signal } from '@preact/signals';
import type { PublicTask } from '../../shared/protocol/public-task.ts';
import type { ClientView } from '../client/view.ts';
import { measured } from '../ui/index.ts';
import { fetchCheckpoints, fetchTask } from './api.ts';
import { isJoined, type ModelNow, type ModelThen } from './contribution.ts';

/** While nobody has joined there is no socket: the page asks now and then, if it is looked at. */
const ASK_EVERY_MS = 10_000;
/** A chart is 500 pixels wide. */
const SEEN_COUNT = 500;

export interface SharedModel {
  /** From the engine while joined, else as last asked for. */
  readonly now: ReadonlySignal<ModelNow>;
  /** Versions that were seen, oldest first; a score may come after its version. */
  readonly seen: ReadonlySignal<readonly ModelThen[]>;
  ask(): Promise<void>;
  /** Adds the versions from before the page was opened. */
  fetchHistory(): Promise<void>;
}

export function sharedModel(task: PublicTask, joinToken: string | null, view: ReadonlySignal<ClientView>): SharedModel {
  const polled = signal(modelOf(task));
  const seen = signal<readonly ModelThen[]>([]);
  const now = computed<ModelNow>(() => {
    const { status } = view.value;
    if (!isJoined(view.value) || status === null) return polled.value;
    const { version, sha256, metrics, online, state } = status;
    return { version, sha256, score: metrics, online, state };
  });
  effect(() => {
    const { version, sha256, score } = now.value;
    const known = seen.peek().find((one) => one.version === version);
    if (known === undefined || measured(known.score) !== measured(score)) {
      seen.value = mergeVersions(seen.peek(), [{ version, sha256, score }]);
    }
  });
  async function ask(): Promise<void> {
    const answer = await fetchTask(task.id, joinToken);
    if (answer.ok) polled.value = modelOf(answer.value);
  }
  setInterval(() => {
    if (!document.hidden && !isJoined(view.peek())) void ask();
  }, ASK_EVERY_MS);

  return {
    now,
    seen,
    ask,
    async fetchHistory() {
      const answer = await fetchCheckpoints(task.id, joinToken);
      if (!answer.ok) return;
      const earlier = answer.value.map(({ version, sha256, metrics }) => ({
        version,
        sha256,
        score: metrics,
      }));
      seen.value = mergeVersions(seen.peek(), earlier);
    },
  };
}

/** By version, the newest 500; of two that speak of one version, what has a score holds. */
export function mergeVersions(known: readonly ModelThen[], more: readonly ModelThen[]): readonly ModelThen[] {
  const byVersion = new Map(known.map((one) => [one.version, one]));
  for (const one of more) {
    const score = one.score ?? byVersion.get(one.version)?.score ?? null;
    byVersion.set(one.version, { ...one, score });
  }
  return [...byVersion.values()].toSorted((a, b) => a.version - b.version).slice(-SEEN_COUNT);
}

const modelOf = ({ version, sha256, metrics, online, state }: PublicTask): ModelNow => ({
  version,
  sha256,
  score: metrics,
  online,
  state,
});
