/**
 * Calls across a message port: ids, progress, abort, transfer. What goes wrong on the other side comes back as a value.
 * Each method has one input; `Progress` is what it tells while it runs.
 */
export type Methods = Record<string, { readonly input: unknown; readonly progress: unknown; readonly output: unknown }>;

type Request =
  | { readonly kind: 'call'; readonly id: number; readonly method: string; readonly input: unknown }
  | { readonly kind: 'abort'; readonly id: number }
  | { readonly kind: 'ping' };
type Response =
  | { readonly kind: 'progress'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'done'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'failed'; readonly id: number; readonly message: string }
  | { readonly kind: 'pong' };

/** A Worker, a worker's own global scope, or a MessagePort that was started. */
export interface MessageEnd {
  postMessage(message: unknown, transfer: Transferable[]): void;
  addEventListener(type: 'message', listener: (event: MessageEvent) => void): void;
  removeEventListener(type: 'message', listener: (event: MessageEvent) => void): void;
}

export type CallResult<Value> =
  | { readonly ok: true; readonly value: Value }
  /** `failed`: the method threw; `gone`: the other side ended before it answered; `lost`: and so it did with its device. */
  | { readonly ok: false; readonly reason: 'failed' | End; readonly message: string };

export type End = 'gone' | 'lost';

/** Every call ends: with an answer, or because this says that there will be none. */
export interface Watch<Served extends Methods> {
  /** While a call is open the other side is asked whether it is there: silent for so long, its thread is stuck. */
  readonly silentMs: number;
  /** A call takes no longer than this, on a thread that is there as well; but for the methods in `long`. */
  readonly answerMs: number;
  readonly long: readonly (keyof Served)[];
  /** Called once, with a sentence. The calls stay open until `end`. */
  readonly onStuck: (message: string) => void;
}

/** How often the other side is asked in the time that it may be silent. */
const ASKED_TIMES = 12;

export interface CallOptions<Progress> {
  readonly transfer?: Transferable[];
  readonly onProgress?: (progress: Progress) => void;
  readonly signal?: AbortSignal;
}

export interface Caller<Served extends Methods> {
  call<Name extends keyof Served & string>(
    method: Name,
    input: Served[Name]['input'],
    options?: CallOptions<Served[Name]['progress']>,
  ): Promise<CallResult<Served[Name]['output']>>;
  /** Answers all open calls as `gone` or `lost`, and every later one. */
  end(message: string, reason?: End): void;
}

interface OpenCall {
  readonly settle: (result: CallResult<unknown>) => void;
  readonly onProgress: ((progress: never) => void) | undefined;
  readonly method: string;
  /** For how long it may still be waited for. */
  leftMs: number;
}

export function callerOf<Served extends Methods>(end: MessageEnd, watch?: Watch<Served>): Caller<Served> {
  const open = new Map<number, OpenCall>();
  const watching = watch && watcherOf(watch, open, () => send({ kind: 'ping' }, []));
  let lastId = 0;
  let gone: Extract<CallResult<never>, { ok: false }> | undefined;

  end.addEventListener('message', ({ data }) => {
    const response = data as Response;
    watching?.heard();
    if (response.kind === 'pong') return;
    const call = open.get(response.id);
    if (response.kind === 'progress') call?.onProgress?.(response.value as never);
    else if (response.kind === 'done') call?.settle({ ok: true, value: response.value });
    else call?.settle({ ok: false, reason: 'failed', message: response.message });
  });
  const send = (request: Request, transfer: Transferable[]): void => end.postMessage(request, transfer);

  return {
    call(method, input, { transfer = [], onProgress, signal } = {}) {
      if (gone !== undefined) return Promise.resolve(gone);
      const id = ++lastId;
      const abort = (): void => send({ kind: 'abort', id }, []);
      return new Promise((resolve) => {
        const settle = (result: CallResult<unknown>): void => {
          open.delete(id);
          watching?.look();
          signal?.removeEventListener('abort', abort);
          resolve(result as never);
        };
        const isBounded = watch !== undefined && !watch.long.includes(method);
        open.set(id, { settle, onProgress, method, leftMs: isBounded ? watch.answerMs : Number.POSITIVE_INFINITY });
        watching?.look();
        send({ kind: 'call', id, method, input }, transfer);
        if (signal?.aborted) abort();
        else signal?.addEventListener('abort', abort, { once: true });
      });
    },
    end(message, reason = 'gone') {
      gone = { ok: false, reason, message };
      for (const { settle } of [...open.values()]) settle(gone);
    },
  };
}

/**
 * Looks while calls are open. Time that this side itself did not have (a frozen page, a laptop with its lid down) does not
 * count: of what passes between two looks, no more than twice the usual.
 */
function watcherOf<Served extends Methods>(
  { silentMs, answerMs, onStuck }: Watch<Served>,
  open: ReadonlyMap<number, OpenCall>,
  ping: () => void,
): { look(): void; heard(): void } {
  const everyMs = Math.min(silentMs, answerMs) / ASKED_TIMES;
  let silent = 0;
  let lookedMs = 0;
  let timer: ReturnType<typeof setInterval> | undefined;
  const end = (): void => {
    clearInterval(timer);
    timer = undefined;
  };
  const tick = (): void => {
    const nowMs = performance.now();
    const passedMs = Math.min(nowMs - lookedMs, 2 * everyMs);
    lookedMs = nowMs;
    silent += passedMs;
    for (const call of open.values()) call.leftMs -= passedMs;
    const late = [...open.values()].find(({ leftMs }) => leftMs <= 0);
    if (silent < silentMs && late === undefined) {
      ping();
      return;
    }
    end();
    const seconds = (ms: number): string => `${Math.round(ms / 1_000)} seconds`;
    onStuck(late === undefined ? `no answer for ${seconds(silentMs)}` : `no ${late.method} in ${seconds(answerMs)}`);
  };
  return {
    look() {
      if (open.size === 0) return end();
      if (timer !== undefined) return;
      silent = 0;
      lookedMs = performance.now();
      timer = setInterval(tick, everyMs);
    },
    heard() {
      silent = 0;
    },
  };
}

/** What a method gets besides its input. */
export interface CallContext<Progress> {
  readonly signal: AbortSignal;
  progress(value: Progress): void;
  /** Hands these buffers over with the answer instead of copying them. */
  transfer(...buffers: Transferable[]): void;
}

export type Served<Offered extends Methods> = {
  readonly [Name in keyof Offered]: (
    input: Offered[Name]['input'],
    context: CallContext<Offered[Name]['progress']>,
  ) => Promise<Offered[Name]['output']>;
};

/** Answers calls until the returned function is called. */
export function serve<Offered extends Methods>(end: MessageEnd, methods: Served<Offered>): () => void {
  const running = new Map<number, AbortController>();
  const send = (response: Response, transfer: Transferable[] = []): void => end.postMessage(response, transfer);

  const answer = async ({ id, method, input }: Extract<Request, { kind: 'call' }>): Promise<void> => {
    const abort = new AbortController();
    const handed: Transferable[] = [];
    running.set(id, abort);
    try {
      const run = Object.hasOwn(methods, method) ? methods[method as keyof Offered] : undefined;
      if (run === undefined) throw new Error(`there is no method ${method}`);
      const value = await run(input as never, {
        signal: abort.signal,
        progress: (progress) => send({ kind: 'progress', id, value: progress }),
        transfer: (...buffers) => void handed.push(...buffers),
      });
      send({ kind: 'done', id, value }, handed);
    } catch (error) {
      send({ kind: 'failed', id, message: error instanceof Error ? `${error.name}: ${error.message}` : String(error) });
    } finally {
      running.delete(id);
    }
  };
  const listener = ({ data }: MessageEvent): void => {
    const request = data as Request;
    if (request.kind === 'ping') send({ kind: 'pong' });
    else if (request.kind === 'call') void answer(request);
    else running.get(request.id)?.abort();
  };
  end.addEventListener('message', listener);
  return () => end.removeEventListener('message', listener);
}
