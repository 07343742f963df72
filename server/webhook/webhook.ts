import * as v from 'valibot';
import type { Clock } from '../../shared/clock.ts';
import { fail, type Result, succeed } from '../../shared/errors.ts';
import type { TaskId } from '../../shared/ids.ts';
import { LIMITS } from '../../shared/limits.ts';
import type { SecureRng } from '../../shared/rng.ts';
import type { Coordinator, CoordinatorEvent } from '../rounds/port.ts';
import { Serial } from '../rounds/serial.ts';
import type { AdminStore, CheckpointStore, RoundStore, TaskRow } from '../storage/port.ts';
import { pauseNews, roundNews } from './news.ts';
import { type Delivery, type Outbox, type OutboxEvent, outboxOf, restOf, stepOutbox } from './outbox.ts';
import type { Post } from './post.ts';
import { newSigningSecret, signatureHeaders } from './signature.ts';
import { type AllowedHosts, pinned, type Resolve, readTarget } from './target.ts';

/** What an admin sees of it. The signing secret is told once, when the address is set. */
export interface WebhookView {
  readonly url: string;
  /** Events that are not delivered yet. */
  readonly waiting: number;
  /** Attempts that failed since the last one that did not, and why the last of them did. */
  readonly failures: number;
  readonly problem: string | null;
  /** When it is tried again; milliseconds since 1970. */
  readonly retryAt: number | null;
}

/** Tells one address, by signed POSTs, how rounds ended and that tasks paused. */
export interface Webhook {
  /** What was not delivered, and what happened while nothing ran, goes out from here on. */
  start(): Promise<void>;
  view(): Promise<WebhookView | null>;
  /** Sets the address, in the place of another, and resolves to the new secret once that is durable; or says why not. */
  set(url: string): Promise<Result<{ readonly url: string; readonly secret: string }, string>>;
  /** Forgets address, secret and what waits. */
  clear(): Promise<'cleared'>;
  close(): Promise<void>;
}

/** Its doors where another process may have it: `away` where that does not answer, and may have done what was asked, or not. */
export interface WebhookDoors {
  view(): Promise<WebhookView | null | 'away'>;
  set(url: string): Promise<Awaited<ReturnType<Webhook['set']>> | 'away'>;
  clear(): Promise<'cleared' | 'away'>;
}

export interface WebhookOptions {
  readonly store: Pick<AdminStore, 'setting' | 'setSetting'>;
  readonly rounds: Pick<RoundStore, 'list' | 'lastNumber'>;
  readonly checkpoints: Pick<CheckpointStore, 'get'>;
  readonly coordinator: Pick<Coordinator, 'tasks' | 'task' | 'subscribe'>;
  readonly post: Post;
  readonly allowed: AllowedHosts;
  readonly resolve: Resolve;
  readonly clock: Clock;
  readonly random: SecureRng;
  readonly log: {
    info(fields: Readonly<Record<string, unknown>>, message: string): void;
    warn(fields: Readonly<Record<string, unknown>>, message: string): void;
    error(fields: Readonly<Record<string, unknown>>, message: string): void;
  };
  readonly count?: (outcome: 'delivered' | 'failed' | 'lost') => void;
}

const SETTING = 'webhook';

/** Up to where the history of a task was told. */
const seenSchema = v.object({ createdAt: v.number(), round: v.number(), isPaused: v.boolean() });
const savedSchema = v.object({
  url: v.string(),
  secret: v.string(),
  seen: v.record(v.string(), seenSchema),
  waiting: v.array(v.object({ id: v.string(), at: v.number(), body: v.string() })),
});
type Saved = v.InferOutput<typeof savedSchema>;
type Seen = v.InferOutput<typeof seenSchema>;

/** An address that was set, and what is known of it. */
interface Live {
  readonly url: string;
  readonly secret: string;
  readonly seen: Map<TaskId, Seen>;
  outbox: Outbox;
  problem: string | null;
  /** Aborted when it is forgotten, or the process ends. */
  readonly over: AbortController;
}

/**
 * The rounds in the database are the source: an event of the coordinator only says that it is worth looking. What is found is
 * saved with the place up to where was looked, and only then sent; what is taken is forgotten after that. A process that ends
 * anywhere in between sends again, under the same id.
 */
export function createWebhook(options: WebhookOptions): Webhook {
  const { store, rounds, checkpoints, coordinator, post, allowed, resolve, clock, random, log } = options;
  const count = options.count ?? (() => {});
  const serial = new Serial();
  let live: Live | null = null;
  let isClosed = false;
  let cancelWake = (): void => {};
  let sending: Promise<void> = Promise.resolve();
  let unsubscribe = (): void => {};

  /** A job that fails costs no later one: what it did not tell is found by the next look. */
  const run = (job: () => Promise<void>): void => {
    serial.run(job).catch((error: unknown) => log.error({ err: error }, 'the webhook could not go on'));
  };

  function listen(event: CoordinatorEvent): void {
    const at = clock.now();
    if (event.kind === 'round-ended') run(() => look(event.task, at));
    if (event.kind === 'task-state') {
      const { task, state, reason } = event;
      run(() => notePause(task, state === 'paused', reason, at));
    }
    if (event.kind === 'task-removed')
      run(async () => {
        if (live?.seen.delete(event.task)) await save(live);
      });
  }

  async function save({ url, secret, seen, outbox }: Live): Promise<void> {
    const saved: Saved = { url, secret, seen: Object.fromEntries(seen), waiting: [...outbox.waiting] };
    await store.setSetting(SETTING, JSON.stringify(saved));
  }

  async function load(): Promise<Live | null> {
    const text = await store.setting(SETTING);
    if (text === null || text === '') return null;
    const { url, secret, seen, waiting } = v.parse(savedSchema, JSON.parse(text));
    return liveOf(url, secret, new Map(Object.entries(seen) as [TaskId, Seen][]), waiting);
  }

  const liveOf = (url: string, secret: string, seen: Map<TaskId, Seen>, waiting: readonly Delivery[]): Live => ({
    ...{ url, secret, seen, outbox: outboxOf(waiting), problem: null, over: new AbortController() },
  });

  /** Where a task stands that was never looked at: nothing of its past is told. */
  async function freshSeen({ spec, createdAt, state }: TaskRow): Promise<Seen> {
    const last = await rounds.lastNumber(spec.id);
    const [newest] = await rounds.list(spec.id, 1);
    const isOpen = newest !== undefined && newest.endedAt === null;
    return { createdAt, round: isOpen ? last - 1 : last, isPaused: state === 'paused' };
  }

  /** The same for a task that was made while a webhook is set: all of it is told. */
  const seenFromBirth = ({ createdAt }: TaskRow): Seen => ({ createdAt, round: 0, isPaused: false });

  function seenOf(to: Live, row: TaskRow): Seen {
    const known = to.seen.get(row.spec.id);
    return known?.createdAt === row.createdAt ? known : seenFromBirth(row);
  }

  /** Rounds that ended since the last look. */
  async function look(task: TaskId, at: number): Promise<void> {
    const to = live;
    const row = coordinator.task(task);
    if (to === null || row === undefined) return;
    const seen = seenOf(to, row);
    const missing = (await rounds.lastNumber(task)) - seen.round;
    if (missing <= 0) return;
    const found = await rounds.list(task, Math.min(missing, LIMITS.webhooksWaitingCount));
    const ended = found.filter((round) => round.number > seen.round && round.endedAt !== null);
    const last = ended.at(-1);
    if (last === undefined) return;
    const deliveries: Delivery[] = [];
    for (const round of ended) {
      const checkpoint = round.version === null ? null : await checkpoints.get(task, round.version);
      deliveries.push(roundNews({ task, createdAt: row.createdAt }, round, checkpoint?.sha256 ?? null));
    }
    to.seen.set(task, { ...seen, round: last.number });
    await tell(to, deliveries, at);
  }

  async function notePause(task: TaskId, isPaused: boolean, reason: string | null, at: number): Promise<void> {
    const to = live;
    const row = coordinator.task(task);
    if (to === null || row === undefined) return;
    const seen = seenOf(to, row);
    if (seen.isPaused === isPaused) return;
    to.seen.set(task, { ...seen, isPaused });
    await tell(to, isPaused ? [pauseNews({ task, createdAt: row.createdAt }, reason, at)] : [], at);
  }

  async function tell(to: Live, deliveries: readonly Delivery[], at: number): Promise<void> {
    for (const delivery of deliveries) take(to, { kind: 'happened', delivery, at });
    await save(to);
    flush(to);
  }

  const toSend: Delivery[] = [];

  /** Runs the stepper; what it wants sent waits until the state is saved. */
  function take(to: Live, event: OutboxEvent): void {
    const { state, effects } = stepOutbox(to.outbox, event);
    to.outbox = state;
    for (const effect of effects) {
      if (effect.kind === 'send') toSend.push(effect.delivery);
      if (effect.kind === 'lost') {
        count('lost');
        log.warn({ id: effect.delivery.id, why: effect.why }, 'an event is not told to the webhook any more');
      }
      if (effect.kind === 'wake') {
        cancelWake();
        cancelWake = clock.after(Math.max(0, effect.at - clock.now()), () =>
          run(() => step(to, { kind: 'tick', at: clock.now() })),
        );
      }
    }
  }

  async function step(to: Live, event: OutboxEvent): Promise<void> {
    if (to !== live || isClosed) return;
    take(to, event);
    await save(to);
    flush(to);
  }

  function flush(to: Live): void {
    for (const delivery of toSend.splice(0)) sending = send(to, delivery);
  }

  async function send(to: Live, { id, body }: Delivery): Promise<void> {
    const answer = await post(to.url, signatureHeaders(to.secret, id, clock.now(), body), body, to.over.signal);
    if (to.over.signal.aborted) return;
    count(answer.ok ? 'delivered' : 'failed');
    to.problem = answer.ok ? null : answer.problem;
    if (!answer.ok)
      log.warn({ id, status: answer.status, problem: answer.problem }, 'the webhook did not take an event');
    run(() => step(to, { kind: 'answered', id, ok: answer.ok, at: clock.now() }));
  }

  async function end(): Promise<void> {
    live?.over.abort();
    live = null;
    cancelWake();
    toSend.length = 0;
    await sending;
  }

  return {
    async start() {
      live = await load();
      unsubscribe = coordinator.subscribe(listen);
      const to = live;
      if (to === null) return;
      for (const row of coordinator.tasks()) {
        const at = clock.now();
        run(() => look(row.spec.id, at));
        run(() => notePause(row.spec.id, row.state === 'paused', row.pausedReason, at));
      }
      run(() => step(to, { kind: 'tick', at: clock.now() }));
      await serial.idle();
    },
    async view() {
      if (live === null) return null;
      const { failures, until } = restOf(live.outbox);
      return { url: live.url, waiting: live.outbox.waiting.length, failures, problem: live.problem, retryAt: until };
    },
    async set(text) {
      const url = readTarget(text, allowed);
      if (!url.ok) return url;
      const target = await pinned(url.value, allowed, resolve);
      if (!target.ok) return fail(target.failure);
      return serial.run(async () => {
        await end();
        const secret = newSigningSecret(random);
        const seen = new Map<TaskId, Seen>();
        for (const row of coordinator.tasks()) seen.set(row.spec.id, await freshSeen(row));
        const to = liveOf(url.value.href, secret, seen, []);
        await save(to);
        live = to;
        return succeed({ url: to.url, secret });
      });
    },
    clear: () =>
      serial.run(async () => {
        await end();
        await store.setSetting(SETTING, '');
        return 'cleared' as const;
      }),
    async close() {
      isClosed = true;
      unsubscribe();
      await serial.run(end);
    },
  };
}
