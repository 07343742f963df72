import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import type { RunningServer } from '../fixtures/server.ts';
import type { AdminScript, AdminStep, Call, LoginState, Name, TaskState } from './admin-steps.ts';
import { wrongIn } from './answer.ts';
import { ask, type Sent } from './ask.ts';
import { Contributor } from './contributor.ts';
import { Dashboard } from './dashboard.ts';
import { edited } from './edits.ts';
import { mutated } from './mutations.ts';
import { ROUTES, type Route, type Subject } from './routes.ts';

const OTHER_SITE = 'https://elsewhere.example';
/** Of the raw bytes of a call: what is no call at all is answered at once, and a body that does not come is waited for longer. */
const TEXT_WAIT_MS = 100;

export const smallTask = (id: string): object => ({
  ...{ template: 'seed-dense', id },
  // Other labels than the samples have: versions are not scored, which is another part's work.
  data: { labels: Array.from('abcdefghij') },
  rounds: { goal: 1, minimum: 1, overSelection: 1, selectionDeadlineMs: 5_000, reportingDeadlineMs: 5_000 },
});

/** Somebody at the doors of admins who does what a script says, and looks whether each answer may be. */
export class Administrator {
  readonly #server: RunningServer;
  readonly #task: string;
  /** Limits are kept by it. */
  readonly #address: string;
  readonly #note: (state: TaskState | LoginState) => void;
  readonly #dashboard: Dashboard;
  #contributor: Contributor | null = null;
  #taskState: TaskState = 'absent';
  #loginState: LoginState = 'no-login';
  #cookie = 'fedtab=0';
  #subject: Subject;
  #messages = 0;

  constructor(server: RunningServer, task: string, address: string, note: (state: TaskState | LoginState) => void) {
    this.#server = server;
    this.#task = task;
    this.#address = address;
    this.#note = note;
    this.#dashboard = new Dashboard(server);
    this.#subject = {
      ...{ task, fresh: `${task}-fresh`, token: server.adminToken },
      ...{ sha256: '0'.repeat(64), actor: 'session-00000000' },
    };
  }

  get messages(): number {
    return this.#messages + this.#dashboard.messages + (this.#contributor?.messages ?? 0);
  }

  async play({ task, login, steps }: AdminScript): Promise<void> {
    await this.#logIn(login);
    await this.#bring(task);
    for (const step of steps) await this.#take(step);
  }

  close(): void {
    this.#contributor?.close();
    this.#dashboard.close();
  }

  async #take(step: AdminStep): Promise<void> {
    this.#note(this.#taskState);
    this.#note(this.#loginState);
    switch (step.kind) {
      case 'task':
        return this.#bring(step.to);
      case 'login':
        return this.#logIn(step.to);
      case 'contribute':
        this.#contributor ??= new Contributor(this.#server.url, this.#task, () => {});
        return this.#contributor.advance(step.to);
      case 'call': {
        const calls = Array.from({ length: step.times }, () => this.#call(step));
        await Promise.all(calls);
        return;
      }
      case 'text':
        return this.#write(step.route, (text) => edited(text, step.edits));
      case 'dashboard':
        return this.#dashboard.open(step, step.isOwnOrigin ? null : OTHER_SITE);
      case 'say':
        return this.#dashboard.say(step.event, [
          ...step.args,
          ...(step.bytes === null ? [] : [Buffer.alloc(step.bytes)]),
        ]);
      case 'packet':
        return this.#dashboard.write(edited('2/admin,["live",{"tasks":[]}]', step.edits));
    }
  }

  /** Brings the task where it is to stand, from wherever it is. */
  async #bring(to: TaskState): Promise<void> {
    const order = async (path: string, body?: object, method = 'POST'): Promise<void> => {
      await (await this.#server.admin(`/api/tasks${path}`, { method, body })).arrayBuffer();
    };
    const own = `/${this.#task}`;
    await order(own, { confirm: this.#task }, 'DELETE');
    this.#taskState = to;
    if (to === 'absent') return;
    await order('', smallTask(this.#task));
    if (to === 'deleted') return order(own, { confirm: this.#task }, 'DELETE');
    await order(`${own}/rounds`, { count: 100 });
    const { sha256 } = await this.#server.adminJson<{ sha256: string }>(`/api/tasks${own}`);
    this.#subject = { ...this.#subject, sha256 };
    switch (to) {
      case 'waiting':
        return;
      case 'in-round':
        this.#contributor ??= new Contributor(this.#server.url, this.#task, () => {});
        await this.#contributor.advance('assigned');
        // Nobody was chosen in time.
        if (this.#contributor.state !== 'assigned') this.#taskState = 'waiting';
        return;
      case 'paused':
        return order(`${own}/pause`);
      case 'stopped':
        return order(`${own}/stop`);
      case 'archived':
        await order(`${own}/stop`);
        return order(`${own}/archive`);
    }
  }

  async #logIn(to: LoginState): Promise<void> {
    this.#loginState = to;
    if (to === 'no-login' || to === 'token') return;
    const { url, adminToken: token } = this.#server;
    const answer = await fetch(`${url}/api/session`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ token }),
    });
    await answer.arrayBuffer();
    this.#cookie = answer.headers.get('set-cookie')?.split(';')[0] ?? this.#cookie;
    const headers = { cookie: this.#cookie };
    const { actor } = (await (await fetch(`${url}/api/session`, { headers })).json()) as { actor?: string };
    // It is one of many, and may be over by now.
    if (actor !== undefined) this.#subject = { ...this.#subject, actor };
    if (to === 'logged-out') await (await fetch(`${url}/api/session`, { method: 'DELETE', headers })).arrayBuffer();
  }

  async #call(call: Call): Promise<void> {
    const route = routeAt(call.route);
    const sent = this.#sentOf(route, call);
    this.#messages += 1;
    const answer = await ask(this.#server.port, sent);
    if (answer === null) return;
    const wrong = wrongIn(answer, this.#mayPass(route, call));
    if (wrong !== null) throw new Error(`${sent.method} ${sent.path.slice(0, 200)} was answered ${wrong}`);
  }

  #sentOf(route: Route, call: Call): Sent {
    const query = call.query ?? route.query;
    const right = route.bodies?.[call.right % route.bodies.length]?.(this.#subject);
    const isBytes = right instanceof Uint8Array;
    const changed = call.change === null || isBytes ? right : mutated(right, call.change);
    const whole = isBytes ? Buffer.from(right) : Buffer.from(changed === undefined ? '' : JSON.stringify(changed));
    const { body } = call;
    const bytes = bytesOf(body, whole, route.isBytes === true);
    const type = call.type ?? (route.isBytes ? 'application/octet-stream' : bytes.length > 0 ? 'application/json' : '');
    return {
      method: call.method ?? route.method,
      path: `${this.#pathOf(route, call.name)}${query === undefined ? '' : `?${query}`}`,
      headers: {
        'x-forwarded-for': this.#address,
        ...(type === '' ? {} : { 'content-type': type }),
        ...(body.kind === 'packed' ? { 'content-encoding': 'gzip' } : {}),
        ...this.#credentialOf(call),
        ...this.#originOf(call),
      },
      body: bytes,
      isChunked: body.kind === 'big' && body.isChunked,
      share: body.kind === 'partial' ? body.share : 1,
    };
  }

  #pathOf({ url }: Route, name: Name): string {
    if (url === '*') return typeof name === 'string' ? '/embed.js' : `/assets/${named(name, '')}`;
    const rights: Readonly<Record<string, string>> = {
      ...{ id: this.#task, task: this.#task, actor: this.#subject.actor },
      ...{ sha256: this.#subject.sha256, updateId: '0'.repeat(32) },
    };
    return url.replace(/:(\w+)/, (_whole, parameter: string) => named(name, rights[parameter] ?? ''));
  }

  #credentialOf({ credential }: Call): Readonly<Record<string, string>> {
    switch (credential) {
      case 'own':
        if (this.#loginState === 'token') return { authorization: `Bearer ${this.#server.adminToken}` };
        return this.#loginState === 'no-login' ? {} : { cookie: this.#cookie };
      case 'none':
        return {};
      case 'wrong-token':
        return { authorization: 'Bearer wrong-token-of-the-tests' };
      case 'wrong-cookie':
        return { cookie: 'fedtab=%E0%A4%A; fedtab=wrong' };
      case 'odd':
        return { authorization: `Basic ${'x'.repeat(500)}` };
    }
  }

  #originOf({ origin }: Call): Readonly<Record<string, string>> {
    const origins = { own: this.#server.url, other: OTHER_SITE, odd: 'null://\u00e9' } as const;
    return origin === 'none' ? {} : { origin: origins[origin] };
  }

  /** Whether a call may be granted, as far as that is certain: an odd path may be that of another route. */
  #mayPass(route: Route, { method, name, credential, origin }: Call): boolean {
    const isSame = method === null || (method === 'HEAD' && route.method === 'GET');
    if (!isSame || (typeof name !== 'string' && !name.isWhole)) return true;
    const isReading = route.method === 'GET';
    const isElsewhere = origin === 'other' || origin === 'odd';
    if (!route.isAdmins) return isReading || !isElsewhere;
    if (credential !== 'own') return false;
    return this.#loginState === 'token' || (this.#loginState === 'logged-in' && (isReading || !isElsewhere));
  }

  /** The text of a call, changed, on a connection of its own. */
  async #write(at: number, change: (text: string) => string): Promise<void> {
    const route = routeAt(at);
    const body = JSON.stringify(route.bodies?.[0]?.(this.#subject) ?? {});
    const lines = [
      `${route.method} ${this.#pathOf(route, 'right')} HTTP/1.1`,
      ...['Host: localhost', `X-Forwarded-For: ${this.#address}`, `Authorization: Bearer ${this.#server.adminToken}`],
      ...['Content-Type: application/json', `Content-Length: ${Buffer.byteLength(body)}`],
    ];
    this.#messages += 1;
    const socket = connect(this.#server.port, '127.0.0.1');
    const answer = await new Promise<string>((resolve) => {
      let text = '';
      const end = (): void => {
        clearTimeout(timer);
        socket.destroy();
        resolve(text);
      };
      const timer = setTimeout(end, TEXT_WAIT_MS);
      socket.on('data', (bytes) => {
        text += bytes.toString('latin1');
        end();
      });
      socket.on('error', end).on('close', end);
      socket.write(change(`${lines.join('\r\n')}\r\n\r\n${body}`));
    });
    if (/^HTTP\/1\.1 5/.test(answer)) throw new Error(`${route.method} ${route.url}, changed: ${answer.slice(0, 300)}`);
  }
}

function routeAt(at: number): Route {
  const route = ROUTES[at % ROUTES.length];
  if (route === undefined) throw new Error('there are no routes');
  return route;
}

function bytesOf(body: Call['body'], whole: Buffer, isBytes: boolean): Buffer {
  switch (body.kind) {
    case 'right':
    case 'partial':
      return whole;
    case 'none':
      return Buffer.alloc(0);
    case 'packed':
      return gzipSync(whole);
    case 'edited':
      return Buffer.from(edited(whole.toString('latin1'), body.edits));
    case 'deep':
      return Buffer.from(`${'{"model":['.repeat(body.levels / 10)}${'['.repeat(body.levels)}`);
    case 'big':
      return isBytes ? Buffer.alloc(body.bytes, 1) : Buffer.from(`{"token":"${'x'.repeat(body.bytes)}"}`);
  }
}

/** A name in a path. Node sends no blanks or control characters in one; what is whole stays one part of the path. */
function named(name: Name, right: string): string {
  if (name === 'right') return right;
  if (name === 'absent') return 'no-such-name';
  const { odd, isWhole } = name;
  const pattern = isWhole ? /[^\w-]/gu : /[^\u0021-\u007e]/gu;
  return odd.replace(pattern, (character) =>
    [...Buffer.from(character)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join(''),
  );
}
