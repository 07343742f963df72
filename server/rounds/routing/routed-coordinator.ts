import type { ClientId, TaskId } from '../../../shared/ids.ts';
import { type ResumeAck, updateIdOf } from '../../../shared/protocol/index.ts';
import type { TaskRow } from '../../storage/port.ts';
import type { SettlingCoordinator } from '../coordinator.ts';
import { receiptOfRow } from '../member.ts';
import type { Control, Coordinator, UploadsElsewhere } from '../port.ts';
import { statusOf } from '../status.ts';
import { conflict, notFound } from '../task-orders.ts';
import { createWords, type FirstAnswerer, type Order, type Told, type WordsOptions } from './words.ts';

export interface Routed {
  readonly coordinator: Coordinator;
  readonly inner: SettlingCoordinator;
  readonly elsewhere: UploadsElsewhere;
  /** A client's socket has joined at this process. */
  joined(task: TaskId, clientId: ClientId, connection: unknown): void;
  /** A login ended at this process. */
  loggedOut(actor: string): void;
  /** This one of all processes does what one does for all, as far as it knows. */
  isFirst(): boolean;
  /** Asks the one that is. */
  askFirst(name: string, args: readonly unknown[], withinMs: number): Promise<unknown>;
  /** How this process answers what is asked of the first; undefined where it is not. */
  answerAsFirst(answerer: FirstAnswerer): void;
}

const ORDER_WITHIN_MS = 30_000;

const noTask = notFound('unknown-task', 'there is no such task');
const noAnswer = { ok: false, status: 503, code: 'no-answer' } as const;
const unanswered: Control = {
  ...noAnswer,
  message: 'no process answered for this task: look whether it was done, and try again',
};
const unread = { ...noAnswer, message: 'no process answered for this task: try again' } as const;

/**
 * The coordinator of one of several processes: what is asked of a task that this process has, it does itself; for the
 * others it asks the process that has them. Sockets and uploads stay where they are.
 */
export function createRoutedCoordinator(options: WordsOptions): Routed {
  const { storage, clock } = options;
  const words = createWords(options);
  const { inner, known, places, downlink, isHere, does, tell, everybodyKnows } = words;
  const rowOf = (task: TaskId): TaskRow | undefined => (isHere(task) ? inner.task(task) : known.row(task));

  const ordered =
    (name: Order) =>
    async (task: TaskId, ...args: unknown[]): Promise<Control> => {
      if (isHere(task)) return everybodyKnows(task, () => does(name, task, args));
      return known.has(task) ? words.askOr(unanswered, task, name, args, { withinMs: ORDER_WITHIN_MS }) : noTask;
    };
  const toldOf =
    (name: Exclude<Told, 'countBytes' | 'disconnected'>) =>
    (task: TaskId, ...args: unknown[]): void => {
      if (isHere(task)) does(name, task, args);
      else tell(task, name, args);
    };

  const coordinator: Coordinator = {
    start: words.start,
    drain: words.drain,

    async checkIn(task, clientId, message, network) {
      if (isHere(task)) return inner.checkIn(task, clientId, message, network);
      return words.askFor('checkIn', task, network === undefined ? [clientId, message] : [clientId, message, network]);
    },
    async resume(task, clientId, token): Promise<ResumeAck> {
      return isHere(task) ? inner.resume(task, clientId, token) : words.askFor('resume', task, [clientId, token]);
    },
    admit: words.admit,
    async receiptOf(task, clientId, token) {
      if (isHere(task)) return inner.receiptOf(task, clientId, token);
      const row = await storage.rounds.receipt(updateIdOf(token));
      if (row === null || row.task !== task || row.clientId !== clientId) return null;
      return { receipt: receiptOfRow(row), sha256: row.sha256 };
    },
    report: (task, clientId, arrived) =>
      isHere(task) ? inner.report(task, clientId, arrived) : words.reports.take(task, clientId, arrived),
    async forget(task, clientId) {
      await words.moves.forget(task, clientId);
      if (isHere(task)) return inner.forget(task, clientId);
      const how = { withinMs: ORDER_WITHIN_MS, isRepeatable: true };
      await words.askHome(task, 'forget', [clientId], how, () => inner.forget(task, clientId));
    },
    checkOut: toldOf('checkOut'),
    progress: toldOf('progress'),
    rejected: toldOf('rejected'),
    disconnected(task, clientId) {
      words.sayHereSoon();
      if (!isHere(task)) tell(task, 'disconnected', [clientId]);
      // It may have come back elsewhere before it was seen to go here.
      else if (places.of(task, clientId) === undefined) inner.disconnected(task, clientId);
    },
    countBytes(task, direction, bytes) {
      if (isHere(task)) inner.countBytes(task, direction, bytes);
      else words.countBytes(task, direction, bytes);
    },

    refresh: words.reload,
    tasks() {
      const all = new Map(known.rows().map((row) => [row.spec.id, row]));
      for (const row of inner.tasks()) if (isHere(row.spec.id)) all.set(row.spec.id, row);
      return [...all.values()].sort((a, b) => a.createdAt - b.createdAt);
    },
    task: rowOf,
    status(task) {
      if (isHere(task)) return inner.status(task);
      const row = known.row(task);
      if (row === undefined) return undefined;
      const picture = known.picture(task);
      if (picture !== undefined) return picture.status;
      const online = downlink.online(task);
      return statusOf({ row, metrics: null, online, available: 0, round: null, now: clock.now() });
    },
    participation(task) {
      const row = rowOf(task);
      return row && known.participation(row);
    },
    control: (task) => (isHere(task) ? inner.control(task) : (known.picture(task)?.control ?? null)),
    contributors: (task) =>
      isHere(task) ? inner.contributors(task) : (known.picture(task)?.contributors ?? { shown: [], count: 0 }),
    async listContributors(task, limit) {
      if (isHere(task)) return inner.listContributors(task, limit);
      type Listed = Awaited<ReturnType<Coordinator['listContributors']>>;
      return words.askOr<Listed>(unread, task, 'listContributors', [limit], { withinMs: ORDER_WITHIN_MS });
    },

    async create(spec) {
      if (known.has(spec.id)) return conflict('taken', `a task ${spec.id} exists`);
      return everybodyKnows(spec.id, () => inner.create(spec));
    },
    startRounds: ordered('startRounds'),
    evaluate: ordered('evaluate'),
    pause: ordered('pause'),
    resumeRounds: ordered('resumeRounds'),
    stop: ordered('stop'),
    rollback: ordered('rollback'),
    archive: ordered('archive'),
    remove: ordered('remove'),

    subscribe: words.subscribe,
  };

  return {
    ...{ coordinator, inner, elsewhere: words.moves },
    joined(task, clientId, connection) {
      places.forget(task, clientId);
      words.send({ kind: 'joined', task, clientId, connection });
      words.sayHereSoon();
    },
    loggedOut: (actor) => words.send({ kind: 'logged-out', actor }),
    isFirst: words.isFirst,
    askFirst: words.askFirst,
    answerAsFirst: words.answerAsFirst,
  };
}
