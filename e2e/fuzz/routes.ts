import { TEMPLATES } from '../../shared/task/templates/index.ts';

/** What a call can be about. */
export interface Subject {
  readonly task: string;
  /** A task that may be made. */
  readonly fresh: string;
  readonly token: string;
  readonly sha256: string;
  readonly actor: string;
}

export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** As the server writes it; `*` is any other path. */
  readonly url: string;
  /** Without a credential it is refused. */
  readonly isAdmins?: true;
  readonly query?: string;
  /** Right bodies, one of which is sent. */
  readonly bodies?: readonly ((at: Subject) => unknown)[];
  /** Bytes and no JSON. */
  readonly isBytes?: true;
}

const none = [() => undefined];
const admins = (method: Route['method'], url: string, more: Partial<Route> = {}): Route => ({
  ...{ method, url, isAdmins: true, bodies: none },
  ...more,
});
const open = (url: string, query?: string): Route => ({
  method: 'GET',
  url,
  ...(query === undefined ? {} : { query }),
});

/** Every route of the HTTP API and the pages; a test holds them together with the server's. */
export const ROUTES: readonly Route[] = [
  ...['/', '/healthz', '/readyz', '/metrics', '/admin', '/contribute/:task', '*'].map((url) => open(url)),
  { method: 'POST', url: '/api/session', bodies: [({ token }) => ({ token })] },
  admins('GET', '/api/session'),
  admins('DELETE', '/api/session'),
  admins('GET', '/api/sessions'),
  admins('DELETE', '/api/sessions'),
  admins('DELETE', '/api/sessions/:actor'),
  admins('POST', '/api/session/ticket'),
  open('/api/templates'),
  open('/api/tasks'),
  open('/api/tasks/:id'),
  open('/api/tasks/:id/rounds', 'limit=10&before=5'),
  open('/api/tasks/:id/checkpoints'),
  open('/api/tasks/:id/samples', 'count=100'),
  open('/api/tasks/:id/model/model.json', 'version=0'),
  open('/api/tasks/:id/model/weights.bin', 'version=0'),
  open('/api/tasks/:id/model/model.npz', 'version=0'),
  open('/api/tasks/:id/model.npz', 'version=0'),
  open('/api/receipts/:updateId'),
  open('/weights/:sha256'),
  admins('POST', '/api/tasks', {
    bodies: [
      ({ fresh }) => ({ template: 'seed-dense', id: fresh }),
      ({ fresh }) => ({ ...TEMPLATES['seed-dense'], id: fresh }),
      ({ fresh, sha256 }) => ({
        template: 'seed-dense',
        id: fresh,
        model: { ...TEMPLATES['seed-dense'].model, weights: sha256 },
      }),
      ...Object.keys(TEMPLATES).map((template) => ({ fresh }: Subject) => ({ template, id: fresh })),
    ],
  }),
  admins('DELETE', '/api/tasks/:id', { bodies: [({ task }) => ({ confirm: task })] }),
  admins('POST', '/api/tasks/:id/duplicate', { bodies: [({ fresh }) => ({ id: fresh, title: 'A copy' })] }),
  admins('POST', '/api/tasks/:id/rounds', { bodies: [() => ({ count: 5 })] }),
  admins('POST', '/api/tasks/:id/rollback', { bodies: [() => ({ version: 0 })] }),
  ...['evaluate', 'pause', 'resume', 'stop', 'archive'].map((name) => admins('POST', `/api/tasks/:id/${name}`)),
  admins('GET', '/api/tasks/:id/contributors', { query: 'limit=10' }),
  admins('GET', '/api/audit', { query: 'limit=10' }),
  admins('POST', '/api/weights', {
    isBytes: true,
    bodies: [() => Buffer.alloc(31_400, 1), () => Buffer.alloc(3), () => Buffer.alloc(0)],
  }),
  admins('GET', '/api/webhook'),
  // Nobody listens there: what happens is tried again, later and later.
  admins('PUT', '/api/webhook', { bodies: [() => ({ url: 'http://127.0.0.1:9/hook' })] }),
  admins('DELETE', '/api/webhook'),
];
