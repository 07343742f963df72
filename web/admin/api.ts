import * as v from 'valibot';
import type { Problem } from '../../shared/errors.ts';
import type { Sha256, TaskId } from '../../shared/ids.ts';
import type { TaskSpec } from '../../shared/task/spec.ts';
import { toBytes } from '../../shared/weights/vector.ts';
import {
  type AdminTask,
  adminTaskSchema,
  type Checkpoint,
  checkpointSchema,
  errorSchema,
  keptWeightsSchema,
  type Login,
  loginSchema,
  type Round,
  roundSchema,
  ticketSchema,
  type Webhook,
  type WebhookSet,
  webhookSchema,
  webhookSetSchema,
} from './answers.ts';

/** Why a call did not give what was asked. */
export type Failure =
  /** There is no session, or it is over. */
  | { readonly reason: 'logged-out' }
  | { readonly reason: 'unreachable' }
  /** An answer that this page does not understand. */
  | { readonly reason: 'broken' }
  | {
      readonly reason: 'refused';
      readonly status: number;
      readonly code: string;
      readonly message: string;
      readonly problems: readonly Problem[];
      readonly retryAfterMs: number | null;
    };
export type Answer<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly failure: Failure };

export type Order =
  | { readonly kind: 'rounds'; readonly count: number }
  | { readonly kind: 'rollback'; readonly version: number }
  | { readonly kind: 'duplicate'; readonly id: string; readonly title: string }
  | { readonly kind: 'evaluate' | 'pause' | 'resume' | 'stop' | 'archive' };

/** The calls of the dashboard. The session is a cookie that scripts cannot read. */
export interface AdminApi {
  /** Is there a session? */
  session(): Promise<Answer<unknown>>;
  logIn(credential: string): Promise<Answer<unknown>>;
  logOut(): Promise<Answer<unknown>>;
  /** The logins there are, the last used first. */
  logins(): Promise<Answer<readonly Login[]>>;
  /** Ends one of them, or all but the own. */
  endLogin(actor: string): Promise<Answer<unknown>>;
  endOtherLogins(): Promise<Answer<unknown>>;
  ticket(): Promise<Answer<string>>;
  tasks(): Promise<Answer<readonly AdminTask[]>>;
  task(id: TaskId): Promise<Answer<AdminTask>>;
  /** The last `limit` of them, or of those before round `before`; oldest first. */
  rounds(id: TaskId, limit: number, before?: number): Promise<Answer<readonly Round[]>>;
  checkpoints(id: TaskId): Promise<Answer<readonly Checkpoint[]>>;
  create(spec: TaskSpec): Promise<Answer<unknown>>;
  /** Hands over initial weights; the answer is their name, for `model.weights` of a task. */
  keepWeights(weights: Float32Array): Promise<Answer<Sha256>>;
  order(id: TaskId, order: Order): Promise<Answer<unknown>>;
  remove(id: TaskId): Promise<Answer<unknown>>;
  /** null: no address is set. */
  webhook(): Promise<Answer<Webhook | null>>;
  setWebhook(url: string): Promise<Answer<WebhookSet>>;
  clearWebhook(): Promise<Answer<unknown>>;
}

/** `onLoggedOut` is called whenever the server does not know the session (any more). */
export function createApi(onLoggedOut: () => void, send: typeof fetch = (...request) => fetch(...request)): AdminApi {
  const ask = async <Schema extends v.GenericSchema>(
    schema: Schema,
    path: string,
    method = 'GET',
    body?: unknown,
  ): Promise<Answer<v.InferOutput<Schema>>> => {
    let response: Response;
    try {
      response = await send(path, {
        method,
        cache: 'no-store',
        headers: { accept: 'application/json', ...(body === undefined ? {} : { 'content-type': typeOf(body) }) },
        body:
          body === undefined
            ? null
            : body instanceof Float32Array
              ? (toBytes(body) as Uint8Array<ArrayBuffer>)
              : JSON.stringify(body),
      });
    } catch {
      return failed({ reason: 'unreachable' });
    }
    const answer: unknown = await response.json().catch(() => null);
    if (response.status === 401) onLoggedOut();
    if (!response.ok) return failed(failureOf(response, answer));
    const parsed = v.safeParse(schema, answer);
    return parsed.success ? { ok: true, value: parsed.output } : failed({ reason: 'broken' });
  };
  const anything = v.unknown();

  return {
    session: () => ask(anything, '/api/session'),
    logIn: (credential) => ask(anything, '/api/session', 'POST', { token: credential }),
    logOut: () => ask(anything, '/api/session', 'DELETE'),
    logins: () => ask(v.array(loginSchema), '/api/sessions'),
    endLogin: (actor) => ask(anything, `/api/sessions/${encodeURIComponent(actor)}`, 'DELETE'),
    endOtherLogins: () => ask(anything, '/api/sessions', 'DELETE'),
    async ticket() {
      const answer = await ask(ticketSchema, '/api/session/ticket', 'POST');
      return answer.ok ? { ok: true, value: answer.value.ticket } : answer;
    },
    tasks: () => ask(v.array(adminTaskSchema), '/api/tasks'),
    task: (id) => ask(adminTaskSchema, `/api/tasks/${id}`),
    rounds: (id, limit, before) =>
      ask(
        v.array(roundSchema),
        `/api/tasks/${id}/rounds?limit=${limit}${before === undefined ? '' : `&before=${before}`}`,
      ),
    checkpoints: (id) => ask(v.array(checkpointSchema), `/api/tasks/${id}/checkpoints`),
    async keepWeights(weights) {
      const answer = await ask(keptWeightsSchema, '/api/weights', 'POST', weights);
      return answer.ok ? { ok: true, value: answer.value.sha256 } : answer;
    },
    create: (spec) => ask(anything, '/api/tasks', 'POST', spec),
    order: (id, { kind, ...details }) => ask(anything, `/api/tasks/${id}/${kind}`, 'POST', details),
    remove: (id) => ask(anything, `/api/tasks/${id}`, 'DELETE', { confirm: id }),
    async webhook() {
      const answer = await ask(webhookSchema, '/api/webhook');
      if (!answer.ok) return answer;
      return { ok: true, value: answer.value.url === null ? null : answer.value };
    },
    setWebhook: (url) => ask(webhookSetSchema, '/api/webhook', 'PUT', { url }),
    clearWebhook: () => ask(anything, '/api/webhook', 'DELETE'),
  };
}

const typeOf = (body: unknown): string =>
  body instanceof Float32Array ? 'application/octet-stream' : 'application/json';

const failed = (failure: Failure): { readonly ok: false; readonly failure: Failure } => ({ ok: false, failure });

function failureOf({ status, headers }: Response, answer: unknown): Failure {
  if (status === 401) return { reason: 'logged-out' };
  const parsed = v.safeParse(errorSchema, answer);
  // A proxy in front of the server answers in its own words while the server is away.
  if (!parsed.success) return { reason: status >= 500 ? 'unreachable' : 'broken' };
  const seconds = Number(headers.get('retry-after') ?? Number.NaN);
  return {
    reason: 'refused',
    status,
    ...parsed.output.error,
    retryAfterMs: Number.isFinite(seconds) ? seconds * 1000 : null,
  };
}
