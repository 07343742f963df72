import type { TaskId } from '../../shared/ids.ts';
import { LIMITS } from '../../shared/limits.ts';
import type { Participation, Score } from '../../shared/protocol/index.ts';
import type { FeatureValues } from '../../shared/task/kinds/form.ts';
import { copiedValues } from '../client/in-turns.ts';
import type {
  Backend,
  BackendChoice,
  Encoder,
  RequestedBackend,
  Trainer,
  TrainResult,
  WeightsSource,
} from '../client/ports.ts';
import type { Dataset } from '../data/dataset.ts';
import type { FitResult, Fitting } from './fitting.ts';
import { lossesOf } from './losses.ts';
import type { TrainerMethods } from './methods.ts';
import { type Caller, type CallResult, callerOf, type End } from './rpc.ts';
import type { Answer } from './session.ts';

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
  /** What the model says of one example as it is kept (see `core/predict.ts`); `isFitted`: the one of a fit. Null if the worker failed. */
  predict(params: Float32Array, features: FeatureValues, isFitted?: boolean): Promise<Float32Array | null>;
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
  /** For so long the worker may say nothing at all; tests wait for less. */
  readonly silentMs?: number;
}

/** A worker that does not stop by then is ended from outside: leaving takes a second. */
const STOP_WITHIN_MS = 700;

/**
 * The trainer behind a worker that is started by the first call, and started anew after a failure: a lost WebGL context
 * poisons the whole backend, and only the end of its thread gives the memory back.
 */
export function createRemoteTrainer({
  task,
  worker: start,
  memory,
  notes,
  silentMs = LIMITS.trainerSilentMs,
}: RemoteTrainerOptions): RemoteTrainer {
  let running: Running | undefined;
  let wanted: Wanted | undefined;
  let prepared: Promise<CallResult<BackendChoice>> | undefined;
  const losses = lossesOf();
  let predicted: Float32Array | null = null;
  let inOrder: Promise<unknown> = Promise.resolve();
  let givenRevision = -1;
  let share = 1;

  function stop(why: string, reason: End = 'gone'): void {
    running?.worker.terminate();
    running?.caller.end(why, reason);
    running = undefined;
    prepared = undefined;
    predicted = null;
    givenRevision = -1;
  }

  /** The worker's backend was lost: counted once, whatever was under way, and all of it ends with that reason. */
  function lose(to: Caller<TrainerMethods>, message: string): void {
    if (running?.caller !== to) return;
    if (running.used !== undefined) losses.add(running.used);
    stop(message, 'lost');
  }

  /** A thread that does not come back was in a driver, unless plain JavaScript had it. */
  function onStuck(why: string): void {
    const { used, tried } = running ?? {};
    const message = `the trainer's worker is stuck: ${why}`;
    const backend = used ?? tried;
    const isDriver = backend !== undefined && backend !== 'cpu';
    if (isDriver && used === undefined) losses.avoid(backend);
    else if (isDriver) losses.add(backend);
    stop(message, isDriver ? 'lost' : 'gone');
  }

  function caller(): Caller<TrainerMethods> {
    if (running !== undefined) return running.caller;
    const worker = start();
    const caller = callerOf<TrainerMethods>(worker, {
      ...{ silentMs, answerMs: LIMITS.trainerAnswerMs, onStuck },
      long: ['train', 'fit', 'score', 'fetch'],
    });
    const isCurrent = () => running?.worker === worker;
    worker.addEventListener('error', (event) => {
      event.preventDefault();
      if (isCurrent()) stop(`the trainer's worker failed: ${event.message ?? 'it could not be loaded'}`);
    });
    worker.addEventListener('messageerror', () => isCurrent() && stop('the trainer answered with nonsense'));
    running = { worker, caller, used: undefined, tried: undefined };
    if (share < 1) void caller.call('ease', { share });
    return caller;
  }

  /** The worker as the last `prepare` wanted it: after a failure that is a new one, prepared again. */
  async function ready(): Promise<CallResult<BackendChoice>> {
    if (wanted === undefined) throw new Error('prepare comes first');
    prepared ??= prepareOn(caller(), wanted);
    const mine = prepared;
    const choice = await mine;
    if (choice.ok) await giveExamples();
    // Without the backend that took the thread with it: each time there is one less to try.
    else if (choice.reason === 'lost') return ready();
    else if (prepared === mine) stop(choice.message);
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
    const own = running;
    const avoided = losses.avoided();
    const input = { task, ...wanted, stored: notes?.load() ?? null, avoided };
    const onProgress = (backend: Backend): void => {
      if (own?.caller === worker) own.tried = backend;
    };
    const answer = await worker.call('prepare', input, { onProgress });
    if (!answer.ok) return answer;
    const { choice, probe } = answer.value;
    if (own?.caller === worker) own.used = choice.used;
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
    const to = caller();
    const answer = await to.call(method, input, { onProgress, signal, transfer });
    ending.cancel();
    if (!answer.ok && signal.aborted) return aborted;
    if (!answer.ok && answer.reason === 'lost') return { ok: false, reason: 'backend-lost', message: answer.message };
    const result = answer.ok ? answer.value : failed(answer.message);
    if (result.ok) losses.endRows();
    else if (result.reason === 'backend-lost') lose(to, result.message);
    else if (result.reason === 'failed' && running?.caller === to) stop(result.message);
    return result;
  }

  /** What the second model said; null, and the end of the worker, where it failed or its backend was lost. */
  function said<Value>(answer: CallResult<Answer<Value>>, to: Caller<TrainerMethods>): Value | null {
    if (answer.ok && answer.value.ok) return answer.value.value;
    if (answer.ok && !answer.value.ok) lose(to, answer.value.message);
    else if (!answer.ok && running?.caller === to) stop(answer.message);
    return null;
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
      return said(answer, to);
    },
    async predict(params, features, isFitted = false) {
      if (!(await ready()).ok) return null;
      const to = caller();
      // In the order of the calls: the worker is given what is new before it is asked for the same again.
      const giving = inOrder.then(async () => {
        const isNew = predicted !== params;
        const copy = isNew ? await copiedValues(params) : null;
        if (running?.caller !== to) return null;
        predicted = params;
        const asked = { params: copy, features, isFitted };
        return { answer: to.call('predict', asked, { transfer: copy ? [copy.buffer] : [] }) };
      });
      inOrder = giving;
      const answer = await (await giving)?.answer;
      return answer ? said(answer, to) : null;
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

interface Running {
  readonly worker: Worker;
  readonly caller: Caller<TrainerMethods>;
  /** What trains here, once that is known, and what was tried last before. */
  used: Backend | undefined;
  tried: Backend | undefined;
}

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
