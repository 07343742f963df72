import { isTaskId, type TaskId } from '../../shared/ids.ts';
import type { PublicTask } from '../../shared/protocol/public-task.ts';
import { bytesForm } from '../../shared/task/kinds/form.ts';
import { formOf } from '../../shared/task/kinds/index.ts';
import { browserPorts, createFederatedClient, originStorage } from '../client/browser.ts';
import type { CourtesyChoices } from '../client/courtesy.ts';
import { isChoices } from '../client/courtesy-notes.ts';
import type { ClientPorts, Encoder, RequestedBackend, Trainer, WeightsSource } from '../client/ports.ts';
import { type SdkClient, sdkClient } from '../client/sdk-client.ts';
import { courtesyKeeper } from '../courtesy/index.ts';
import { createDataset, createMemoryDataset, type Dataset, type DatasetSummary } from '../data/dataset.ts';
import { type DataFailure, isUnavailable } from '../data/failure.ts';
import type { Samples } from '../data/import/samples.ts';
import { probeNotes } from '../data/probe-notes.ts';
import { createRemoteTrainer, type RemoteTrainer } from '../trainer/remote.ts';
import type { Example } from './example.ts';
import { fetchTaskFacts, type TaskFacts } from './task-facts.ts';
import { trainerWorker } from './trainer-worker.ts';

export interface ClientOptions {
  /** Name of the task. */
  readonly task: string;
  /** Address of the server. Where none is given: the one that this script came from. */
  readonly server?: string | undefined;
  /** For a closed task. */
  readonly joinToken?: string | undefined;
  readonly backend?: RequestedBackend | undefined;
  /** When it may train on the visitor's device and how hard, where that is to differ from what the task asks for. */
  readonly courtesy?: CourtesyChoices | undefined;
}

/** Where the examples are: kept by this browser, or only as long as the page is open. */
export type Kept = Dataset['kept'];
/** Why there are no sample data. */
export type SamplesFailure = Exclude<Samples, { readonly ok: true }>;
export type ExamplesAnswer = ({ readonly ok: true; readonly kept: Kept } & DatasetSummary) | DataFailure;
/** `reused`: how many of the samples were handed out to somebody before. */
export type SamplesAnswer =
  | (Extract<ExamplesAnswer, { readonly ok: true }> & { readonly reused: number })
  | DataFailure
  | SamplesFailure;

/** A contributor in this page's own origin: own examples, own secret, own worker. */
export interface Client extends SdkClient {
  /** Keeps the examples in this origin's IndexedDB, in memory where there is none. Rejects where the server cannot be asked what an example is. */
  addExamples(examples: readonly Example[]): Promise<ExamplesAnswer>;
  /** Takes sample data from the server. */
  addSamples(): Promise<SamplesAnswer>;
  /** Drops what is damaged of the stored examples and keeps the rest. */
  repairExamples(): Promise<ExamplesAnswer>;
  /** What the server says of the task; asked for once. Rejects where it cannot be asked, or says no. */
  task(): Promise<PublicTask>;
  /** Null until it is known. */
  kept(): Kept | null;
  /** Leaves; removes examples and secret here, and at the server what no version has used and the name in its rows. */
  forget(): Promise<{ readonly serverForgot: boolean; readonly examplesDeleted: boolean }>;
}

const SAMPLES_COUNT = 600;

/** Nothing is opened, fetched or stored before the first call of a verb. */
export function browserClient({
  task,
  joinToken,
  backend,
  courtesy,
  ...options
}: ClientOptions & { readonly server: string }): Client {
  if (!isTaskId(task)) throw new TypeError(`not the name of a task: ${task}`);
  if (courtesy !== undefined && !isChoices(courtesy)) throw new TypeError('not choices of courtesy');
  const server = new URL(options.server).href.replace(/\/$/, '');
  const storage = originStorage(task, isUnavailable);
  const notes = probeNotes(task);
  let opening: Promise<Opened> | null = null;
  let opened: Opened | null = null;
  let remote: RemoteTrainer | null = null;
  let share = 1;

  interface Opened {
    readonly facts: TaskFacts;
    readonly dataset: Dataset;
  }
  /** What the task's examples are, and where they are kept. A failure is not remembered: the next call asks again. */
  function open(): Promise<Opened> {
    opening ??= openOnce().catch((error: unknown) => {
      opening = null;
      throw error;
    });
    return opening;
  }
  async function openOnce(): Promise<Opened> {
    const [facts, isKept] = await Promise.all([fetchTaskFacts(server, task as TaskId), storage.isKept()]);
    const form = formOf(facts.participation.data);
    opened = { facts, dataset: isKept ? createDataset(facts.id, form) : createMemoryDataset(form) };
    return opened;
  }

  /** The engine prepares it once there are examples: by then it is known where they are. */
  function trainerNow(): RemoteTrainer {
    if (remote !== null) return remote;
    remote = createRemoteTrainer({
      task: task as TaskId,
      worker: () => trainerWorker(server),
      notes,
      ...(opened?.dataset.kept === 'memory' ? { memory: opened.dataset } : {}),
    });
    remote.ease(share);
    return remote;
  }
  const trainer: Trainer = {
    prepare: (participation, requested) => trainerNow().prepare(participation, requested),
    examples: () => trainerNow().examples(),
    train: (params, how) => trainerNow().train(params, how),
    score: (params, how) => trainerNow().score(params, how),
    close: () => remote?.close(),
  };

  const encoder: Encoder = {
    encode: (...given) => trainerNow().encode(...given),
    settle: async (isAccepted) => remote?.settle(isAccepted),
    advance: (...given) => trainerNow().advance(...given),
  };

  const weights: WeightsSource = {
    fetch: (...given) =>
      trainerNow()
        .weights(server, joinToken)
        .fetch(...given),
  };

  const ports: ClientPorts = {
    ...browserPorts({ trainer, weights, encoder }),
    secrets: storage.secrets,
    lock: storage.lock,
    async examples() {
      const summary = await (await open()).dataset.summary();
      if (!summary.ok) throw Object.assign(new Error(summary.message), { reason: summary.reason });
      return summary.count;
    },
  };
  const client = createFederatedClient({ server, task, joinToken, backend, ports });
  const engine = sdkClient(client);
  const keeper = courtesyKeeper({
    task,
    policy: () => opened?.facts.participation.courtesy,
    choices: courtesy,
    onShare: (next) => {
      share = next;
      remote?.ease(share);
    },
  });
  let endCourtesy: (() => void) | null = null;
  /** Counts starts and stops: a start that is overtaken by a stop ends where it is. */
  let turn = 0;
  const keepNoMore = (): void => {
    turn++;
    endCourtesy?.();
    endCourtesy = null;
  };

  async function changeExamples(
    change: (opened: Opened) => Promise<{ readonly ok: true } | DataFailure>,
  ): Promise<ExamplesAnswer> {
    const now = await open();
    const changed = await change(now);
    if (!changed.ok) return changed;
    engine.examplesChanged();
    const summary = await now.dataset.summary();
    return summary.ok ? { ...summary, kept: now.dataset.kept } : summary;
  }

  return {
    ...engine,
    async start() {
      const own = ++turn;
      await engine.start();
      if (own === turn) endCourtesy ??= keeper.keep(client);
    },
    stop() {
      keepNoMore();
      return engine.stop();
    },
    addExamples: (examples) =>
      changeExamples(async ({ facts, dataset }) => {
        const { columnsOfExamples } = await import('./example.ts');
        const read = await columnsOfExamples(examples, facts.participation.data);
        return read.ok ? dataset.add(read.columns) : read;
      }),
    async addSamples() {
      const { facts } = await open();
      const { fetchSamples } = await import('../data/import/samples.ts');
      const samples = await fetchSamples(server, facts.id, SAMPLES_COUNT, formOf(facts.participation.data));
      if (!samples.ok) return samples;
      const answer = await changeExamples(({ dataset }) => dataset.add(samples.examples));
      return answer.ok ? { ...answer, reused: samples.reused } : answer;
    },
    repairExamples: () => changeExamples(({ dataset }) => dataset.repair()),
    task: async () => (await open()).facts,
    kept: () => opened?.dataset.kept ?? null,
    async forget() {
      keepNoMore();
      keeper.forget();
      const forgotten = await engine.forget().catch(() => null);
      // No server is asked what an example is: deleting takes the database, whatever lies in it.
      const dataset = opened?.dataset ?? createDataset(task, bytesForm([], 0));
      const cleared = await dataset.clear();
      notes.forget();
      const isGone = cleared.ok || cleared.reason === 'unavailable';
      return { serverForgot: forgotten?.serverForgot ?? false, examplesDeleted: forgotten !== null && isGone };
    },
  };
}
