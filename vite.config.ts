import { existsSync, readdirSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { EnvironmentOptions, Plugin, ViteBuilder } from 'vite';
import type { ViteUserConfig } from 'vitest/config';
import { defineConfig } from 'vitest/config';

const root = import.meta.dirname;

/** Name of the output → source file. */
type Entries = Record<string, string>;

const pages: Entries = { contribute: 'web/contribute/index.html', admin: 'web/admin/index.html' };
const trainer = join(root, 'web/trainer/worker.ts');

/** What runs as a process or a thread of its own, under the path it has in server/. */
function serverEntries(): Entries {
  const isEntry = /^(main|worker-threads|places|cli\/[^/]+|.*-worker)\.ts$/;
  const paths = readdirSync(join(root, 'server'), { recursive: true, encoding: 'utf8' })
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => isEntry.test(path) && !/(\.test|contract|\.d)\.ts$/.test(path));
  return Object.fromEntries(paths.map((path) => [path.replace(/\.ts$/, ''), `server/${path}`]));
}

/** Vite puts its preloader around every `import()` it sees, a kilobyte that embed.js has no use for: this one it does not see. */
const importModule = 'const importModule = (address) => import(address);';

/** A script for the browser under a name that pages of other sites hold on to. */
function named(name: string, source: string, format: 'es' | 'iife'): EnvironmentOptions {
  return {
    consumer: 'client',
    build: {
      outDir: join(root, 'dist/web'),
      modulePreload: false,
      // light-dark() as it is: what stands in for it in older browsers knows the system's colours, not the page's.
      cssTarget: ['chrome123', 'firefox120', 'safari17.5'],
      rolldownOptions: {
        input: { [name]: join(root, source) },
        preserveEntrySignatures: 'strict',
        // Schemas that nobody uses go: making one does nothing else.
        treeshake: { manualPureFunctions: ['v'] },
        output: {
          format,
          entryFileNames: '[name].js',
          chunkFileNames: 'assets/[name]-[hash].js',
          ...(format === 'iife' ? { intro: importModule } : {}),
        },
      },
    },
  };
}

/** ES modules for Node, dependencies external. */
function forNode(outDir: string, entries: Entries): EnvironmentOptions {
  return {
    consumer: 'server',
    build: {
      outDir: join(root, outDir),
      target: 'node20',
      sourcemap: true,
      ssr: true,
      rolldownOptions: {
        input: absolute(entries),
        preserveEntrySignatures: 'strict',
        // Chunks lie beside main.js: worker-threads.ts and places.ts count from there.
        output: { entryFileNames: '[name].js', chunkFileNames: '[name]-[hash].js' },
      },
    },
  };
}

/**
 * TF.js takes the package `long` to hash strings, which no model here does. As it loads it tries WebAssembly, and under
 * a strict CSP each tab would report that to the site: a stand-in takes its place in browsers.
 */
const withoutLong: Plugin = {
  name: 'fedtab:without-long',
  enforce: 'pre',
  applyToEnvironment: ({ config }) => config.consumer === 'client',
  resolveId: (id) => (id === 'long' ? '\0without-long' : null),
  load: (id) => (id === '\0without-long' ? 'export default { fromString: () => null };' : null),
};

/**
 * As it loads, uPlot makes the browser's formats of numbers and times, which the page's first takes a tenth of a second
 * for. The charts write both themselves: they are made by the first use that there would be.
 */
const withoutFormats: Plugin = {
  name: 'fedtab:without-formats',
  applyToEnvironment: ({ config }) => config.consumer === 'client',
  transform: {
    filter: { id: /[\\/]uPlot\.esm\.js$/ },
    handler(code) {
      const late = code
        .replace('const numFormatter = new Intl.NumberFormat', 'const numFormatter = () => new Intl.NumberFormat')
        .replace('numFormatter.format(val)', 'numFormatter().format(val)')
        .replace('const localTz = new Intl.DateTimeFormat().resolvedOptions().timeZone', 'const localTz = undefined');
      if (/^const \w+ = new Intl/m.test(late) || late === code) this.error('uPlot makes its formats in another way');
      return { code: late, map: null };
    },
  },
};

/** Sockets are websocket only: the other transports of Engine.IO stay out of what browsers fetch. */
const websocketOnly: Plugin = {
  name: 'fedtab:websocket-only',
  applyToEnvironment: ({ config }) => config.consumer === 'client',
  transform: {
    filter: { id: /engine\.io-client[\\/]build[\\/]esm[\\/]transports[\\/]index\.js$/ },
    handler(code) {
      const only = code
        .replace(/^import .*(?:polling|webtransport).*$/gm, '')
        .replace(/(?:webtransport|polling): \w+,/g, '');
      if (/WT|XHR/.test(only) || !/websocket: WS/.test(only))
        this.error('Engine.IO names its transports in another way');
      return { code: only, map: null };
    },
  },
};

function absolute(entries: Entries): Entries {
  return Object.fromEntries(Object.entries(entries).map(([name, source]) => [name, join(root, source)]));
}

function present(entries: Entries): Entries {
  return Object.fromEntries(Object.entries(entries).filter(([, source]) => existsSync(join(root, source))));
}

const environments: Record<string, EnvironmentOptions> = {
  client: {
    build: {
      outDir: join(root, 'dist/web'),
      license: { fileName: 'licenses.md' },
      modulePreload: { polyfill: false },
      rolldownOptions: { input: absolute(present(pages)) },
    },
  },
  trainer: named('trainer', 'web/trainer/worker.ts', 'es'),
  embed: named('embed', 'web/embed/loader.ts', 'iife'),
  sdk: named('sdk', 'web/embed/sdk.ts', 'es'),
  server: forNode('dist/server', serverEntries()),
  node_client: forNode('dist/client', present({ node: 'web/client/node.ts' })),
};

/** Builds what has an entry. The pages emit trainer.js as their worker; it is built alone where no page starts it. */
async function buildApp(builder: ViteBuilder): Promise<void> {
  rmSync(join(root, 'dist'), { recursive: true, force: true });
  for (const name of ['client', 'trainer', 'embed', 'sdk', 'server', 'node_client']) {
    const environment = builder.environments[name];
    const input = Object.values((environment?.config.build.rolldownOptions.input ?? {}) as Entries);
    const isThere = input.length > 0 && input.every((source) => existsSync(source));
    const isBuilt = name === 'trainer' && existsSync(join(root, 'dist/web/trainer.js'));
    if (environment && isThere && !isBuilt) await builder.build(environment);
  }
}

const build: ViteUserConfig = {
  root: join(root, 'web'),
  publicDir: false,
  build: { emptyOutDir: false, assetsInlineLimit: 0 },
  plugins: [withoutLong, withoutFormats, websocketOnly],
  environments,
  builder: { buildApp },
  worker: {
    format: 'es',
    plugins: () => [withoutLong],
    rolldownOptions: {
      output: {
        // No chunk imports from trainer.js itself: WebKit would run a worker's entry a second time beside the first.
        codeSplitting: {
          groups: [
            {
              name: 'trainer-core',
              tags: ['$initial'],
              test: (id: string) => id !== trainer && !id.endsWith('-worklet.ts'),
            },
          ],
        },
        entryFileNames: ({ facadeModuleId }) => (facadeModuleId === trainer ? 'trainer.js' : 'assets/[name]-[hash].js'),
        chunkFileNames: 'assets/[name]-[hash].js',
      },
    },
  },
  experimental: {
    // Scripts also run on other sites' pages: they find their chunks and assets beside themselves, pages at the root.
    renderBuiltUrl: (_file, { hostType }) => (hostType === 'html' ? undefined : { relative: true }),
  },
};

// Processes of the tests load TypeScript where Node does it itself: in worker threads and behind native imports.
const execArgv = ['--import', pathToFileURL(join(root, 'e2e/typescript.mjs')).href];

const unit: ViteUserConfig['test'] = { execArgv, testTimeout: 20_000, hookTimeout: 20_000 };
/** TF.js keeps its engine and its flags in globals. */
const trainerTests = 'web/trainer/**/*.test.ts';

const test: ViteUserConfig['test'] = {
  // By default one less than there are cores, which of two is one: many files wait more than they work.
  maxWorkers: Math.max(2, availableParallelism() - 1),
  projects: [
    {
      extends: true,
      test: {
        ...unit,
        name: 'unit',
        // Without an `exclude` of its own, so that the one of the command line holds here, too.
        include: ['{shared,server}/**/*.test.{ts,tsx}', 'web/!(trainer)/**/*.test.{ts,tsx}'],
        // A process and its imports for each of a hundred files cost more than twice what the tests themselves do.
        isolate: false,
      },
    },
    { extends: true, test: { ...unit, name: 'trainer', include: [trainerTests], isolate: false } },
    {
      extends: true,
      test: {
        name: 'system',
        include: ['e2e/**/*.test.ts'],
        execArgv,
        isolate: false,
        testTimeout: 120_000,
        hookTimeout: 120_000,
      },
    },
  ],
};

export default defineConfig(({ command }) =>
  command === 'build' ? build : { root: relative(process.cwd(), root) || '.', test },
);
