import type { TaskId } from '../../shared/ids.ts';
import type { Participation, Score } from '../../shared/protocol/index.ts';
import type { FeatureValues } from '../../shared/task/kinds/form.ts';
import { copiedValues } from '../client/in-turns.ts';
import type { BackendChoice, Encoder, RequestedBackend, Trainer, TrainResult, WeightsSource } from '../client/ports.ts';
import type { Dataset } from '../data/dataset.ts';
import type { FitResult, Fitting } from './fitting.ts';
import { lossesOf } from './losses.ts';
import type { TrainerMethods } from './methods.ts';
import { type Caller, type CallResult, callerOf } from './rpc.ts';

/** The engine's trainer, and what "Try it" needs besides. */
export interface RemoteTrainer extends Required<Trainer>, Required<Encoder> {
  /** A server's weights, fetched, put together and hashed by the worker. */
  weights(server: string, joinToken: string | undefined): WeightsSource;
  /** At most this share of the time is spent training, 0 … 1, from now on; what trains already heeds it too. */
  ease(share: number): void;
  /** A personal model of the own examples, which stays here. Like `train`, and in turn with it. */
  fit(fitting: Fitting, options: Parameters<Trainer['train']>[1]): Promise<FitResult>;
  /** The score of these weights on own examples; null where there are none or the worker failed. */
  evaluate(params: Float32Array): Promise<Score | null>;
  /** What the model says of one example as it is kept (see `core/predict.ts`). Null if the worker failed. */
  predict(params: Float32Array, features: FeatureValues): Promise<Float32Array | null>;
}

/** Where a page notes what the probe found, for its next visit. */
export interface ProbeNotes {
  /** Whatever lies there: the worker looks at what it is. */
  load(): unknown;
  save(probe: object): void;
}

export interface RemoteTrainerOptions {
  readonly task: TaskId;
  /** Starts the worker: `() => new Worker(new URL('../trainer/worker.ts', import.meta.url), { type: 'module' })`. */
  readonly worker: () => Worker;
  /** Examples that lie in this page's memory, where IndexedDB cannot be used; else the worker reads IndexedDB itself. */
  readonly memory?: Dataset;
  /** Each worker probes anew where nothing is given. */
  readonly notes?: ProbeNotes;
}

/** A worker that does not stop by then is ended from outside: leaving takes a second. */
const STOP_WITHIN_MS = 700;

/**
 * The trainer behind a worker that is started by the first call, and started anew after a failure: a lost WebGL context
 * poisons the whole backend, and only the end of its thread gives the memory back.
 */
export function createRemoteTrainer({ task, worker: start, memory, notes }: RemoteTrainerOptions): RemoteTrainer {
  let running: { readonly worker: Worker; readonly caller: Caller<TrainerMethods> } | undefined;
  let wanted: Wanted | undefined;
  let prepared: Promise<CallResult<BackendChoice>> | undefined;
  const losses = lossesOf();
  let predicted: Float32Array | null = null;
  let inOrder: Promise<unknown> = Promise.resolve();
  let givenRevision = -1;
  let share = 1;

  function stop(why: string): void {
    running?.worker.terminate();
    running?.caller.end(why);
    running = undefined;
    prepared = undefined;
    predicted = null;
    givenRevision = -1;
  }

  function caller(): Caller<TrainerMethods> {
    if (running !== undefined) return running.caller;
    const worker = start();
    const caller = callerOf<TrainerMethods>(worker);
    const isCurrent = () => running?.worker === worker;
    worker.addEventListener('error', (event) => {
      event.preventDefault();
      if (isCurrent()) stop(`the trainer's worker failed: ${event.message ?? 'it could not be loaded'}`);
    });
    worker.addEventListener('messageerror', () => isCurrent() && stop('the trainer answered with nonsense'));
    running = { worker, caller };
    if (share < 1) void caller.call('ease', { share });
    return caller;
  }

  /** The worker as the last `prepare` wanted it: after a failure that is a new one, prepared again. */
  async function ready(): Promise<CallResult<BackendChoice>> {
    if (wanted === undefined) throw new Error('prepare comes first');
    prepared ??= prepareOn(caller(), wanted);
    const choice = await prepared;
    if (!choice.ok) stop(choice.message);
    else await giveExamples();
    return choice;
  }

  /** For those who take an error for an answer. The vectors go over to the worker. */
  async function asked<Name extends 'encode' | 'advance'>(
    method: Name,
    input: TrainerMethods[Name]['input'],
    vectors: readonly (Float32Array | Uint8Array)[],
  ): Promise<TrainerMethods[Name]['output']> {
    const choice = await ready();
    const transfer = vectors.map(({ buffer }) => buffer as ArrayBuffer);
    const answer = choice.ok ? await caller().call(method, input, { transfer }) : choice;
    if (answer.ok) return answer.value as TrainerMethods[Name]['output'];
    throw new Error(answer.message);
  }

  async function prepareOn(worker: Caller<TrainerMethods>, wanted: Wanted): Promise<CallResult<BackendChoice>> {
    const avoided = losses.avoided();
    const answer = await worker.call('prepare', { task, ...wanted, stored: notes?.load() ?? null, avoided });
    if (!answer.ok) return answer;
    const { choice, probe } = answer.value;
    if (probe !== null) notes?.save(probe);
    return { ok: true, value: { ...choice, losses: losses.count() } };
  }

  async function giveExamples(): Promise<void> {
    if (memory === undefined) return;
    const read = await memory.read();
    if (!read.ok || read.revision === givenRevision) return;
    givenRevision = read.revision;
    await caller().call('give', read.parts);
  }

  /** Work of many steps, which `vectors` go over for: told how far it is, stopped within a second, and the end of a worker that fails. */
  async function long<Name extends 'train' | 'fit' | 'score'>(
    method: Name,
    input: TrainerMethods[Name]['input'],
    vectors: readonly (Float32Array | null | undefined)[],
    { onProgress, signal }: Omit<Parameters<Trainer['train']>[1], 'seed'>,
  ): Promise<TrainerMethods[Name]['output'] | Stopped> {
    const choice = await ready();
    if (!choice.ok) return failed(choice.message);
    if (signal.aborted) return aborted;
    const ending = endAfterAbort(signal, () => stop('it did not stop in time'));
    const transfer = vectors.flatMap((vector) => (vector ? [vector.buffer as ArrayBuffer] : []));
    const answer = await caller().call(method, input, { onProgress, signal, transfer });
    ending.cancel();
    if (!answer.ok && signal.aborted) return aborted;
    const result = answer.ok ? answer.value : failed(answer.message);
    if (result.ok) losses.endRows();
    else if (result.reason === 'backend-lost') losses.add(choice.value.used);
    if (!result.ok && (result.reason === 'backend-lost' || result.reason === 'failed')) stop(result.message);
    return result;
  }

  return {
    async prepare(participation, requested) {
      const next = { participation, requested };
      if (wanted !== undefined && isOther(wanted, next)) {
        stop('another task or backend was asked for');
        losses.forgive();
      }
      wanted = next;
      const choice = await ready();
      if (choice.ok) return choice.value;
      throw new Error(choice.message);
    },
    async examples() {
      if (memory !== undefined) {
        const summary = await memory.summary();
        return summary.ok ? summary.count : 0;
      }
      const choice = await ready();
      if (!choice.ok) throw new Error(choice.message);
      const answer = await caller().call('examples', null);
      if (!answer.ok) throw new Error(answer.message);
      const { value } = answer;
      if (value.ok) return value.count;
      // A damaged dataset is not an empty one: training says what is wrong with it.
      if (value.reason === 'dataset-damaged') return 1;
      // Where nothing may be stored, nothing is.
      if (value.reason === 'unavailable') return 0;
      throw Object.assign(new Error(value.message), { reason: value.reason });
    },
    train: (params, { onProgress, signal, ...given }) =>
      long('train', { params, ...given }, [params, given.control?.sum], { onProgress, signal }),
    async fit(fitting, { seed, ...options }) {
      const shared = await copiedValues(fitting.shared);
      const start = fitting.start && (await copiedValues(fitting.start));
      return long('fit', { shared, start, seed }, [shared, start], options);
    },
    score: (params, { signal }) => long('score', { params }, [params], { onProgress: () => {}, signal }),
    async evaluate(params) {
      if (!(await ready()).ok) return null;
      const to = caller();
      const copy = await copiedValues(params);
      const answer = await to.call('evaluate', { params: copy }, { transfer: [copy.buffer] });
      return answer.ok ? answer.value : null;
    },
    async predict(params, features) {
      if (!(await ready()).ok) return null;
      const to = caller();
      // In the order of the calls: the worker is given what is new before it is asked for the same again.
      const giving = inOrder.then(async () => {
        const isNew = predicted !== params;
        const copy = isNew ? await copiedValues(params) : null;
        if (running?.caller !== to) return null;
        predicted = params;
        return { answer: to.call('predict', { params: copy, features }, { transfer: copy ? [copy.buffer] : [] }) };
      });
      inOrder = giving;
      const answer = await (await giving)?.answer;
      if (answer?.ok) return answer.value;
      if (answer && running?.caller === to) stop(answer.message);
      return null;
    },
    weights: (server, joinToken) => ({
      async fetch(sha256, bytes, signal) {
        const answer = await caller().call('fetch', { server, joinToken, sha256, bytes }, { signal });
        if (answer.ok) return answer.value;
        throw new Error(answer.message);
      },
    }),
    encode: (delta, coding) => asked('encode', { delta, coding }, [delta]),
    advance: (weights, steps, coding) =>
      asked('advance', { weights, steps, coding }, [weights, ...steps.map(({ frame }) => frame)]),
    async settle(isAccepted) {
      // A worker that is gone has lost what there was to settle.
      await running?.caller.call('settle', { isAccepted });
    },
    ease(next) {
      share = next;
      void running?.caller.call('ease', { share });
    },
    close: () => stop('the trainer was closed'),
  };
}

type Stopped = Extract<TrainResult, { readonly ok: false }>;
const aborted: Stopped = { ok: false, reason: 'aborted', message: 'training was stopped' };
const failed = (message: string): Stopped => ({ ok: false, reason: 'failed', message });

type Wanted = { readonly participation: Participation; readonly requested: RequestedBackend };

/** Does the next `prepare` need another model or another backend? The rest of a participation may change freely. */
function isOther(before: Wanted, next: Wanted): boolean {
  const essence = ({ participation: { topology, client, data }, requested }: Wanted) =>
    JSON.stringify([topology, client, data, requested]);
  return essence(before) !== essence(next);
}

function endAfterAbort(signal: AbortSignal, end: () => void): { cancel(): void } {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const arm = (): void => {
    timer = setTimeout(end, STOP_WITHIN_MS);
  };
  signal.addEventListener('abort', arm, { once: true });
  return {
    cancel() {
      clearTimeout(timer);
      signal.removeEventListener('abort', arm);
    },
  };
}
