import { readFileSync } from 'node:fs';
import { isAbsolute, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import * as v from 'valibot';
import { fail, type Problem, type Result, succeed } from '../shared/errors.ts';
import { LIMITS } from '../shared/limits.ts';

/** Everything an operator can set, read once at start: flags over environment over `--config FILE` over defaults. */

export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;

const whole = (minimum: number, maximum: number) =>
  v.pipe(
    v.union([v.pipe(v.string(), v.regex(/^\d{1,9}$/, 'must be a whole number'), v.transform(Number)), v.number()]),
    v.number(),
    v.integer('must be a whole number'),
    v.minValue(minimum, `must be at least ${minimum}`),
    v.maxValue(maximum, `must be at most ${maximum}`),
  );
const text = v.pipe(v.string('must be text'), v.minLength(1, 'must not be empty'), v.maxLength(1024));
const httpUrl = v.pipe(
  text,
  v.check((value) => URL.canParse(value), 'must be a URL such as https://learn.example.org'),
  v.transform((value) => new URL(value)),
  v.check(({ protocol }) => protocol === 'http:' || protocol === 'https:', 'must start with http:// or https://'),
  v.check(
    ({ pathname, search, hash, username }) => pathname === '/' && search + hash + username === '',
    'must be an origin: scheme, host and port only',
  ),
  v.transform(({ origin }) => origin),
);
const HOST = /^([a-z0-9.-]+|\[[0-9a-f:.]+\])(:\d{1,5})?$/;
/** `a.example, 10.0.0.7:8080`, as URLs have them. */
const hosts = v.pipe(
  v.string('must be text'),
  v.maxLength(4_096),
  v.transform((value) =>
    value
      .toLowerCase()
      .split(',')
      .map((host) => host.trim())
      .filter((host) => host !== ''),
  ),
  v.check((list) => list.every((host) => HOST.test(host)), 'must be hosts such as hooks.internal or 10.0.0.7:8080'),
);
const databaseUrl = v.pipe(
  text,
  // Problems say the message alone: a URL may hold a password.
  v.check(
    (value) => /^postgres(ql)?:/.test(value) && URL.canParse(value),
    'must be a URL such as postgresql://user@host:5432/database',
  ),
);
/** A bucket by its path, with what stands before the names in it; keys are not part of it. */
function isBucket(value: string): boolean {
  if (!value.startsWith('s3:') || !URL.canParse(value.slice('s3:'.length))) return false;
  const { protocol, pathname, username, search, hash } = new URL(value.slice('s3:'.length));
  return /^https?:$/.test(protocol) && pathname !== '/' && username + search + hash === '';
}
const blobs = v.pipe(
  text,
  v.check(
    (value) =>
      value === 'database' ||
      (value.startsWith('folder:') && isAbsolute(value.slice('folder:'.length))) ||
      isBucket(value),
    'must be database, folder: and an absolute path, or s3: and the URL of a bucket, such as s3:https://s3.example.org/bucket',
  ),
  v.transform((value) =>
    value === 'database'
      ? ({ kind: 'database' } as const)
      : value.startsWith('s3:')
        ? ({ kind: 's3', url: new URL(value.slice('s3:'.length)).href.replace(/\/+$/, '') } as const)
        : ({ kind: 'folder', folder: value.slice('folder:'.length) } as const),
  ),
);
const redisUrl = v.pipe(
  text,
  v.check((value) => /^rediss?:/.test(value) && URL.canParse(value), 'must be a URL such as redis://host:6379'),
);

const settings = v.strictObject({
  /** Address to listen on; 0.0.0.0 for the whole network. */
  host: v.optional(text, '127.0.0.1'),
  /** 0 picks a free one. */
  port: v.optional(whole(0, 65_535), 8080),
  /** Folder for the database, blobs and spool. */
  data: v.optional(text, './data'),
  /** Standing admin credential; without it the one-time links are the only way in. */
  adminToken: v.optional(v.pipe(text, v.maxLength(512))),
  /** Of PostgreSQL; without it SQLite in the data folder. */
  databaseUrl: v.optional(databaseUrl),
  /** Where blobs are with PostgreSQL. */
  blobs: v.optional(blobs),
  /** For several processes on one database; without it this process is the only one. */
  redisUrl: v.optional(redisUrl),
  /** Where people reach the server, when a proxy stands before it. */
  publicUrl: v.optional(httpUrl),
  log: v.optional(v.picklist(LOG_LEVELS, `must be one of ${LOG_LEVELS.join(', ')}`), 'info'),
  tlsCert: v.optional(text),
  tlsKey: v.optional(text),
  /** Proxies in front whose X-Forwarded-For is believed: how many hops. */
  trustedProxies: v.optional(whole(0, 10), 0),
  /** Sockets of one address; joins a second are a tenth of it. */
  maxPerAddress: v.optional(whole(1, 1_000_000), LIMITS.socketsPerAddressCount),
  /** Hosts that a webhook may be sent to although they are private or speak http. */
  webhookAllow: v.optional(hosts, ''),
});
type Settings = v.InferOutput<typeof settings>;
type SettingName = keyof v.InferInput<typeof settings>;

const environmentNames: Readonly<Record<string, SettingName>> = {
  FEDTAB_HOST: 'host',
  FEDTAB_PORT: 'port',
  FEDTAB_DATA: 'data',
  FEDTAB_ADMIN_TOKEN: 'adminToken',
  FEDTAB_DATABASE_URL: 'databaseUrl',
  FEDTAB_BLOBS: 'blobs',
  FEDTAB_REDIS_URL: 'redisUrl',
  FEDTAB_PUBLIC_URL: 'publicUrl',
  FEDTAB_LOG: 'log',
  FEDTAB_TLS_CERT: 'tlsCert',
  FEDTAB_TLS_KEY: 'tlsKey',
  FEDTAB_TRUSTED_PROXIES: 'trustedProxies',
  FEDTAB_MAX_PER_ADDRESS: 'maxPerAddress',
  FEDTAB_WEBHOOK_ALLOW: 'webhookAllow',
};
/** Read by the tests and the demo, not by the server. */
const othersNames: readonly string[] = ['FEDTAB_CHROMIUM'];

/** Of the bucket that blobs are in. */
export interface BucketKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  readonly region: string;
}

/** As Amazon's own tools are told; null where one of the two that are needed is absent. */
function keysIn(environment: Readonly<Record<string, string | undefined>>): BucketKeys | null {
  const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_REGION } = environment;
  if (!AWS_ACCESS_KEY_ID || !AWS_SECRET_ACCESS_KEY) return null;
  return {
    ...{ accessKeyId: AWS_ACCESS_KEY_ID, secretAccessKey: AWS_SECRET_ACCESS_KEY },
    ...(AWS_SESSION_TOKEN ? { sessionToken: AWS_SESSION_TOKEN } : {}),
    region: AWS_REGION || 'us-east-1',
  };
}

export type Tls =
  | { readonly kind: 'files'; readonly cert: string; readonly key: string }
  | { readonly kind: 'self-signed' };

export interface Config
  extends Omit<
    Settings,
    'data' | 'adminToken' | 'publicUrl' | 'databaseUrl' | 'blobs' | 'redisUrl' | 'tlsCert' | 'tlsKey'
  > {
  /** Absolute path. */
  readonly dataFolder: string;
  readonly adminToken: string | null;
  /** Of a PostgreSQL database; null: SQLite in the data folder. It may hold a password. */
  readonly databaseUrl: string | null;
  /** Of the Redis by which several processes on that database speak to each other; null: this is the only one. */
  readonly redisUrl: string | null;
  /** With a database URL only. */
  readonly blobs:
    | Exclude<NonNullable<Settings['blobs']>, { kind: 's3' }>
    | { readonly kind: 's3'; readonly url: string; readonly keys: BucketKeys };
  /** An origin, or null: the address it listens on. */
  readonly publicUrl: string | null;
  readonly tls: Tls | null;
  /** Print a new one-time admin link for the server that already runs on this data folder, and end. */
  readonly adminLink: boolean;
  /** Sentences for the operator about what works but is not wise. */
  readonly warnings: readonly string[];
}

export const HELP = `Usage: npm start -- [options]

  --tls           serve https with a self-signed certificate, kept in the data folder
  --admin-link    print a new one-time admin link; starts the server unless it already runs
  --config FILE   JSON with any of: ${Object.values(environmentNames).join(', ')}
  --help          this text

Environment (stronger than the file):
  FEDTAB_HOST             address to listen on (127.0.0.1)
  FEDTAB_PORT             port; 0 picks a free one (8080)
  FEDTAB_DATA             data folder (./data)
  FEDTAB_ADMIN_TOKEN      standing admin credential, 16 characters or more (else one-time links only)
  FEDTAB_DATABASE_URL     postgresql://user:password@host:5432/database (else SQLite in the data folder)
  FEDTAB_BLOBS            with a database: database, folder:/PATH that all processes share, or s3:URL of a bucket (database)
  FEDTAB_REDIS_URL        redis://host:6379: this is one of several processes on that database
  AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION   of that bucket
  FEDTAB_PUBLIC_URL       where people reach the server, behind a proxy
  FEDTAB_LOG              ${LOG_LEVELS.join(' | ')} (info)
  FEDTAB_TLS_CERT, FEDTAB_TLS_KEY   PEM files: serve https
  FEDTAB_TRUSTED_PROXIES  hops of proxies in front (0)
  FEDTAB_MAX_PER_ADDRESS  sockets of one address (${LIMITS.socketsPerAddressCount})
  FEDTAB_WEBHOOK_ALLOW    hosts a webhook may go to although private or http: host[:port],… (none)
`;

/** Reads flags, environment and file. Problems name the variable, flag or key they belong to. */
export function readConfig(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Result<Config | 'help', readonly Problem[]> {
  const flags = readFlags(args);
  if (!flags.ok) return flags;
  if (flags.value.help) return succeed('help');
  const file = flags.value.config === undefined ? succeed({}) : readFile(flags.value.config);
  if (!file.ok) return file;
  const problems: Problem[] = [];
  const raw: Record<string, unknown> = { ...file.value };
  const sources = new Map<string, string>();
  for (const [variable, value] of Object.entries(environment)) {
    if (!variable.startsWith('FEDTAB_') || value === undefined || othersNames.includes(variable)) continue;
    const name = environmentNames[variable];
    if (name === undefined) problems.push({ path: variable, message: 'is not a setting of Fedtab' });
    else {
      raw[name] = value;
      sources.set(name, variable);
    }
  }
  const parsed = v.safeParse(settings, raw);
  if (!parsed.success) {
    for (const issue of parsed.issues) {
      const key = String(issue.path?.[0]?.key ?? '');
      const message = issue.type === 'strict_object' ? 'is not a setting of Fedtab' : issue.message;
      problems.push({ path: sources.get(key) ?? `${key} in ${flags.value.config ?? 'the defaults'}`, message });
    }
  }
  if (problems.length > 0 || !parsed.success) return fail(problems);
  const { data, adminToken, publicUrl, tlsCert, tlsKey, databaseUrl, blobs, redisUrl, ...plain } = parsed.output;
  if ((tlsCert === undefined) !== (tlsKey === undefined)) {
    return fail([{ path: 'FEDTAB_TLS_CERT, FEDTAB_TLS_KEY', message: 'give both or neither' }]);
  }
  if (blobs !== undefined && databaseUrl === undefined) {
    return fail([
      { path: 'FEDTAB_BLOBS', message: 'goes with FEDTAB_DATABASE_URL; SQLite has them in the data folder' },
    ]);
  }
  const where = placed(blobs, keysIn(environment));
  if (where === null) {
    return fail([{ path: 'AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY', message: 'are needed for FEDTAB_BLOBS=s3:…' }]);
  }
  if (redisUrl !== undefined && databaseUrl === undefined) {
    return fail([
      {
        path: 'FEDTAB_REDIS_URL',
        message: 'goes with FEDTAB_DATABASE_URL: only with PostgreSQL are there several processes',
      },
    ]);
  }
  return succeed({
    ...plain,
    redisUrl: redisUrl ?? null,
    dataFolder: resolve(data),
    adminToken: adminToken ?? null,
    databaseUrl: databaseUrl ?? null,
    blobs: where,
    publicUrl: publicUrl ?? null,
    tls:
      tlsCert !== undefined && tlsKey !== undefined
        ? { kind: 'files', cert: resolve(tlsCert), key: resolve(tlsKey) }
        : flags.value.tls
          ? { kind: 'self-signed' }
          : null,
    adminLink: flags.value['admin-link'],
    warnings:
      adminToken !== undefined && adminToken.length < 16
        ? ['FEDTAB_ADMIN_TOKEN has fewer than 16 characters: it can be guessed']
        : [],
  });
}

/** Null where a bucket has no keys. */
function placed(blobs: Settings['blobs'], keys: BucketKeys | null): Config['blobs'] | null {
  if (blobs?.kind !== 's3') return blobs ?? { kind: 'database' };
  return keys && { ...blobs, keys };
}

interface Flags {
  readonly tls: boolean;
  readonly 'admin-link': boolean;
  readonly help: boolean;
  readonly config?: string | undefined;
}

function readFlags(args: readonly string[]): Result<Flags, readonly Problem[]> {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        tls: { type: 'boolean', default: false },
        'admin-link': { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
        config: { type: 'string' },
      },
    });
    return succeed(values);
  } catch (error) {
    return fail([{ path: 'arguments', message: error instanceof Error ? error.message : String(error) }]);
  }
}

function readFile(path: string): Result<Record<string, unknown>, readonly Problem[]> {
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'));
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return succeed({ ...value });
    return fail([{ path: `--config ${path}`, message: 'must hold one JSON object' }]);
  } catch (error) {
    return fail([{ path: `--config ${path}`, message: error instanceof Error ? error.message : String(error) }]);
  }
}
