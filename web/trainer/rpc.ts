/**
 * Calls across a message port: ids, progress, abort, transfer. What goes wrong on the other side comes back as a value.
 * Each method has one input; `Progress` is what it tells while it runs.
 */
export type Methods = Record<string, { readonly input: unknown; readonly progress: unknown; readonly output: unknown }>;

type Request =
  | { readonly kind: 'call'; readonly id: number; readonly method: string; readonly input: unknown }
  | { readonly kind: 'abort'; readonly id: number };
type Response =
  | { readonly kind: 'progress'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'done'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'failed'; readonly id: number; readonly message: string };

/** A Worker, a worker's own global scope, or a MessagePort that was started. */
export interface MessageEnd {
  postMessage(message: unknown, transfer: Transferable[]): void;
  addEventListener(type: 'message', listener: (event: MessageEvent) => void): void;
  removeEventListener(type: 'message', listener: (event: MessageEvent) => void): void;
}

export type CallResult<Value> =
  | { readonly ok: true; readonly value: Value }
  /** `failed`: the method threw; `gone`: the other side ended before it answered. */
  | { readonly ok: false; readonly reason: 'failed' | 'gone'; readonly message: string };

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
  /** Answers all open calls as `gone`, and every later one. */
  end(message: string): void;
}

interface OpenCall {
  readonly settle: (result: CallResult<unknown>) => void;
  readonly onProgress: ((progress: never) => void) | undefined;
}

export function callerOf<Served extends Methods>(end: MessageEnd): Caller<Served> {
  const open = new Map<number, OpenCall>();
  let lastId = 0;
  let gone: string | undefined;

  end.addEventListener('message', ({ data }) => {
    const response = data as Response;
    const call = open.get(response.id);
    if (response.kind === 'progress') call?.onProgress?.(response.value as never);
    else if (response.kind === 'done') call?.settle({ ok: true, value: response.value });
    else call?.settle({ ok: false, reason: 'failed', message: response.message });
  });
  const send = (request: Request, transfer: Transferable[]): void => end.postMessage(request, transfer);

  return {
    call(method, input, { transfer = [], onProgress, signal } = {}) {
      if (gone !== undefined) return Promise.resolve({ ok: false, reason: 'gone', message: gone });
      const id = ++lastId;
      const abort = (): void => send({ kind: 'abort', id }, []);
      return new Promise((resolve) => {
        const settle = (result: CallResult<unknown>): void => {
          open.delete(id);
          signal?.removeEventListener('abort', abort);
          resolve(result as never);
        };
        open.set(id, { settle, onProgress });
        send({ kind: 'call', id, method, input }, transfer);
        if (signal?.aborted) abort();
        else signal?.addEventListener('abort', abort, { once: true });
      });
    },
    end(message) {
      gone = message;
      for (const { settle } of [...open.values()]) settle({ ok: false, reason: 'gone', message });
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
    if (request.kind === 'call') void answer(request);
    else running.get(request.id)?.abort();
  };
  end.addEventListener('message', listener);
  return () => end.removeEventListener('message', listener);
}
