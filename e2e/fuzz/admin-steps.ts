import fc from 'fast-check';
import { type Edit, edits } from './edits.ts';
import { type Mutation, mutation, oddValue } from './mutations.ts';
import { ROUTES } from './routes.ts';
import type { ContributorState } from './steps.ts';

/** What has become of the task that calls are about, and how whoever calls stands with the server. */
export const TASK_STATES = [
  ...(['absent', 'waiting', 'in-round', 'paused', 'stopped', 'archived', 'deleted'] as const),
];
export const LOGIN_STATES = ['no-login', 'logged-in', 'logged-out', 'token'] as const;
export type TaskState = (typeof TASK_STATES)[number];
export type LoginState = (typeof LOGIN_STATES)[number];

/** What a name in the path is: that of the task, or a text that is none, as it is or with its characters written as `%`. */
export type Name = 'right' | 'absent' | { readonly odd: string; readonly isWhole: boolean };

export type Body =
  | { readonly kind: 'right' | 'none' | 'packed' }
  /** Of a body announced whole, this share is sent, and then the connection is cut. */
  | { readonly kind: 'partial'; readonly share: number }
  | { readonly kind: 'edited'; readonly edits: readonly Edit[] }
  | { readonly kind: 'deep'; readonly levels: number }
  | { readonly kind: 'big'; readonly bytes: number; readonly isChunked: boolean };

export interface Call {
  readonly kind: 'call';
  readonly route: number;
  /** Another method than the route's. */
  readonly method: string | null;
  readonly name: Name;
  /** In the place of the right query. */
  readonly query: string | null;
  /** Which of the right bodies, and what is changed in it. */
  readonly right: number;
  readonly change: Mutation | null;
  readonly body: Body;
  readonly type: string | null;
  /** In the place of the credential that goes with the state. */
  readonly credential: 'own' | 'none' | 'wrong-token' | 'wrong-cookie' | 'odd';
  readonly origin: 'none' | 'own' | 'other' | 'odd';
  readonly times: number;
}

/** One thing that happens to a server that admins use. */
export type AdminStep =
  | { readonly kind: 'task'; readonly to: TaskState }
  | { readonly kind: 'login'; readonly to: LoginState }
  | { readonly kind: 'contribute'; readonly to: ContributorState }
  | Call
  /** Bytes that are nearly a call. */
  | { readonly kind: 'text'; readonly route: number; readonly edits: readonly Edit[] }
  | {
      readonly kind: 'dashboard';
      readonly ticket: 'right' | 'used' | 'none';
      readonly change: Mutation | null;
      readonly isOwnOrigin: boolean;
    }
  /** Dashboards only listen; this one speaks. */
  | { readonly kind: 'say'; readonly event: string; readonly args: readonly unknown[]; readonly bytes: number | null }
  | { readonly kind: 'packet'; readonly edits: readonly Edit[] };

const ODD_NAMES = [
  ...[
    '-',
    '..',
    '%00',
    '%',
    '%zz',
    '%2e%2e%2f',
    '__proto__',
    'constructor',
    'a'.repeat(129),
    'A',
    '*',
    ':id',
    '%C3%28',
    '?',
    '&',
  ],
  ...["'", '"', '<b>', '\u0000', '\ud800', '𝔽', 'a/b', 'a b', '0'.repeat(32), '0'.repeat(64), 'session-00000000'],
];
const QUERIES = [
  ...[
    '',
    'limit=0',
    'limit=-1',
    'limit=1e3',
    'limit=10&limit=20',
    'count=6000',
    'count=6001',
    'version=999999',
    'version[]=1',
  ],
  ...[
    'before=0',
    'joinToken=x',
    'joinToken=x&joinToken=y',
    '__proto__=1',
    '%',
    '=&=&',
    `limit=${'9'.repeat(500)}`,
    'limit=%00',
  ],
];
const TYPES = [
  ...['application/json', 'application/json; charset=utf-7', 'text/plain', 'application/octet-stream', ''],
  ...[
    'multipart/form-data; boundary=x',
    'application/x-www-form-urlencoded',
    'nonsense',
    'application/json;'.repeat(50),
  ],
];
const body: fc.Arbitrary<Body> = fc.oneof(
  { weight: 20, arbitrary: fc.constant({ kind: 'right' } as const) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('none' as const, 'packed' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('partial' as const), share: fc.constantFrom(0, 0.5, 0.9) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('edited' as const), edits }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('deep' as const), levels: fc.constantFrom(100, 3_000, 200_000) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('big' as const),
      bytes: fc.constantFrom(8_000, 9_000, 900_000, 1_100_000, 4_000_000, 24_000_000),
      isChunked: fc.boolean(),
    }),
  },
);
const route = fc.nat(ROUTES.length - 1);
/** What is right most of the time. */
const mostly = <Value, Odd>(right: Value, weight: number, odd: fc.Arbitrary<Odd>): fc.Arbitrary<Value | Odd> =>
  fc.oneof({ weight, arbitrary: fc.constant(right) }, { weight: 1, arbitrary: odd });

const call: fc.Arbitrary<Call> = fc.record({
  kind: fc.constant('call' as const),
  route,
  method: mostly(null, 15, fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE')),
  name: mostly<Name, Name>(
    'right',
    6,
    fc.oneof(fc.constant('absent' as const), fc.record({ odd: fc.constantFrom(...ODD_NAMES), isWhole: fc.boolean() })),
  ),
  query: mostly(null, 6, fc.constantFrom(...QUERIES)),
  right: fc.nat(100),
  change: fc.option(mutation, { freq: 2 }),
  body,
  type: mostly(null, 10, fc.constantFrom(...TYPES)),
  credential: mostly('own' as const, 12, fc.constantFrom('none', 'wrong-token', 'wrong-cookie', 'odd')),
  origin: mostly('none' as const, 6, fc.constantFrom('own', 'other', 'odd')),
  times: fc.constantFrom(1, 1, 1, 1, 2, 3),
});

const step: fc.Arbitrary<AdminStep> = fc.oneof(
  { weight: 40, arbitrary: call },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('task' as const), to: fc.constantFrom(...TASK_STATES) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('login' as const), to: fc.constantFrom(...LOGIN_STATES) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('contribute' as const),
      to: fc.constantFrom('waiting', 'half-sent', 'reported'),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('text' as const), route, edits }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('dashboard' as const),
      ticket: fc.constantFrom('right', 'right', 'used', 'none'),
      change: fc.option(mutation, { freq: 3 }),
      isOwnOrigin: fc.constantFrom(true, true, true, false),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('say' as const),
      event: fc.constantFrom('live', 'task', 'refused', 'check-in', 'constructor', '__proto__', '', 'disconnecting'),
      args: fc.array(oddValue, { maxLength: 3 }),
      bytes: fc.option(fc.constantFrom(0, 1_000, 300_000), { freq: 5 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('packet' as const), edits }) },
);

export interface AdminScript {
  readonly task: TaskState;
  readonly login: LoginState;
  readonly steps: readonly AdminStep[];
}

export const adminScript: fc.Arbitrary<AdminScript> = fc.record({
  task: fc.constantFrom(...TASK_STATES),
  // Whoever is let in reaches more.
  login: fc.constantFrom(...LOGIN_STATES, 'logged-in' as const, 'token' as const),
  steps: fc.noBias(fc.array(step, { minLength: 1, maxLength: 50, size: 'max' })),
});
