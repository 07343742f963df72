import { type Browser, chromium } from 'playwright';
import { shapeOf } from '../../shared/model/topology.ts';
import { ZOO_NAMES, type ZooName, zooTopology } from '../../shared/model/zoo.ts';
import { digits } from '../../shared/task/templates/digits.ts';
import { findChromium, launchOptions } from '../fixtures/browser.ts';
import { serveTrainerPage } from '../fixtures/trainer-page.ts';
import { benchFirstStep } from './first-step.ts';
import { median, milliseconds, tableOf } from './table.ts';
import type {} from './trainer-page/page.ts';
import type { BenchBackend, StepFigures } from './trainer-page/worker.ts';

type Say = (line: string) => void;

const BACKENDS: readonly BenchBackend[] = ['cpu', 'stock-wasm', 'wasm', 'webgl'];
const LABELS: Readonly<Record<BenchBackend, string>> = {
  ...{ cpu: 'plain CPU', 'stock-wasm': "TF.js's WASM", wasm: 'WASM', webgl: 'WebGL' },
};

/** One model on one backend: our loop and `model.fit`, in milliseconds a step; and our fastest epoch. */
interface Cell {
  readonly own: number;
  readonly fit: number;
  readonly best: number;
}

/**
 * A step of every shipped model on every backend, batch 10, in a worker of headless Chromium. Cells of a model follow
 * each other at once, so that their ratios hold on a busy machine where their milliseconds do not.
 */
export async function benchTrainer(runs: number, say: Say): Promise<void> {
  const found = findChromium();
  if (!found.ok) throw new Error(found.reason);
  const browser = await chromium.launch(launchOptions(found.path));
  try {
    say(
      `Chromium ${browser.version()}, WebGL by SwiftShader; the median of ${runs} epochs, batch ${digits.client.batchSize}\n`,
    );
    await benchSteps(browser, runs, say);
  } finally {
    await browser.close();
  }
  await benchFirstStep(found.path, say);
}

async function benchSteps(browser: Browser, runs: number, say: Say): Promise<void> {
  const served = await serveTrainerPage(new URL('./trainer-page/', import.meta.url));
  try {
    const page = await browser.newPage();
    await page.goto(served.origin);
    const rate = await page.evaluate(() => bench.simdRate());
    say(`WASM SIMD reaches ${(rate / 1e9).toFixed(1)} billion multiply-adds a second here\n`);
    const rows: string[][] = [];
    for (const model of ZOO_NAMES) {
      const cells = new Map<BenchBackend, Cell>();
      for (const backend of BACKENDS) {
        const measure = async (loop: 'own' | 'fit'): Promise<readonly number[]> =>
          stepsOf(await page.evaluate((job) => bench.steps(job), { model, backend, loop, runs }));
        const own = await measure('own');
        cells.set(backend, { own: median(own), fit: median(await measure('fit')), best: Math.min(...own) });
      }
      rows.push(...rowsOf(model, cells, rate));
    }
    const header = [
      'model',
      'backend',
      'a step',
      '`model.fit`',
      'fit ÷ ours',
      'CPU ÷',
      'WebGL ÷',
      "TF.js's WASM ÷",
      'SIMD, at best',
    ];
    say(`${tableOf(header, rows)}\n`);
  } finally {
    await served.close();
  }
}

const stepsOf = (figures: StepFigures): readonly number[] => ('problem' in figures ? [] : figures.stepsMs);

function rowsOf(model: ZooName, cells: ReadonlyMap<BenchBackend, Cell>, rate: number): string[][] {
  const step = (backend: BenchBackend): number => cells.get(backend)?.own ?? Number.NaN;
  const perStep = multiplyAdds(model) * digits.client.batchSize;
  return [...cells].map(([backend, { own, fit, best }]) => [
    `\`${model}\``,
    LABELS[backend],
    dash(own, (ms) => milliseconds(ms, 2)),
    dash(fit, (ms) => milliseconds(ms, 2)),
    dash(fit / own, times),
    dash(step('cpu') / own, times),
    dash(step('webgl') / own, times),
    dash(step('stock-wasm') / own, times),
    backend === 'wasm' ? `${Math.round((100 * perStep) / (best / 1000) / rate)} %` : '–',
  ]);
}

const times = (ratio: number): string => `${ratio.toFixed(ratio < 10 ? 2 : 0)} ×`;
const dash = (value: number, shown: (value: number) => string): string => (Number.isNaN(value) ? '–' : shown(value));

/** Of one example's forward pass and both gradients; the first layer with weights has none for its input. */
function multiplyAdds(model: ZooName): number {
  const topology = zooTopology(model);
  const first = topology.layers.findIndex(({ class_name }) => class_name === 'Dense' || class_name === 'Conv2D');
  const [all, entrance] = [topology, { ...topology, layers: topology.layers.slice(0, first + 1) }].map((part) => {
    const shape = shapeOf(part);
    return 'problem' in shape ? Number.NaN : shape.multiplyAdds;
  }) as [number, number];
  return 3 * all - entrance;
}
