import type { Clock } from '../../../shared/clock.ts';
import { type Refusal, refuse } from '../../../shared/errors.ts';
import type { AssignmentToken, ClientId, TaskId, UpdateId } from '../../../shared/ids.ts';
import type { TaskData } from '../../../shared/task/kinds/index.ts';
import type { Bus, ProcessId } from '../../cluster/bus.ts';
import type { Leases } from '../../cluster/lease.ts';
import { type CallMessage, type RoutingMessage, readMessage } from '../../cluster/messages.ts';
import type { BlobStore, MovingReports, Spool } from '../../storage/blobs/port.ts';
import type { Storage } from '../../storage/port.ts';
import type { SettlingCoordinator } from '../coordinator.ts';
import type { CoordinatorLog } from '../coordinator-ports.ts';
import type { AdmittedReport, Arithmetic, CoordinatorEvent, Downlink, LocalUploads } from '../port.ts';
import type { SumsElsewhere } from '../sums-elsewhere.ts';
import { type CallOptions, Calls, HereNowError } from './calls.ts';
import { HeldReports } from './held-reports.ts';
import { KnownTasks, type Picture, unknownTask } from './known-tasks.ts';
import { Places } from './places.ts';
import { Presence, SILENT_MS } from './presence.ts';
import { type OfferAnswer, type OfferedReport, RemoteReports } from './remote-reports.ts';
import { RoutedDownlink } from './routed-downlink.ts';
import { SharedRounds } from './shared-rounds.ts';
import { TaskKeeper } from './task-keeper.ts';
import { UploadMoves } from './upload-moves.ts';

/** How this process answers what is asked of the first of all; undefined where it is not. */
export type FirstAnswerer = (name: string, args: readonly unknown[]) => Promise<unknown> | undefined;

/** What the gateway of this process does for the other processes. */
export interface LocalSessions {
  readonly downlink: Downlink;
  /** Asks the sessions of a task to come back in a moment: what they missed is told them then. */
  recall(task: TaskId): void;
  /** Ends an older session of a client that has joined elsewhere; false where the one that is here is the later of the two. */
  overtaken(task: TaskId, clientId: ClientId, connection: unknown): boolean;
  readonly uploads: LocalUploads;
  /** Tasks with sessions here, and how many. */
  counts(): readonly (readonly [TaskId, number])[];
  /** Logins may have ended elsewhere without a word. */
  lookAtLogins(): void;
}

export interface WordsOptions {
  /** The coordinator of the tasks that this process has, which speaks to clients through this downlink. */
  readonly makeInner: (downlink: Downlink, elsewhere: SumsElsewhere) => SettlingCoordinator;
  readonly sessions: LocalSessions;
  /** A login ended at another process. */
  readonly loggedOut: (actor: string) => void;
  readonly bus: Bus;
  readonly leases: Pick<Leases, 'attempt'>;
  readonly storage: Storage;
  readonly blobs: Pick<BlobStore, 'get'>;
  readonly spool: Spool;
  readonly moving: MovingReports;
  readonly arithmetic: Pick<Arithmetic, 'check' | 'begin' | 'fold' | 'save' | 'drop'>;
  readonly hasSamples: (data: TaskData) => boolean;
  readonly clock: Clock;
  readonly log: CoordinatorLog;
}

/** What is asked of a process as such. */
const NO_TASK = '' as TaskId;
const EVERY_MS = 1_000;
/** Between two looks at the tasks that there are. */
const TASKS_EVERY_MS = 2_000;
/** Between two looks whether what is kept of rounds of others is still of an open round. */
const HELD_EVERY_MS = 30_000;
/** Until what has changed is told, … */
const SOON_MS = 100;
/** … and until a picture of a task is, for each contributor that is in it: some hundred bytes. So it is 20 kB a second at most. */
const PICTURE_MS_EACH = 5;
const REPORT_WITHIN_MS = 60_000;
const FINISH_WITHIN_MS = 15_000;
/** A process that ends waits so long for answers of others: it has to end in time itself. */
const LAST_ANSWERS_MS = 15_000;

const busy = refuse('busy', 'no process answers for this task just now', 1_000);

const ORDERS = ['startRounds', 'evaluate', 'pause', 'resumeRounds', 'stop', 'rollback', 'archive', 'remove'] as const;
export type Order = (typeof ORDERS)[number];
const ASKED = ['checkIn', 'resume', 'admit', 'forget'] as const;
const TOLD = ['checkOut', 'disconnected', 'progress', 'rejected', 'countBytes'] as const;
export type Told = (typeof TOLD)[number];

const isOneOf = <Name extends string>(names: readonly Name[], name: string): name is Name =>
  (names as readonly string[]).includes(name);

/**
 * What the processes say to each other: questions to whoever has a task and the answers, what is told without one, and
 * who is there. Everything that goes over the bus is said and heard here.
 */
export function createWords(options: WordsOptions) {
  const { sessions, bus, leases, storage, blobs, spool, arithmetic, clock, log } = options;
  const calls = new Calls(bus, clock);
  const presence = new Presence(clock);
  const places = new Places();
  const listeners = new Set<(event: CoordinatorEvent) => void>();
  /** Tasks with a picture that is due, and what calls it off. */
  const untold = new Map<TaskId, () => void>();
  /** Contributors that were in the last picture of each task. */
  const pictured = new Map<TaskId, number>();
  const counted = new Map<string, { readonly task: TaskId; readonly direction: 'up' | 'down'; bytes: number }>();
  const timers = new Set<() => void>();
  let asFirst: FirstAnswerer = () => undefined;
  let isSayingHere = false;
  let isEnding = false;
  let unsubscribe = (): void => {};

  const send = (message: RoutingMessage, to?: ProcessId): void => bus.send(message, to);
  const known = new KnownTasks({
    ...{ tasks: storage.tasks, hasSamples: options.hasSamples },
    gone: (task, refusal) => sessions.downlink.expel(task, refusal),
    forgotten(task) {
      pictured.delete(task);
      rounds.forgetTask(task);
    },
  });
  const downlink = new RoutedDownlink({
    ...{ local: sessions.downlink, send, blobs, spool, log },
    placeOf: (task, clientId) => places.of(task, clientId),
    onlineElsewhere: (task) => presence.online(task),
    changed: (task, isNow) => (isNow ? publish(task) : publishSoon(task)),
  });
  const held = new HeldReports({ ...{ spool, arithmetic, log }, self: bus.self });
  const rounds = new SharedRounds({
    ...{ self: bus.self, held, presence, rounds: storage.rounds, ask, send, log },
    isHere: (task) => isHere(task),
    isEnding: () => isEnding,
  });
  const inner = options.makeInner(downlink, rounds);
  const isHere = (task: TaskId): boolean => inner.holds(task);

  const keeper = new TaskKeeper({
    ...{ inner, tasks: storage.tasks, leases, presence, clock, log },
    known: () => [...new Set([...known.ids(), ...inner.tasks().map(({ spec }) => spec.id)])],
    adopted(task) {
      known.hide(task);
      rounds.forgetTask(task, { keepFiles: true });
      places.forgetTask(task);
      calls.here(task);
      sayHere();
      send({ kind: 'home', task });
      publish(task);
      sessions.recall(task);
    },
  });
  const reports = new RemoteReports({
    ...{ spool, arithmetic, held, log },
    admit,
    rejected: (task, ...args) => tell(task, 'rejected', args),
    offer(task, clientId, offered) {
      sayCounted();
      const how = { withinMs: REPORT_WITHIN_MS, isRepeatable: true };
      const asked = askHome<OfferAnswer>(task, 'report', [clientId, offered], how, async () => 'here');
      return orSilence<OfferAnswer>(busy, [task, 'report'], asked);
    },
    here: (...report) => inner.report(...report),
    askToFinish: (from, task, updateId) =>
      ask(task, 'finish', [updateId], { to: from, withinMs: FINISH_WITHIN_MS, isRepeatable: true }),
  });

  const moves = new UploadMoves({
    ...{ uploads: sessions.uploads, moving: options.moving, ask, later, clock, log },
    others: () => presence.processes(),
  });

  // what is asked of others, and what they ask

  function ask(task: TaskId, name: string, args: readonly unknown[], how: CallOptions): Promise<unknown> {
    const online = sessions.downlink.online(task);
    return calls.call({ task, name, args: [...args], online }, how);
  }

  /** Of whoever has the task: `here` where that is this process meanwhile. */
  async function askHome<Answer>(
    ...[task, name, args, how, here]: [...Parameters<typeof ask>, here: () => Promise<Answer>]
  ): Promise<Answer> {
    if (isHere(task)) return here();
    try {
      return (await ask(task, name, args, how)) as Answer;
    } catch (error) {
      if (error instanceof HereNowError) return here();
      throw error;
    }
  }

  async function orSilence<Answer>(
    silence: Answer,
    [task, call]: readonly [TaskId, string],
    asked: Promise<Answer>,
  ): Promise<Answer> {
    try {
      return await asked;
    } catch (error) {
      log.warn({ err: error, task, call }, 'another process did not answer');
      return silence;
    }
  }

  function askOr<Answer>(silence: Answer, ...question: Parameters<typeof ask>): Promise<Answer> {
    return orSilence(silence, [question[0], question[1]], ask(...question) as Promise<Answer>);
  }

  /** Of a client: asked again of whoever takes the task over meanwhile. */
  async function askFor<Answer>(
    name: (typeof ASKED)[number],
    task: TaskId,
    args: readonly unknown[],
  ): Promise<Answer | Refusal> {
    if (!known.has(task)) return unknownTask;
    const here = () => does(name, task, args) as Promise<Answer | Refusal>;
    return orSilence(busy, [task, name], askHome(task, name, args, { isRepeatable: true }, here));
  }

  async function admit(task: TaskId, clientId: ClientId, token: AssignmentToken): Promise<AdmittedReport | Refusal> {
    return isHere(task) ? inner.admit(task, clientId, token) : askFor('admit', task, [clientId, token]);
  }

  function tell(task: TaskId, name: Told, args: readonly unknown[]): void {
    if (known.has(task)) send({ kind: 'tell', task, name, args: [...args] });
  }

  function answer(from: ProcessId, { task, name, args, online }: CallMessage): Promise<unknown> | undefined {
    if (name === 'know') return known.reload();
    if (name === 'finish') return reports.finish(args[0] as UpdateId);
    if (task === NO_TASK) return asFirst(name, args);
    const ofTheirs = rounds.answer(from, task, name, args) ?? moves.answer(task, name, args);
    if (ofTheirs !== undefined) return ofTheirs;
    if (!isHere(task)) return undefined;
    presence.counted(from, task, online);
    if (isOneOf(ORDERS, name)) return everybodyKnows(task, () => does(name, task, args));
    if (name === 'listContributors') return inner.listContributors(task, args[0] as number);
    const clientId = args[0] as ClientId;
    if (name === 'report') return inner.report(task, clientId, reports.from(from, task, args[1] as OfferedReport));
    return isOneOf(ASKED, name) ? does(name, task, args) : undefined;
  }

  function heard(from: ProcessId, { task, name, args }: Extract<RoutingMessage, { readonly kind: 'tell' }>): void {
    if (!isHere(task) || !isOneOf(TOLD, name)) return;
    // Of a client that has come back at another process meanwhile nothing is believed of the last one.
    if (name !== 'countBytes' && places.of(task, args[0] as ClientId) !== from) return;
    if (name === 'disconnected') places.forget(task, args[0] as ClientId);
    does(name, task, args);
  }

  /** Arguments are those of the port: only processes of ours write on the bus. */
  function does<Name extends Order | Told | (typeof ASKED)[number]>(
    name: Name,
    task: TaskId,
    args: readonly unknown[],
  ): ReturnType<SettlingCoordinator[Name]> {
    const door = inner[name] as (...all: unknown[]) => ReturnType<SettlingCoordinator[Name]>;
    return door(task, ...args);
  }

  // what processes know of each other

  /** Once it is done every other process knows it, or is too busy to listen. */
  async function everybodyKnows<Outcome>(task: TaskId, work: () => Promise<Outcome>): Promise<Outcome> {
    const outcome = await work();
    publish(task);
    await known.reload();
    const told = presence.processes().map((to) => ask(task, 'know', [], { to, withinMs: EVERY_MS }));
    await Promise.allSettled(told);
    return outcome;
  }

  function publishSoon(task: TaskId): void {
    if (untold.has(task) || isEnding) return;
    const delayMs = Math.max(SOON_MS, PICTURE_MS_EACH * (pictured.get(task) ?? 0));
    untold.set(
      task,
      later(delayMs, () => publish(task)),
    );
  }

  function publish(task: TaskId): void {
    untold.get(task)?.();
    untold.delete(task);
    if (!isHere(task)) return;
    const row = inner.task(task);
    const status = inner.status(task);
    if (row === undefined || status === undefined) return;
    known.learn(row);
    const { spec: _, ...changing } = row;
    const contributors = inner.contributors(task);
    pictured.set(task, contributors.shown.length);
    const picture: Picture = { row: changing, status, control: inner.control(task), contributors };
    send({ kind: 'picture', task, picture });
  }

  function show(task: TaskId, picture: Picture): void {
    if (isHere(task)) return;
    if (known.show(task, picture)) sessions.downlink.changed(task);
    else void reload().then(() => sessions.downlink.changed(task));
  }

  function sayHere(): void {
    isSayingHere = false;
    const all = inner.tasks().map(({ spec }) => spec.id);
    const online = sessions.counts().map(([task, count]) => [task, count] as [TaskId, number]);
    send({ kind: 'here', tasks: all.filter(isHere), online, isLeaving: isEnding });
  }

  function sayHereSoon(): void {
    if (isSayingHere || isEnding) return;
    isSayingHere = true;
    later(SOON_MS, sayHere);
  }

  function sayCounted(): void {
    for (const { task, direction, bytes } of counted.values()) tell(task, 'countBytes', [direction, bytes]);
    counted.clear();
  }

  /** Where a client is follows from where it joined last: questions are asked again, and may be of an earlier session. */
  function joinedAt(
    from: ProcessId,
    { task, clientId, connection }: Extract<RoutingMessage, { kind: 'joined' }>,
  ): void {
    if (sessions.overtaken(task, clientId, connection) && isHere(task)) places.put(task, clientId, from);
  }

  /** Whoever was connected there comes back to another, or not at all. */
  function fellSilent(process: ProcessId): void {
    log.warn({ process }, 'a process is silent');
    calls.lost(process);
    for (const [task, clientId] of places.leave(process)) if (isHere(task)) inner.disconnected(task, clientId);
  }

  /** Neither knows what the other did: sessions of the one for tasks of the other begin anew. */
  function missed(from: ProcessId, what: string): void {
    log.warn({ from }, what);
    recallOf(from);
    sessions.lookAtLogins();
    send({ kind: 'missed' }, from);
  }

  /** Of the tasks that a process has, the sessions here. */
  function recallOf(process: ProcessId): void {
    for (const [task] of sessions.counts()) if (presence.homeOf(task) === process) sessions.recall(task);
  }

  function emit(event: CoordinatorEvent): void {
    if (event.kind === 'task-created') void reload();
    if (event.kind === 'task-removed') known.forget(event.task);
    for (const listener of [...listeners]) {
      try {
        listener(event);
      } catch (error) {
        log.error({ err: error, event: event.kind }, 'a listener failed');
      }
    }
  }

  const reload = (): Promise<void> =>
    known.reload().catch((error: unknown) => log.warn({ err: error }, 'the tasks could not be read'));

  function take(from: ProcessId, word: unknown): void {
    const message = readMessage(word);
    if (message === null) {
      log.warn({ from }, 'a word of another process is not understood: is it of another version?');
      return;
    }
    switch (message.kind) {
      case 'here':
        for (const task of presence.heard(from, message)) if (isHere(task)) downlink.changed(task);
        if (message.isLeaving) later(SILENT_MS, () => calls.lost(from));
        if (presence.isBack(from)) missed(from, 'a process that was silent is back: clients are asked to come back');
        break;
      case 'call':
        calls.asked(from, message, answer);
        break;
      case 'answer':
        calls.answered(message.id, message);
        break;
      case 'tell':
        heard(from, message);
        break;
      case 'down':
        if (!isHere(message.task)) downlink.take(from, message);
        break;
      case 'held':
        rounds.heard(message);
        break;
      case 'picture':
        show(message.task, message.picture as Picture);
        break;
      case 'event':
        emit(message.event as CoordinatorEvent);
        break;
      case 'home':
        known.hide(message.task);
        places.forgetTask(message.task);
        sessions.recall(message.task);
        break;
      case 'joined':
        joinedAt(from, message);
        break;
      case 'missed':
        recallOf(from);
        break;
      case 'logged-out':
        options.loggedOut(message.actor);
        break;
    }
  }

  /** Returns what calls it off. */
  function later(delayMs: number, act: () => void): () => void {
    const cancelTimer = clock.after(delayMs, () => {
      timers.delete(cancel);
      act();
    });
    const cancel = (): void => {
      timers.delete(cancel);
      cancelTimer();
    };
    timers.add(cancel);
    return cancel;
  }

  function every(delayMs: number, act: () => void): void {
    later(delayMs, () => {
      if (isEnding) return;
      every(delayMs, act);
      act();
    });
  }

  return {
    ...{ inner, known, presence, places, downlink, reports, moves, isHere },
    ...{ ask, askHome, askOr, askFor, admit, tell, does, everybodyKnows, reload, send, sayHereSoon },

    async start(): Promise<void> {
      bus.listen({
        message: take,
        lost: (from) => missed(from, 'words of another process are lost: clients are asked to come back'),
      });
      unsubscribe = inner.subscribe((event) => {
        if (event.kind !== 'report') send({ kind: 'event', event });
        emit(event);
      });
      await known.reload();
      await spool.keepOnly(known.ids());
      // Whoever deletes a report or ends a round does not know of what an earlier process kept on this machine.
      for (const task of known.ids()) await spool.tidy(task, null);
      sayHere();
      await keeper.start();
      sayHere();
      every(EVERY_MS, () => {
        sayHere();
        sayCounted();
        for (const process of presence.fallenSilent()) fellSilent(process);
        if (bus.isSilent()) sessions.lookAtLogins();
      });
      every(TASKS_EVERY_MS, () => void reload());
      every(HELD_EVERY_MS, () => rounds.compare());
    },

    /** Its tasks are to be had; the second call ends all that is under way. */
    async drain(): Promise<void> {
      const isFirst = !isEnding;
      isEnding = true;
      if (isFirst) later(LAST_ANSWERS_MS, () => calls.close());
      await keeper.stop();
      await inner.drain();
      sayCounted();
      sayHere();
      if (isFirst) return;
      for (const cancel of [...timers]) cancel();
      unsubscribe();
      calls.close();
    },

    /** To whoever has the task, with others in a moment. */
    countBytes(task: TaskId, direction: 'up' | 'down', bytes: number): void {
      const sum = counted.get(`${direction}/${task}`) ?? { task, direction, bytes: 0 };
      sum.bytes += bytes;
      counted.set(`${direction}/${task}`, sum);
    },

    /** Events of all processes. Returns what ends it. */
    subscribe(listener: (event: CoordinatorEvent) => void): () => void {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },

    isFirst: (): boolean => !isEnding && presence.processes().every((process) => bus.self < process),
    askFirst: (name: string, args: readonly unknown[], withinMs: number): Promise<unknown> =>
      calls.call({ task: NO_TASK, name, args: [...args], online: 0 }, { withinMs }),
    answerAsFirst(answerer: FirstAnswerer): void {
      asFirst = answerer;
    },
  };
}
