import { type Browser, chromium, type Page } from 'playwright';
import type { ModelTopology } from '../../shared/model/topology.ts';
import { shapeOf } from '../../shared/model/topology.ts';
import { MODEL_ZOO, ZOO_NAMES, type ZooName, zooTopology } from '../../shared/model/zoo.ts';
import { topologyOf } from '../../shared/task/model-of.ts';
import { TEMPLATES, type TemplateName } from '../../shared/task/templates/index.ts';
import { findChromium, launchOptions } from '../fixtures/browser.ts';
import { serveTrainerPage } from '../fixtures/trainer-page.ts';
import { benchFirstStep } from './first-step.ts';
import { type BenchOptions, chosenOf } from './options.ts';
import { median, medianBetween, milliseconds, tableOf } from './table.ts';
import type { Crossing } from './trainer-page/crossing.ts';
import type { BenchModel } from './trainer-page/epoch.ts';
import type {} from './trainer-page/page.ts';
import type { BenchBackend } from './trainer-page/worker.ts';

type Say = (line: string) => void;
type Chosen = Pick<BenchOptions<string>, 'models' | 'backends'>;

/** Those of the zoo, and of the templates those that have one of their own. */
const MODELS: readonly BenchModel[] = [
  ...ZOO_NAMES,
  ...(Object.keys(TEMPLATES) as TemplateName[]).filter((name) => 'topology' in TEMPLATES[name].model),
];

const BACKENDS: readonly BenchBackend[] = ['cpu', 'stock-wasm', 'wasm', 'webgl', 'webgpu'];
const LABELS: Readonly<Record<BenchBackend, string>> = {
  ...{ cpu: 'plain CPU', 'stock-wasm': "TF.js's WASM", wasm: 'WASM', webgl: 'WebGL', webgpu: 'WebGPU' },
};

/** One model on one backend: our loop and `model.fit`, in milliseconds a step; and our fastest epoch. */
interface Cell {
  readonly own: number;
  readonly fit: number;
  /** `model.fit` over ours, of two epochs one after the other. */
  readonly ratio: number;
  /** Where the ratio lies in 95 of 100 cases; NaN of few epochs. */
  readonly between: readonly [number, number];
  readonly best: number;
}

/**
 * A step of every shipped model on every backend, batch 10, in workers of headless Chromium. The backends and both loops
 * take turns, epoch by epoch, so that their ratios hold on a busy machine where their milliseconds do not.
 */
export async function benchTrainer(runs: number, say: Say, { models, backends }: Chosen): Promise<void> {
  const chosen = { models: chosenOf(MODELS, models), backends: chosenOf(BACKENDS, backends) };
  const found = findChromium();
  if (!found.ok) throw new Error(found.reason);
  const browser = await chromium.launch(launchOptions(found.path, '--enable-unsafe-webgpu'));
  try {
    say(
      `Chromium ${browser.version()}, WebGL and WebGPU by SwiftShader; the median of ${runs} epochs, batch ${TEMPLATES.digits.client.batchSize}\n`,
    );
    await benchSteps(browser, runs, say, chosen);
    if (models === null && backends === null) await benchCrossings(browser, runs, say);
  } finally {
    await browser.close();
  }
  if (models === null && backends === null) await benchFirstStep(found.path, say);
}

async function benchSteps(
  browser: Browser,
  runs: number,
  say: Say,
  { models, backends }: { readonly models: readonly BenchModel[]; readonly backends: readonly BenchBackend[] },
): Promise<void> {
  const served = await serveTrainerPage(new URL('./trainer-page/', import.meta.url));
  try {
    const page = await browser.newPage();
    await page.goto(served.origin);
    const rate = await page.evaluate(() => bench.simdRate());
    say(`WASM SIMD reaches ${(rate / 1e9).toFixed(1)} billion multiply-adds a second here\n`);
    const rows: string[][] = [];
    for (const model of models) {
      const cells = await cellsOf(page, model, backends, runs);
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

/** Weights onto the device and back, in turns. The first of each compiles, and is left out. */
async function benchCrossings(browser: Browser, runs: number, say: Say): Promise<void> {
  const served = await serveTrainerPage(new URL('./trainer-page/', import.meta.url));
  try {
    const page = await browser.newPage();
    await page.goto(served.origin);
    const rows: string[][] = [];
    for (const model of ['mlp-2nn', 'cnn', 'text'] as const) {
      for (const backend of ['wasm', 'webgl'] as const) {
        const seen: Record<Crossing, number[]> = { layers: [], vector: [] };
        for (let run = -1; run < 3 * runs; run++) {
          for (const crossing of ['layers', 'vector'] as const) {
            const ms = await page.evaluate((asked) => bench.crossing(asked), { model, backend, crossing });
            if (run >= 0) seen[crossing].push(ms);
          }
        }
        await page.evaluate(() => bench.close());
        const ratio = median(seen.layers.map((ms, run) => (seen.vector[run] ?? Number.NaN) / ms));
        const [layers, vector] = [median(seen.layers), median(seen.vector)].map((ms) => milliseconds(ms, 1));
        rows.push([`\`${model}\``, LABELS[backend], layers ?? '', vector ?? '', times(ratio)]);
      }
    }
    const header = ['model', 'backend', 'a tensor a layer', 'one vector, cut there', 'vector ÷ layers'];
    say(`${tableOf(header, rows)}\n`);
  } finally {
    await served.close();
  }
}

/** NaN for a backend that cannot train the model. */
async function cellsOf(
  page: Page,
  model: BenchModel,
  backends: readonly BenchBackend[],
  runs: number,
): Promise<ReadonlyMap<BenchBackend, Cell>> {
  const measured = new Map<BenchBackend, { readonly own: number[]; readonly fit: number[] }>();
  for (const backend of backends) {
    const problem = await page.evaluate((trained) => bench.open(trained), { model, backend });
    if (problem === null) measured.set(backend, { own: [], fit: [] });
  }
  for (let run = 0; run < runs; run++) {
    for (const [backend, figures] of measured) {
      for (const loop of run % 2 === 0 ? (['own', 'fit'] as const) : (['fit', 'own'] as const)) {
        figures[loop].push(
          await page.evaluate(([backend, loop]) => bench.epoch(backend, loop), [backend, loop] as const),
        );
      }
    }
  }
  await page.evaluate(() => bench.close());
  const cell = (backend: BenchBackend): Cell => {
    const { own, fit } = measured.get(backend) ?? { own: [], fit: [] };
    const ratios = own.map((ms, run) => (fit[run] ?? Number.NaN) / ms);
    return {
      own: median(own),
      fit: median(fit),
      ratio: median(ratios),
      between: medianBetween(ratios),
      best: Math.min(...own),
    };
  };
  return new Map(backends.map((backend) => [backend, cell(backend)]));
}

function rowsOf(model: BenchModel, cells: ReadonlyMap<BenchBackend, Cell>, rate: number): string[][] {
  const step = (backend: BenchBackend): number => cells.get(backend)?.own ?? Number.NaN;
  const perStep = multiplyAdds(model) * TEMPLATES.digits.client.batchSize;
  return [...cells].map(([backend, { own, fit, ratio, between, best }]) => [
    `\`${model}\``,
    LABELS[backend],
    dash(own, (ms) => milliseconds(ms, 2)),
    dash(fit, (ms) => milliseconds(ms, 2)),
    dash(ratio, (middle) => `${times(middle)}${within(between)}`),
    dash(step('cpu') / own, times),
    dash(step('webgl') / own, times),
    dash(step('stock-wasm') / own, times),
    dash(backend === 'wasm' ? perStep / (best / 1000) / rate : Number.NaN, (share) => `${Math.round(100 * share)} %`),
  ]);
}

const times = (ratio: number): string => `${ratio.toFixed(ratio < 10 ? 2 : 0)} ×`;
const within = ([from, to]: readonly [number, number]): string =>
  Number.isNaN(from) ? '' : ` (${from.toFixed(2)}–${to.toFixed(2)})`;
const dash = (value: number, shown: (value: number) => string): string => (Number.isNaN(value) ? '–' : shown(value));

/** Of one example's forward pass and both gradients; the first layer with weights has none for its input. NaN where it looks rows up. */
function multiplyAdds(model: BenchModel): number {
  const topology = topologyIn(model);
  const first = topology.layers.findIndex(({ class_name }) => class_name === 'Dense' || class_name === 'Conv2D');
  if (topology.layers[0]?.class_name === 'Embedding') return Number.NaN;
  const [all, entrance] = [topology, { ...topology, layers: topology.layers.slice(0, first + 1) }].map((part) => {
    const shape = shapeOf(part);
    return 'problem' in shape ? Number.NaN : shape.multiplyAdds;
  }) as [number, number];
  return 3 * all - entrance;
}

const topologyIn = (model: BenchModel): ModelTopology =>
  model in MODEL_ZOO ? zooTopology(model as ZooName) : topologyOf(TEMPLATES[model as TemplateName]);
