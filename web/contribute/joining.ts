import { signal } from '@preact/signals';
import type { PublicTask } from '../../shared/protocol/public-task.ts';
import { bytesForm } from '../../shared/task/kinds/form.ts';
import { formOf } from '../../shared/task/kinds/index.ts';
import type { RequestedBackend } from '../client/ports.ts';
import type { ClientView, FederatedClient } from '../client/view.ts';
import { courtesyKeeper } from '../courtesy/index.ts';
import { probeNotes } from '../data/probe-notes.ts';
import type { RemoteTrainer } from '../trainer/remote.ts';
import { formatNumber, showToast } from '../ui/index.ts';
import { type Contribution, type CourtesyView, isJoined, type ModelThen, mayFit, type Press } from './contribution.ts';
import { columnsOfImages, imageOfDrawing, imagesOfFiles } from './example-images.ts';
import { idleView } from './idle-view.ts';
import { createPersonal } from './personal.ts';
import { createPresses } from './presses.ts';
import { forgetAll, remember, remembered } from './remembered.ts';
import { sharedModel } from './shared-model.ts';
import { storedExamples } from './stored-examples.ts';
import { createTrial } from './trial.ts';
import { contributeWords } from './words/index.ts';

export interface JoiningOptions {
  readonly task: PublicTask;
  readonly requested: RequestedBackend;
  readonly joinToken: string | null;
}

/** Of a task that says nothing of its data: nothing is kept for it. */
const NOTHING = bytesForm([], 0);
/** Sample data comes in portions of this many. */
const SAMPLES_COUNT = 600;

/** The page's contribution to one task, with the real parts behind it: each is fetched and opened by the press that needs it. */
export function createContribution({ task, joinToken, ...options }: JoiningOptions): Contribution {
  const requested = signal(options.requested);
  const data = task.participation?.data;
  const view = signal<ClientView>(idleView(task, remembered(task.id).examples?.count ?? 0));
  const before = signal<ModelThen | null>(beforeOf(task));
  const presses = createPresses();
  const shared = sharedModel(task, joinToken, view);

  /** Of the time, what may be spent training. */
  let share = 1;
  const keeper = courtesyKeeper({
    task: task.id,
    policy: () => task.participation?.courtesy,
    onShare: (next) => {
      share = next;
      void trainer?.remote.then((remote) => remote.ease(share)).catch(() => {});
    },
    onChange: () => {
      courtesy.value = { choices: keeper.choices, used: keeper.used };
    },
  });
  const courtesy = signal<CourtesyView>({ choices: keeper.choices, used: keeper.used });

  let client: FederatedClient | null = null;
  const notes = probeNotes(task.id);
  const pictures = data?.kind === 'image' ? data : null;
  const form = data === undefined ? NOTHING : formOf(data);
  const stored = storedExamples(task, form, () => client?.examplesChanged());

  // ── the worker: one for training and for "Try it" ──
  let trainer: { readonly remote: Promise<RemoteTrainer>; readonly isMemory: boolean } | null = null;
  function trainerNow(): Promise<RemoteTrainer> {
    const shown = stored.view.peek();
    const isMemory = shown.kind === 'open' && shown.isInMemory;
    if (trainer && (trainer.isMemory || !isMemory)) return trainer.remote;
    closeTrainer();
    const remote = openTrainer(isMemory);
    trainer = { remote, isMemory };
    remote.catch(() => {
      if (trainer?.remote === remote) trainer = null;
    });
    return remote;
  }
  function closeTrainer(): void {
    trainer?.remote.then(
      (remote) => remote.close(),
      () => {},
    );
    trainer = null;
  }
  async function openTrainer(isMemory: boolean): Promise<RemoteTrainer> {
    const [{ createRemoteTrainer }, dataset] = await Promise.all([
      import('../trainer/remote.ts'),
      isMemory ? stored.open() : null,
    ]);
    const remote = createRemoteTrainer({
      task: task.id,
      worker: () => new Worker(new URL('../trainer/worker.ts', import.meta.url), { type: 'module' }),
      notes,
      ...(dataset === null ? {} : { memory: dataset }),
    });
    remote.ease(share);
    return remote;
  }

  async function clientNow(): Promise<FederatedClient> {
    if (client) return client;
    const [{ createFederatedClient, browserPorts, originStorage }, { isUnavailable }, remote] = await Promise.all([
      import('../client/browser.ts'),
      import('../data/failure.ts'),
      trainerNow(),
    ]);
    const made = createFederatedClient({
      server: location.origin,
      task: task.id,
      joinToken: joinToken ?? undefined,
      backend: requested.peek(),
      ports: {
        ...browserPorts({
          trainer: remote,
          weights: remote.weights(location.origin, joinToken ?? undefined),
          encoder: remote,
        }),
        // A browser that keeps nothing takes part all the same, as long as the page is open.
        ...originStorage(task.id, isUnavailable),
      },
    });
    made.subscribe((next) => {
      const hasRunOut = next.state === 'needs-data' && view.peek().state !== 'needs-data';
      view.value = next;
      if (hasRunOut) void guarded(() => stored.recheck());
      if (isDamaged(next) && stored.view.peek().kind !== 'damaged') stored.markDamaged();
    });
    client = made;
    return made;
  }

  const trial = createTrial({
    task,
    requested: () => requested.peek(),
    joinToken,
    trainer: trainerNow,
    now: () => shared.now.peek(),
    before: () => before.peek(),
    personal: () => personal.params(),
  });
  const personal = createPersonal({
    task,
    requested: () => requested.peek(),
    trainer: trainerNow,
    examples: async () => (await stored.open()) !== null,
    shared: () => trial.shared(),
    version: () => shared.now.peek().version,
    onChange: () => void guarded(() => trial.again()),
  });

  const pressed = (press: Press, work: () => Promise<void>): Promise<void> =>
    presses.carryOut(press, () => guarded(work));

  let endCourtesy: (() => void) | null = null;
  /** A join that is overtaken by a leave ends where it is. */
  let isWanted = false;
  async function joinNow(): Promise<void> {
    if (!isWanted) return;
    // What this browser keeps is looked at first: memory takes its place where it keeps nothing.
    await stored.open();
    if (!isWanted) return;
    if (stored.view.peek().kind === 'damaged') {
      // Nobody is bothered with a contributor who cannot train.
      view.value = { ...view.peek(), state: 'error', reason: 'dataset-damaged' };
      return;
    }
    const joining = await clientNow();
    if (!isWanted) return;
    const { version, sha256, score } = shared.now.peek();
    if (before.peek() === null) {
      before.value = { version, sha256, score };
      remember(task.id, { before: before.value });
    }
    await joining.start();
    if (isWanted) endCourtesy ??= keeper.keep(joining);
    void shared.fetchHistory();
  }
  function join(): Promise<void> {
    isWanted = true;
    personal.stop();
    return pressed('join', joinNow);
  }
  const resume = (): void => {
    personal.stop();
    if (client && isJoined(client.view())) client.resume();
    else void join();
  };
  /** The way out is open whatever else is being done. */
  async function leave(): Promise<void> {
    isWanted = false;
    endCourtesy?.();
    endCourtesy = null;
    await client?.leave();
    if (client === null) view.value = { ...view.peek(), state: 'left', reason: null };
    void shared.ask();
  }

  return {
    task,
    requested,
    view,
    model: shared.now,
    examples: stored.view,
    trial: trial.view,
    personal: personal.view,
    before,
    seen: shared.seen,
    presses: presses.running,
    courtesy,

    showExamples: () => guarded(async () => void (await stored.open())),
    async addDrawing(strokes, label) {
      let isKept = false;
      await guarded(async () => {
        const image = pictures && (await imageOfDrawing(strokes, pictures));
        if (image === null) showToast(contributeWords().examples.emptyDrawing);
        else isKept = await stored.add(columnsOfImages([{ image, label }]));
      });
      return isKept;
    },
    async readImages(files) {
      let images: Awaited<ReturnType<typeof imagesOfFiles>> = [];
      await pressed('images', async () => {
        if (pictures) images = await imagesOfFiles(files, pictures);
      });
      return images;
    },
    addImages: (images) =>
      pressed('images', async () => {
        if (images.length > 0 && (await stored.add(columnsOfImages(images)))) {
          showToast(contributeWords().examples.added(formatNumber(images.length)));
        }
      }),
    async addExamples(columns) {
      let isKept = false;
      await pressed('import', async () => {
        isKept = await stored.add(columns);
        if (isKept) showToast(contributeWords().examples.added(formatNumber(columns.targets.length)));
      });
      return isKept;
    },
    addSamples: () =>
      pressed('samples', async () => {
        const t = contributeWords().examples;
        const { fetchSamples } = await import('../data/import/samples.ts');
        const samples = await fetchSamples('', task.id, SAMPLES_COUNT, form);
        if (!samples.ok) {
          showToast(samples.reason === 'no-samples' ? t.noSamples : t.samplesFailed, 'problem');
        } else if (await stored.add(samples.examples)) {
          showToast(t.added(formatNumber(samples.examples.targets.length)));
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

    choose(backend) {
      if (backend === requested.peek()) return;
      personal.stop();
      requested.value = backend;
      // In the address, where a reload finds it again.
      const address = new URL(location.href);
      address.searchParams.set('backend', backend);
      history.replaceState(null, '', address);
      client?.choose(backend);
      // Without a participation the trial alone holds the backend.
      if (trial.view.peek().kind === 'open') void guarded(() => trial.open());
    },
    join,
    chooseWhen: (change) => keeper.choose(change),
    pause: () => client?.pause(),
    resume,
    leave,
    erase: () =>
      pressed('erase', async () => {
        const t = contributeWords().erase;
        await leave();
        // A browser that keeps nothing has no secret either: the examples go all the same.
        const leaving = await clientNow();
        const { serverForgot } = await leaving.forget().catch(() => ({ serverForgot: false }));
        await leaving.close();
        client = null;
        trial.close();
        const isFitGone = await personal.forget();
        closeTrainer();
        const isGone = (await stored.erase()) && isFitGone;
        forgetAll(task.id);
        keeper.forget();
        notes.forget();
        before.value = null;
        showToast(!isGone ? t.failed : serverForgot ? t.done : t.doneHere, isGone && serverForgot ? 'info' : 'problem');
      }),

    openTrial: () =>
      guarded(async () => {
        await personal.load();
        await trial.open();
      }),
    fit: () =>
      guarded(async () => {
        if (mayFit(view.peek()) && !(isWanted && view.peek().state !== 'paused')) await personal.fit();
      }),
    stopFit: () => personal.stop(),
    usePersonal: (isUsed) => personal.use(isUsed),
    forgetFit: () => guarded(async () => void (await personal.forget())),
    predict: (example) => guarded(async () => trial.predict(await example)),
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

/** A note from a task of this name that was deleted and made again says nothing. */
function beforeOf(task: PublicTask): ModelThen | null {
  const { before } = remembered(task.id);
  return before !== null && before.version <= task.version ? before : null;
}
