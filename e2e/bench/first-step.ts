import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { chromium, type Page } from 'playwright';
import type { ZooName } from '../../shared/model/zoo.ts';
import { launchOptions } from '../fixtures/browser.ts';
import { startServer } from '../fixtures/server.ts';
import type {} from '../fixtures/trainer-page/page.ts';
import { serveTrainerPage } from '../fixtures/trainer-page.ts';
import { peakMemoryBytes } from './browser-memory.ts';
import { joinedFirstStepMs } from './first-step-joined.ts';
import { megabytes, seconds, tableOf, whole } from './table.ts';

const LABELS = { cpu: 'plain CPU', wasm: 'WASM', webgl: 'WebGL' } as const;
type Backend = keyof typeof LABELS;
const BACKENDS = Object.keys(LABELS) as Backend[];

/**
 * What a contributor waits for, in a fresh browser each: in the real page from "Join training" on, and of that what the worker
 * takes from its start: code, backend, the probe and one batch.
 */
export async function benchFirstStep(executablePath: string, say: (line: string) => void): Promise<void> {
  const server = await startServer();
  const served = await serveTrainerPage();
  try {
    const rows: string[][] = [];
    for (const model of ['mlp-2nn', 'cnn'] as const) {
      for (const backend of BACKENDS) {
        const browser = await chromium.launch(launchOptions(executablePath));
        try {
          const page = await browser.newPage();
          await page.goto(served.origin);
          const firstMs = await firstStepMs(page, model, backend);
          const code = codeBytes(backend);
          const peak = await peakMemoryBytes(browser);
          await browser.close();
          const joinedMs = await joinedFirstStepMs(executablePath, server, model, backend);
          rows.push([
            `\`${model}\``,
            LABELS[backend],
            seconds(joinedMs, 2),
            seconds(firstMs, 2),
            `${whole(code.gzipped / 1000)} kB`,
            `${whole(code.plain / 1000)} kB`,
            Number.isNaN(peak) ? '–' : megabytes(peak),
          ]);
        } finally {
          await browser.close();
        }
      }
    }
    const header = ['model', 'backend', 'from “Join training”', 'from the worker’s start', 'code, gzip', 'code'];
    say(tableOf([...header, 'peak memory of the tab'], rows));
  } finally {
    await served.close();
    await server.dispose();
  }
}

/** In the page, as the contributor's page does it. */
const firstStepMs = (page: Page, model: ZooName, backend: Backend): Promise<number> =>
  page.evaluate(
    async ({ model, backend }) => {
      const spec = { ...parts.TEMPLATES.digits, model: { zoo: model, seed: 1 } };
      const memory = parts.createMemoryDataset(parts.MNIST);
      await memory.add(parts.strips(20));
      const startedAt = performance.now();
      const trainer = parts.createRemoteTrainer({ task: 'bench' as never, worker: parts.pageWorker, memory });
      await trainer.prepare(parts.participationOf(spec), backend);
      const stop = new AbortController();
      let firstMs = Number.NaN;
      await trainer.train(parts.initialWeights(parts.modelOf(spec), 1), {
        seed: 1,
        signal: stop.signal,
        onProgress({ step }) {
          if (step === 0) return;
          firstMs = performance.now() - startedAt;
          stop.abort();
        },
      });
      return firstMs;
    },
    { model, backend },
  );

const web = join(import.meta.dirname, '../../dist/web');

/** Of the worker's own script, that of the backend and its WASM file, with all that they import. */
function codeBytes(backend: Backend): { readonly plain: number; readonly gzipped: number } {
  const assets = readdirSync(join(web, 'assets'));
  const chunks = assets.filter((name) => name.startsWith(`${backend}-`) && name.endsWith('.js'));
  const binaries = backend === 'wasm' ? assets.filter((name) => /^tfjs-backend-wasm-simd-.*\.wasm$/.test(name)) : [];
  // The plain CPU is always there: the probe takes it as its reference.
  const cpu = assets.filter((name) => /^cpu-.*\.js$/.test(name));
  const files = new Set(binaries.map((name) => join('assets', name)));
  for (const name of [...chunks, ...cpu]) withImports(join('assets', name), files);
  withImports('trainer.js', files);
  const contents = [...files].map((name) => readFileSync(join(web, name)));
  return {
    plain: contents.reduce((sum, bytes) => sum + bytes.byteLength, 0),
    gzipped: contents.reduce((sum, bytes) => sum + gzipSync(bytes).byteLength, 0),
  };
}

function withImports(path: string, seen: Set<string>): void {
  if (seen.has(path)) return;
  seen.add(path);
  const text = readFileSync(join(web, path), 'utf8');
  for (const [, address = ''] of text.matchAll(/(?:from|import)\s*["'`](\.[^"'`]+)["'`]/g)) {
    withImports(join(path, '..', address), seen);
  }
}
