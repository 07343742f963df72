import { batch, type ReadonlySignal, signal } from '@preact/signals';
import type { TaskId } from '../../shared/ids.ts';
import type { LiveTask } from '../../shared/protocol/admin-events.ts';
import type { TaskSpec } from '../../shared/task/spec.ts';
import { addressOf, codeOf, type Place, placeOf } from './address.ts';
import type { AdminTask } from './answers.ts';
import type { AdminApi, Answer, Failure, Order } from './api.ts';
import { emptyHistory, type History, withRounds, withScore } from './history.ts';
import { type Connection, type LiveEvents, openLiveEvents } from './live-events.ts';
import { allRounds, reachesStart } from './round-pages.ts';

/** Who is looking. `notice`: why one is out, where there is a reason. */
export type Session =
  | { readonly kind: 'checking' }
  | { readonly kind: 'in' }
  | { readonly kind: 'out'; readonly notice: 'link' | 'expired' | 'logged-out' | 'unreachable' | null };

/** One task as it is now. */
export interface TaskPicture extends LiveTask {
  /** On the page's own clock: when the phase of the current round ends at the latest. */
  readonly endsAtMs: number | null;
}

/** All that the page shows, and what a person can do to it. Components read the signals. */
export interface Dashboard {
  readonly session: ReadonlySignal<Session>;
  readonly connection: ReadonlySignal<Connection>;
  /** In the server's order; null until they are known. */
  readonly tasks: ReadonlySignal<ReadonlyMap<TaskId, TaskPicture> | null>;
  readonly details: ReadonlySignal<ReadonlyMap<TaskId, AdminTask>>;
  readonly histories: ReadonlySignal<ReadonlyMap<TaskId, History>>;
  /** Why the tasks could not be fetched. */
  readonly problem: ReadonlySignal<Failure | null>;
  readonly place: ReadonlySignal<Place>;
  go(place: Place, how?: 'push' | 'replace'): void;
  logIn(credential: string): Promise<Answer<unknown>>;
  logOut(): Promise<void>;
  order(task: TaskId, order: Order): Promise<Answer<unknown>>;
  /** These two resolve when the new task can be shown. */
  /** With initial weights, which are handed over first and must be those of the spec's own topology. */
  create(spec: TaskSpec, weights: Float32Array | null): Promise<Answer<unknown>>;
  duplicate(task: TaskId, id: TaskId, title: string): Promise<Answer<unknown>>;
  remove(task: TaskId): Promise<Answer<unknown>>;
  /** The address that is told how rounds end. */
  readonly webhook: Pick<AdminApi, 'webhook' | 'setWebhook' | 'clearWebhook'>;
  /** Who is logged in. */
  readonly logins: Pick<AdminApi, 'logins' | 'endLogin' | 'endOtherLogins'>;
  /** Fetches the tasks again after a failure. */
  reload(): void;
  tryNow(): void;
  /** Sees to it that the whole history of a task is there. */
  needHistory(task: TaskId): void;
  /** Fetches the checkpoints, or fetches them again. */
  needCheckpoints(task: TaskId): void;
}

/** Rounds that a sparkline draws. */
const SPARK_ROUNDS = 60;
/** Fetched when one has ended: those that ended in the meantime too. */
const NEWEST_ROUNDS = 5;

/** `makeApi` is told what to do when any call finds the session over. */
export function createDashboard(makeApi: (onLoggedOut: () => void) => AdminApi): Dashboard {
  const session = signal<Session>({ kind: 'checking' });
  const connection = signal<Connection>({ kind: 'connecting' });
  const tasks = signal<ReadonlyMap<TaskId, TaskPicture> | null>(null);
  const details = signal<ReadonlyMap<TaskId, AdminTask>>(new Map());
  const histories = signal<ReadonlyMap<TaskId, History>>(new Map());
  const problem = signal<Failure | null>(null);
  const place = signal<Place>(placeOf(location.search));
  let live: LiveEvents | null = null;
  const api = makeApi(() => session.value.kind === 'in' && leave('expired'));

  function enter(): void {
    session.value = { kind: 'in' };
    fetchTasks();
    live ??= openLiveEvents(api, {
      connection: (now) => {
        connection.value = now;
      },
      everything(all) {
        tasks.value = new Map(all.map((task) => [task.task, pictureOf(task)]));
        for (const { task } of all) fetchDetails(task);
        // What ended while nobody listened.
        for (const task of histories.value.keys()) refresh(task);
      },
      task(task) {
        tasks.value = new Map([...(tasks.value ?? []), [task.task, pictureOf(task)]]);
        fetchDetails(task.task);
      },
      removed: forget,
      roundEnded: ({ task }) => refresh(task),
      scored({ task, version, ...score }) {
        change(task, (history) => withScore(history, version, score));
      },
    });
  }

  /** Nothing of the session stays on the screen or in memory. */
  function leave(notice: Extract<Session, { kind: 'out' }>['notice']): void {
    live?.close();
    live = null;
    batch(() => {
      session.value = { kind: 'out', notice };
      connection.value = { kind: 'connecting' };
      tasks.value = null;
      details.value = new Map();
      histories.value = new Map();
      problem.value = null;
    });
  }

  /** By the link's code where there is one, else by the cookie of before. */
  async function begin(): Promise<void> {
    const code = codeOf(location.hash);
    // The code is good once; it must not stay in the address, the history or a screenshot.
    if (location.hash !== '') history.replaceState(history.state, '', location.pathname + location.search);
    const exchanged = code === null ? null : await api.logIn(code);
    if (exchanged?.ok) return enter();
    const known = await api.session();
    if (known.ok) return enter();
    if (known.failure.reason === 'logged-out') return leave(exchanged === null ? null : 'link');
    leave('unreachable');
  }

  async function fetchTasks(): Promise<void> {
    problem.value = null;
    const answer = await api.tasks();
    if (session.value.kind !== 'in') return;
    if (!answer.ok) {
      if (tasks.value === null) problem.value = answer.failure;
      return;
    }
    details.value = new Map(answer.value.map((task) => [task.id, task]));
    tasks.value ??= new Map(answer.value.map((task) => [task.id, pictureOf(liveTaskOf(task))]));
    for (const { id, archivedAt } of answer.value) if (archivedAt === null) await needSpark(id);
  }

  async function fetchDetails(task: TaskId): Promise<void> {
    const known = details.value.get(task);
    const isArchived = tasks.value?.get(task)?.archived ?? false;
    if (asking.has(task) || (known !== undefined && (known.archivedAt !== null) === isArchived)) return;
    asking.add(task);
    const answer = await api.task(task);
    asking.delete(task);
    if (answer.ok && session.value.kind === 'in') details.value = new Map([...details.value, [task, answer.value]]);
  }
  const asking = new Set<TaskId>();

  /** A task that was just made or archived: the event that tells of it may come later than the page. */
  async function adopt(task: TaskId): Promise<void> {
    const answer = await api.task(task);
    if (!answer.ok || session.value.kind !== 'in') return;
    const known = tasks.value?.get(task);
    const picture = known
      ? { ...known, archived: answer.value.archivedAt !== null }
      : pictureOf(liveTaskOf(answer.value));
    details.value = new Map([...details.value, [task, answer.value]]);
    tasks.value = new Map([...(tasks.value ?? []), [task, picture]]);
  }

  function forget(task: TaskId): void {
    batch(() => {
      tasks.value = without(tasks.value ?? new Map(), task);
      details.value = without(details.value, task);
      histories.value = without(histories.value, task);
      const here = place.value;
      if (here.kind === 'task' && here.task === task) go({ kind: 'home' }, 'replace');
    });
  }

  function change(task: TaskId, how: (history: History) => History): void {
    if (session.value.kind !== 'in') return;
    histories.value = new Map([...histories.value, [task, how(histories.value.get(task) ?? emptyHistory)]]);
  }

  async function fetchRounds(task: TaskId, limit: number): Promise<void> {
    const answer = await api.rounds(task, limit);
    if (answer.ok) change(task, (history) => withRounds(history, answer.value, reachesStart(answer.value)));
  }

  async function fetchAllRounds(task: TaskId): Promise<void> {
    const answer = await allRounds((limit, before) => api.rounds(task, limit, before));
    if (answer.ok) change(task, (history) => withRounds(history, answer.value, true));
  }

  async function needSpark(task: TaskId): Promise<void> {
    if (!histories.value.has(task)) await fetchRounds(task, SPARK_ROUNDS);
  }

  function needHistory(task: TaskId): void {
    const history = histories.value.get(task);
    if (!history?.isWhole) fetchAllRounds(task);
    if (!history?.checkpoints) needCheckpoints(task);
  }

  async function needCheckpoints(task: TaskId): Promise<void> {
    const answer = await api.checkpoints(task);
    if (answer.ok) change(task, (history) => ({ ...history, checkpoints: answer.value }));
  }

  /** A round ended, or it may have. */
  async function refresh(task: TaskId): Promise<void> {
    const before = histories.value.get(task) ?? emptyHistory;
    const last = before.rounds.at(-1)?.number ?? 0;
    await fetchRounds(task, NEWEST_ROUNDS);
    const rounds = histories.value.get(task)?.rounds ?? [];
    // More ended than were asked for: a gap would look like rounds that never were.
    const next = rounds.find(({ number }) => number > last)?.number ?? last + 1;
    if (next > last + 1) await (before.isWhole ? fetchAllRounds(task) : fetchRounds(task, SPARK_ROUNDS));
    const here = place.value;
    if (here.kind === 'task' && here.task === task && here.tab === 'model') await needCheckpoints(task);
  }

  function go(to: Place, how: 'push' | 'replace' = 'push'): void {
    const address = addressOf(to, location.search);
    if (how === 'push') history.pushState(null, '', address);
    else history.replaceState(null, '', address);
    place.value = to;
    if (how === 'push') scrollTo(0, 0);
  }

  addEventListener('popstate', () => {
    place.value = placeOf(location.search);
  });
  // A new link opened in a tab that is here already.
  addEventListener('hashchange', () => codeOf(location.hash) !== null && begin());
  begin();

  return {
    ...{ session, connection, tasks, details, histories, problem, place, go, needHistory, needCheckpoints },
    webhook: api,
    logins: api,
    async logIn(credential) {
      const answer = await api.logIn(credential);
      if (answer.ok) enter();
      return answer;
    },
    async logOut() {
      const answer = await api.logOut();
      if (answer.ok || answer.failure.reason === 'logged-out') leave('logged-out');
    },
    async order(task, order) {
      const answer = await api.order(task, order);
      // What is not part of a task's live status is asked for.
      if (answer.ok && order.kind === 'archive') await adopt(task);
      return answer;
    },
    async create(spec, weights) {
      const kept = weights === null ? null : await api.keepWeights(weights);
      if (kept?.ok === false) return kept;
      const model = kept === null ? spec.model : { ...spec.model, weights: kept.value };
      const answer = await api.create({ ...spec, model } as TaskSpec);
      if (answer.ok) await adopt(spec.id);
      return answer;
    },
    async duplicate(task, id, title) {
      const answer = await api.order(task, { kind: 'duplicate', id, title });
      if (answer.ok) await adopt(id);
      return answer;
    },
    async remove(task) {
      const answer = await api.remove(task);
      if (answer.ok) forget(task);
      return answer;
    },
    reload: fetchTasks,
    tryNow: () => live?.tryNow(),
  };
}

const pictureOf = (task: LiveTask): TaskPicture => ({
  ...task,
  endsAtMs: task.status.round === null ? null : performance.now() + task.status.round.endsInMs,
});

/** The same picture from HTTP, for as long as nothing live has come: who takes part is not known yet. */
const liveTaskOf = ({
  id,
  title,
  archivedAt,
  parameters,
  spec: _spec,
  createdAt: _at,
  ...status
}: AdminTask): LiveTask => ({
  task: id,
  title,
  archived: archivedAt !== null,
  status: { ...status, round: null },
  contributors: [],
  contributorsCount: 0,
  parameters,
});

function without<Value>(map: ReadonlyMap<TaskId, Value>, key: TaskId): ReadonlyMap<TaskId, Value> {
  const rest = new Map(map);
  rest.delete(key);
  return rest;
}
