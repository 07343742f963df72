import { computed, effect, signal } from '@preact/signals';
import { isSha256 } from '../../shared/ids.ts';
import type { PublicTask } from '../../shared/protocol/public-task.ts';
import type { RequestedBackend } from '../client/ports.ts';
import type { ClientView, FederatedClient } from '../client/view.ts';
import type { RemoteTrainer } from '../trainer/remote.ts';
import { formatNumber, pauseWithDevice, showToast } from '../ui/index.ts';
import { fetchCheckpoints, fetchTask } from './api.ts';
import { type Contribution, isJoined, type ModelNow, type ModelThen, type Press } from './contribution.ts';
import { columnsOfImages, imageOfDrawing, imagesOfFiles } from './example-images.ts';
import { forgetAll, remember, remembered } from './remembered.ts';
import { storedExamples } from './stored-examples.ts';
import { createTrial } from './trial.ts';
import { contributeWords } from './words/index.ts';

export interface JoiningOptions {
  readonly task: PublicTask;
  readonly requested: RequestedBackend;
  readonly joinToken: string | null;
}

/** Sample data comes in portions of this many. */
const SAMPLES_COUNT = 600;
/** While nobody has joined there is no socket: the page asks now and then, if it is looked at. */
const ASK_EVERY_MS = 10_000;
const SEEN_COUNT = 500;

/** The page's contribution to one task, with the real parts behind it: each is fetched and opened by the press that needs it. */
export function createContribution({ task, requested, joinToken }: JoiningOptions): Contribution {
  const data = task.participation?.data;
  const polled = signal(modelOf(task));
  const view = signal<ClientView>(idleView(task, remembered(task.id).examples?.count ?? 0));
  const before = signal<ModelThen | null>(beforeOf(task));
  const busy = signal<Press | null>(null);
  const seen = signal<readonly ModelThen[]>([]);
  const model = computed<ModelNow>(() => {
    const { status } = view.value;
    if (!isJoined(view.value) || status === null) return polled.value;
    const { version, sha256, metrics, online, state } = status;
    return { version, sha256, accuracy: metrics?.accuracy ?? null, online, state };
  });
  effect(() => {
    const { version, sha256, accuracy } = model.value;
    const old = seen.peek();
    const last = old.at(-1);
    if (last?.version === version && last.accuracy === accuracy) return;
    const rest = old.filter((one) => one.version < version);
    seen.value = [...rest, { version, sha256, accuracy }].slice(-SEEN_COUNT);
  });

  let client: FederatedClient | null = null;
  const kind = { shape: data?.shape ?? [], classCount: data?.labels.length ?? 0 };
  const stored = storedExamples(task, kind, () => client?.examplesChanged());

  // ── the worker: one for training and for "Try it" ──
  let trainer: { readonly remote: RemoteTrainer; readonly isMemory: boolean } | null = null;
  async function trainerNow(): Promise<RemoteTrainer> {
    const shown = stored.view.peek();
    const isMemory = shown.kind === 'open' && shown.isInMemory;
    if (trainer && (trainer.isMemory || !isMemory)) return trainer.remote;
    trainer?.remote.close();
    const [{ createRemoteTrainer }, dataset] = await Promise.all([
      import('../trainer/remote.ts'),
      isMemory ? stored.open() : null,
    ]);
    const remote = createRemoteTrainer({
      task: task.id,
      worker: () => new Worker(new URL('../trainer/worker.ts', import.meta.url), { type: 'module' }),
      ...(dataset === null ? {} : { memory: dataset }),
    });
    trainer = { remote, isMemory };
    return remote;
  }

  async function clientNow(): Promise<FederatedClient> {
    if (client) return client;
    const [{ createFederatedClient, browserPorts }, remote] = await Promise.all([
      import('../client/browser.ts'),
      trainerNow(),
    ]);
    const made = createFederatedClient({
      server: location.origin,
      task: task.id,
      joinToken: joinToken ?? undefined,
      backend: requested,
      ports: browserPorts({ server: location.origin, trainer: remote }),
    });
    made.subscribe((next) => {
      view.value = next;
      if (isDamaged(next) && stored.view.peek().kind !== 'damaged') stored.markDamaged();
    });
    client = made;
    return made;
  }

  const trial = createTrial({
    task,
    requested,
    joinToken,
    trainer: trainerNow,
    now: () => model.peek(),
    before: () => before.peek(),
  });

  async function pressed(press: Press, work: () => Promise<void>): Promise<void> {
    if (busy.peek() !== null) return;
    busy.value = press;
    await guarded(work);
    busy.value = null;
  }

  async function ask(): Promise<void> {
    const answer = await fetchTask(task.id, joinToken);
    if (answer.ok) polled.value = modelOf(answer.value);
  }
  setInterval(() => {
    if (!document.hidden && !isJoined(view.peek())) void ask();
  }, ASK_EVERY_MS);

  async function history(): Promise<void> {
    const answer = await fetchCheckpoints(task.id, joinToken);
    if (!answer.ok) return;
    const all = new Map(answer.value.map(({ version, sha256, metrics }) => [version, { version, sha256, metrics }]));
    const earlier = [...all.values()].map(({ version, sha256, metrics }) => ({
      version,
      sha256,
      accuracy: metrics?.accuracy ?? null,
    }));
    const live = seen.peek().filter(({ version }) => !all.has(version));
    seen.value = [...earlier, ...live].toSorted((a, b) => a.version - b.version).slice(-SEEN_COUNT);
  }

  let stopPauses: (() => void) | null = null;
  async function joinNow(): Promise<void> {
    // What this browser keeps is looked at first: memory takes its place where it keeps nothing.
    await stored.open();
    if (stored.view.peek().kind === 'damaged') {
      // Nobody is bothered with a contributor who cannot train.
      view.value = { ...view.peek(), state: 'error', reason: 'dataset-damaged' };
      return;
    }
    const joining = await clientNow();
    const { version, sha256, accuracy } = model.peek();
    if (before.peek() === null) {
      before.value = { version, sha256, accuracy };
      remember(task.id, { before: before.value });
    }
    stopPauses ??= pauseWithDevice(joining);
    await joining.start();
    void history();
  }
  const join = (): Promise<void> => pressed('join', joinNow);
  const resume = (): void => {
    if (client && isJoined(client.view())) client.resume();
    else void join();
  };
  /** The way out is open whatever else is being done. */
  async function leave(): Promise<void> {
    stopPauses?.();
    stopPauses = null;
    await client?.leave();
    if (client === null) view.value = { ...view.peek(), state: 'left', reason: null };
    void ask();
  }

  return {
    task,
    requested,
    view,
    model,
    examples: stored.view,
    trial: trial.view,
    before,
    seen,
    busy,

    showExamples: () => guarded(async () => void (await stored.open())),
    async addDrawing(strokes, label) {
      let isKept = false;
      await guarded(async () => {
        const image = await imageOfDrawing(strokes, kind.shape);
        if (image === null) showToast(contributeWords().examples.emptyDrawing);
        else isKept = await stored.add(columnsOfImages([{ image, label }]));
      });
      return isKept;
    },
    async readImages(files) {
      let images: Awaited<ReturnType<typeof imagesOfFiles>> = [];
      await pressed('images', async () => {
        images = await imagesOfFiles(files, task);
      });
      return images;
    },
    addImages: (images) =>
      pressed('images', async () => {
        if (images.length > 0 && (await stored.add(columnsOfImages(images)))) {
          showToast(contributeWords().examples.added(formatNumber(images.length)));
        }
      }),
    addSamples: () =>
      pressed('samples', async () => {
        const t = contributeWords().examples;
        const { fetchSamples } = await import('../data/import/samples.ts');
        const samples = await fetchSamples('', task.id, SAMPLES_COUNT, kind);
        if (!samples.ok) {
          showToast(samples.reason === 'no-samples' ? t.noSamples : t.samplesFailed, 'problem');
        } else if (await stored.add(samples.examples)) {
          showToast(t.added(formatNumber(samples.examples.labels.length)));
          if (samples.reused > 0) showToast(t.samplesUsedUp);
        }
      }),
    removeExample: (id) => guarded(() => stored.remove(id)),
    showMore: () => guarded(() => stored.showMore()),
    async repair() {
      await pressed('repair', async () => {
        const kept = await stored.repair();
        if (kept !== null) showToast(contributeWords().examples.repaired(formatNumber(kept)));
      });
      if (stored.view.peek().kind === 'open' && isDamaged(view.peek())) resume();
    },

    join,
    pause: () => client?.pause(),
    resume,
    leave,
    erase: () =>
      pressed('erase', async () => {
        const t = contributeWords().erase;
        await leave();
        // A browser that keeps nothing has no secret either: the examples go all the same.
        const { serverForgot } = await (await clientNow()).forget().catch(() => ({ serverForgot: false }));
        trial.close();
        trainer?.remote.close();
        const isGone = await stored.erase();
        forgetAll(task.id);
        before.value = null;
        showToast(!isGone ? t.failed : serverForgot ? t.done : t.doneHere, isGone && serverForgot ? 'info' : 'problem');
      }),

    openTrial: () => guarded(() => trial.open()),
    predict: (strokes) => guarded(() => trial.predict(strokes)),
  };
}

/** What no part expects ends here: a chunk that cannot be fetched any more, a bug. Nothing of the person's is lost by it. */
async function guarded(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    console.error(error);
    showToast(contributeWords().examples.failed, 'problem');
  }
}

const isDamaged = (view: ClientView): boolean => view.state === 'error' && view.reason === 'dataset-damaged';

const modelOf = ({ version, sha256, metrics, online, state }: PublicTask): ModelNow => ({
  version,
  sha256,
  accuracy: metrics?.accuracy ?? null,
  online,
  state,
});

/** A note from a task of this name that was deleted and made again says nothing. */
function beforeOf(task: PublicTask): ModelThen | null {
  const { before } = remembered(task.id);
  return before !== null && before.version <= task.version ? before : null;
}

/** What the engine would say before it exists. */
export function idleView(task: PublicTask, examples: number): ClientView {
  return {
    task: task.id,
    state: 'idle',
    reason: null,
    detail: null,
    round: null,
    version: null,
    sha256: isSha256(task.sha256) ? task.sha256 : null,
    slot: null,
    status: null,
    progress: null,
    losses: [],
    uploadShare: 0,
    backend: null,
    examples,
    sentBytes: 0,
    receivedBytes: 0,
    retryInMs: null,
    lastReport: null,
    notes: [],
    counted: 0,
    connected: false,
  };
}
