import { unreachable } from '../../shared/assert.ts';
import type { Refusal } from '../../shared/errors.ts';
import { bytesToHex } from '../../shared/hash.ts';
import type { TaskId } from '../../shared/ids.ts';
import type { Participation, Welcome } from '../../shared/protocol/index.ts';
import { AssignmentWork } from './assignment-work.ts';
import { BroadcastBox } from './download.ts';
import { handshakeOf, secretOf } from './identity.ts';
import { INITIAL, nextWakeMs, step } from './participation.ts';
import type { Effect, Happening } from './participation-state.ts';
import { viewOf } from './participation-view.ts';
import type { ClientPorts, RequestedBackend } from './ports.ts';
import { exponentialReconnect, type ReconnectPolicy } from './reconnect-policy.ts';
import { socketTransport } from './socket-transport.ts';
import { type Answer, isUnanswered, type Session, type SessionInbox } from './transport.ts';
import type { ClientView, FederatedClient, PauseCause } from './view.ts';
import { messageOf, within } from './waiting.ts';

export interface FederatedClientOptions {
  /** URL of the server, for instance `https://learn.example.org`. */
  readonly server: string;
  readonly task: TaskId;
  /** For a closed task. */
  readonly joinToken?: string | undefined;
  readonly backend?: RequestedBackend | undefined;
  readonly ports: ClientPorts;
  readonly reconnect?: ReconnectPolicy | undefined;
  /** Name and version of what embeds the engine, told in the handshake. */
  readonly software?: string | undefined;
}

const SOFTWARE = 'fedtab';
/** A trainer that has not stopped this long after its signal is ended with its thread (C14). */
const STOP_WITHIN_MS = 800;
const RUN_BYTES = 8;
const FORGET_WITHIN_MS = 3_000;

/** Runs the effects of the stepper; decides nothing. Nothing happens before `start`. */
export function createFederatedClient(options: FederatedClientOptions): FederatedClient {
  return new Engine(options);
}

class Engine implements FederatedClient {
  readonly #options: FederatedClientOptions;
  readonly #ports: ClientPorts;
  readonly #policy: ReconnectPolicy;
  readonly #box = new BroadcastBox();
  readonly #work: AssignmentWork;
  #backend: RequestedBackend;
  /** Counts preparations: what an overtaken one says is not heard. */
  #prepares = 0;
  readonly #listeners = new Set<(view: ClientView) => void>();
  readonly #queue: Happening[] = [];
  #state = INITIAL;
  #isStepping = false;
  #view: ClientView | null = null;
  #isTold = true;
  #cancelWake: (() => void) | null = null;
  #wakeMs: number | null = null;
  #unlock: (() => void) | null = null;
  #secret: string | null = null;
  #session: Session | null = null;
  /** Counts sessions, so that one which is still being opened can be called off. */
  #opened = 0;
  /** Counts starts and leaves, so that a start that still waits can be called off. */
  #starts = 0;
  #isClosed = false;
  /** Names this engine in its handshakes, and numbers them (P7); nothing else knows it, and it ends with the page. */
  #run: string | null = null;
  #connections = 0;
  #sentBytes = 0;
  #receivedBytes = 0;
  #stopping: Promise<void> = Promise.resolve();

  constructor(options: FederatedClientOptions) {
    this.#options = options;
    this.#ports = options.ports;
    this.#backend = options.backend ?? 'auto';
    this.#policy = options.reconnect ?? exponentialReconnect();
    this.#work = new AssignmentWork({
      ports: options.ports,
      policy: this.#policy,
      box: this.#box,
      roll: () => this.#roll(),
      onReceived: (bytes) => this.#count('received', bytes),
      sentBytes: () => this.#sentBytes,
      report: (happening) => this.#dispatch(happening),
    });
  }

  view(): ClientView {
    this.#view ??= viewOf(this.#state, {
      task: this.#options.task,
      atMs: this.#ports.clock.elapsed(),
      sentBytes: this.#sentBytes,
      receivedBytes: this.#receivedBytes,
    });
    return this.#view;
  }

  subscribe(listener: (view: ClientView) => void): () => void {
    const own = (view: ClientView): void => listener(view);
    this.#listeners.add(own);
    return () => this.#listeners.delete(own);
  }

  async start(): Promise<void> {
    const start = ++this.#starts;
    await this.#stopping;
    // Whoever left meanwhile has left.
    if (this.#isClosed || start !== this.#starts) return;
    if (this.#state.life.kind !== 'joined') this.#secret = null;
    this.#dispatch({ kind: 'start' });
  }

  pause(cause: PauseCause = 'person'): void {
    this.#dispatch({ kind: 'pause', cause });
  }

  resume(cause: PauseCause = 'person'): void {
    this.#dispatch({ kind: 'resume', cause });
  }

  choose(backend: RequestedBackend): void {
    this.#backend = backend;
    this.#dispatch({ kind: 'choose' });
  }

  sleep(): void {
    this.#dispatch({ kind: 'slept' });
  }

  wake(): void {
    this.#dispatch({ kind: 'woken' });
  }

  async leave(): Promise<void> {
    this.#starts++;
    this.#dispatch({ kind: 'leave' });
    await this.#stopping;
  }

  async forget(): Promise<{ readonly serverForgot: boolean }> {
    const { secrets } = this.#ports;
    this.pause();
    const session = this.view().connected ? this.#session : null;
    const answer = session === null ? null : await within(FORGET_WITHIN_MS, this.#ports.clock, session.forget());
    await this.leave();
    const secret = await secrets.load(this.#options.task);
    const serverForgot = answer?.ok === true || secret === null || (await this.#forgetApart(secret));
    this.#secret = null;
    await secrets.remove(this.#options.task);
    return { serverForgot };
  }

  examplesChanged(): void {
    if (this.#state.life.kind === 'joined') this.#countExamples();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#listeners.clear();
    await this.leave();
  }

  // ── the stepper ──────────────────────────────────────────────────────────────────────────────────────────────

  /** Effects may call back at once: what they report waits until the step it came from is done. */
  #dispatch(happening: Happening): void {
    this.#queue.push(happening);
    if (this.#isStepping) return;
    this.#isStepping = true;
    try {
      for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
        const event = { ...next, atMs: this.#ports.clock.elapsed(), roll: this.#roll() };
        const { state, effects } = step(this.#state, event, this.#policy);
        this.#state = state;
        for (const effect of effects) this.#perform(effect);
      }
    } finally {
      this.#isStepping = false;
    }
    this.#armWake();
    this.#changed();
  }

  #roll(): number {
    const bytes = this.#ports.random.bytes(4);
    return new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0) / 2 ** 32;
  }

  #armWake(): void {
    const wakeMs = nextWakeMs(this.#state);
    if (wakeMs === this.#wakeMs) return;
    this.#cancelWake?.();
    this.#wakeMs = wakeMs;
    if (wakeMs === null) {
      this.#cancelWake = null;
      return;
    }
    // A timer takes at most 2^31 ms; an early tick changes nothing and arms the next.
    const delayMs = Math.min(Math.max(0, Math.ceil(wakeMs - this.#ports.clock.elapsed())), 2 ** 31 - 1);
    this.#cancelWake = this.#ports.clock.after(delayMs, () => {
      this.#cancelWake = null;
      this.#wakeMs = null;
      this.#dispatch({ kind: 'tick' });
    });
  }

  /** Tells the listeners once a turn, however much happened in it. */
  #changed(): void {
    this.#view = null;
    if (!this.#isTold || this.#listeners.size === 0) return;
    this.#isTold = false;
    queueMicrotask(() => {
      this.#isTold = true;
      for (const listener of [...this.#listeners]) listener(this.view());
    });
  }

  #perform(effect: Effect): void {
    switch (effect.kind) {
      case 'request-lock':
        this.#unlock = this.#ports.lock.request(this.#options.task, (held) => this.#dispatch({ kind: 'lock', held }));
        return;
      case 'release-lock':
        this.#unlock?.();
        this.#unlock = null;
        return;
      case 'count-examples':
        this.#countExamples();
        return;
      case 'connect':
        void this.#connect();
        return;
      case 'disconnect':
        this.#disconnect();
        return;
      case 'prepare':
        if (effect.isAnew) this.#ports.trainer.close();
        this.#prepare(effect.participation);
        return;
      case 'close-trainer':
        this.#stopping = this.#stop();
        return;
      case 'check-in': {
        const { examples, backend, held, stepMs } = effect;
        const checkIn = {
          ...{ examples, backend, held },
          ...(stepMs === null ? {} : { stepMs }),
          ...(this.#box.isLineSlow ? { weights: 'http' as const } : {}),
        };
        this.#ask(
          (session) => session.checkIn(checkIn),
          (answer) => ({ kind: 'checked-in', answer }),
        );
        return;
      }
      case 'check-out':
        void this.#session?.checkOut();
        return;
      case 'ask-resume': {
        const { token, updateId } = effect;
        this.#ask(
          (session) => session.resume({ token, updateId }),
          (answer) => {
            if (answer.ok && answer.receipt !== null) this.#work.accepted(token);
            return { kind: 'resumed', token, answer };
          },
        );
        return;
      }
      case 'obtain':
        this.#work.obtain(effect.assignment, effect.participation);
        return;
      case 'train':
        this.#work.train(effect.participation);
        return;
      case 'upload':
        if (this.#session !== null) this.#work.upload(this.#session);
        return;
      case 'stop-upload':
        this.#work.stopUpload();
        return;
      case 'stop-work':
        this.#work.stop();
        return;
      case 'tell':
        this.#session?.progress({ token: effect.token, phase: effect.phase, share: effect.share });
        return;
      default:
        unreachable(effect);
    }
  }

  // ── the session ──────────────────────────────────────────────────────────────────────────────────────────────

  async #connect(): Promise<void> {
    const mine = ++this.#opened;
    const { task } = this.#options;
    const { secrets, random } = this.#ports;
    try {
      // Another tab was asked to delete it: nobody comes back under a name that was deleted, nor under a new one unasked.
      const isForgotten = this.#secret !== null && (await secrets.load(task)) === null;
      const secret = isForgotten ? null : await secretOf(task, secrets, random);
      if (mine !== this.#opened) return;
      this.#secret = secret;
    } catch (error) {
      if (mine === this.#opened)
        this.#dispatch({ kind: 'broken', reason: 'storage', message: messageOf(error), endsWith: 'person' });
      return;
    }
    if (this.#secret === null) this.#dispatch({ kind: 'leave' });
    else this.#session = this.#open(this.#secret, this.#inbox(mine));
  }

  #open(secret: string, inbox: SessionInbox): Session {
    const { server, task, joinToken, software } = this.#options;
    const transport = this.#ports.transport ?? socketTransport();
    this.#run ??= bytesToHex(this.#ports.random.bytes(RUN_BYTES));
    const connection = { of: this.#run, number: ++this.#connections };
    const handshake = handshakeOf(secret, joinToken, software ?? SOFTWARE, connection);
    return transport.open({ server, task, handshake }, inbox);
  }

  /** What one session says, as long as it is the present one. */
  #inbox(mine: number): SessionInbox {
    const hear = (happening: Happening): void => {
      if (mine === this.#opened) this.#dispatch(happening);
    };
    const over = (happening: Happening): void => {
      if (mine !== this.#opened) return;
      this.#session = null;
      this.#box.cut();
      this.#dispatch(happening);
    };
    return {
      welcome: (welcome: Welcome) => hear({ kind: 'welcome', welcome }),
      status: (status) => hear({ kind: 'status', status }),
      assign: (assignment) => hear({ kind: 'assign', assignment }),
      weights: ({ sha256 }, bytes) => this.#box.put(sha256, bytes),
      round: (end) => hear({ kind: 'round', end }),
      retry: (window) => hear({ kind: 'retry', window }),
      draining: ({ retryAfterMs }) => hear({ kind: 'draining', retryAfterMs }),
      refused: ({ reason, message, retryAfterMs }) =>
        over({ kind: 'refused', reason, message, retryAfterMs: retryAfterMs ?? null }),
      closed: () => over({ kind: 'disconnected' }),
      traffic: (direction, bytes) => this.#count(direction, bytes),
    };
  }

  #count(direction: 'sent' | 'received', bytes: number): void {
    if (direction === 'sent') this.#sentBytes += bytes;
    else this.#receivedBytes += bytes;
    this.#changed();
  }

  #disconnect(): void {
    this.#opened++;
    this.#session?.close();
    this.#session = null;
    this.#box.cut();
  }

  /** An unanswered question needs no event of its own: the session has ended, and says so. */
  #ask<Ack extends { readonly ok: boolean }>(
    question: (session: Session) => Promise<Answer<Ack>>,
    event: (answer: Extract<Ack, { ok: true }> | Refusal) => Happening,
  ): void {
    const session = this.#session;
    if (session === null) return;
    void question(session).then((answer) => {
      if (session === this.#session && !isUnanswered(answer)) this.#dispatch(event(answer));
    });
  }

  /** A session only to be forgotten: no check-in, no work. */
  async #forgetApart(secret: string): Promise<boolean> {
    const ignore = (): void => {};
    let resolve: (forgot: boolean) => void = ignore;
    const answered = new Promise<boolean>((settle) => {
      resolve = settle;
    });
    const session = this.#open(secret, {
      welcome: () => void session.forget().then(({ ok }) => resolve(ok)),
      status: ignore,
      assign: ignore,
      weights: ignore,
      round: ignore,
      retry: ignore,
      draining: ignore,
      refused: () => resolve(false),
      closed: () => resolve(false),
      traffic: (direction, bytes) => this.#count(direction, bytes),
    });
    const forgot = await within(FORGET_WITHIN_MS, this.#ports.clock, answered);
    session.close();
    return forgot ?? false;
  }

  // ── the work ─────────────────────────────────────────────────────────────────────────────────────────────────

  #countExamples(): void {
    const { examples, trainer } = this.#ports;
    const { life } = this.#state;
    if (examples === undefined && (life.kind !== 'joined' || life.trainer !== 'ready')) {
      this.#dispatch({ kind: 'examples', count: null });
      return;
    }
    (examples === undefined ? trainer.examples() : examples()).then(
      (count) => this.#dispatch({ kind: 'examples', count }),
      (error: unknown) => {
        const reason = reasonOf(error, 'failed');
        this.#dispatch({ kind: 'broken', reason, message: messageOf(error), endsWith: 'data' });
      },
    );
  }

  /** What a trainer says that was closed since is not heard. */
  #prepare(participation: Participation): void {
    const stopping = this.#stopping;
    const mine = ++this.#prepares;
    const tell = (happening: Happening): void => {
      if (stopping === this.#stopping && mine === this.#prepares) this.#dispatch(happening);
    };
    this.#ports.trainer.prepare(participation, this.#backend).then(
      (backend) => tell({ kind: 'prepared', backend }),
      (error: unknown) => tell({ kind: 'unprepared', message: messageOf(error) }),
    );
  }

  /** Resolves when nothing runs any more; a trainer that does not heed its signal is ended with its thread. */
  async #stop(): Promise<void> {
    await within(STOP_WITHIN_MS, this.#ports.clock, this.#work.settled());
    this.#ports.trainer.close();
    this.#work.clear();
  }
}

/** An error of a port may carry its `reason` for the page. */
function reasonOf(error: unknown, otherwise: string): string {
  const reason = error instanceof Error && 'reason' in error ? error.reason : undefined;
  return typeof reason === 'string' ? reason : otherwise;
}
