import { chromium } from 'playwright';
import type { TaskSpec } from '../../shared/task/spec.ts';
import type { TemplateName } from '../../shared/task/templates/index.ts';
import { backendOf, openContributor } from '../demo/tabs.ts';
import { endedRound, scoredCheckpoint } from '../demo/waiting.ts';
import { lightChromium } from '../fixtures/browser.ts';
import { startServer } from '../fixtures/server.ts';
import { type Gap, gapBetween, yardsticksOf } from '../sim/gap.ts';

export interface Plan {
  readonly tabs: number;
  readonly rounds: number;
  /** In each tab. */
  readonly examples: number;
}

export interface GapInTabs extends Gap {
  readonly outcomes: readonly (string | null)[];
  /** Reports that each round took. */
  readonly accepted: readonly number[];
  readonly backends: readonly string[];
}

const ROUND_MS = 120_000;

/** Trains in real tabs, each with sample data of its own and in a browser context of its own, and then the same examples in one place. */
export async function gapInTabs(task: TemplateName, { tabs, rounds, examples }: Plan): Promise<GapInTabs> {
  const server = await startServer();
  const browser = await chromium.launch(lightChromium());
  try {
    const policy = { goal: tabs, minimum: tabs };
    await server.adminJson('/api/tasks', { body: { template: task, rounds: policy, courtesy: { share: 1 } } });
    const path = `/api/tasks/${task}`;
    const asked = { task, examples, backend: 'wasm' } as const;
    const contributors = await Promise.all(
      Array.from({ length: tabs }, () => openContributor(browser, server.url, asked)),
    );
    const initial = await scoredCheckpoint(server.adminJson, path, 0);
    await server.adminJson(`${path}/rounds`, { body: { count: rounds } });
    const ended = [];
    for (let number = 1; number <= rounds; number++)
      ended.push(await endedRound(server.adminJson, path, number, { limitMs: ROUND_MS }));
    const { version, spec } = await server.adminJson<{ version: number; spec: TaskSpec }>(path);
    const final = await scoredCheckpoint(server.adminJson, path, version);
    const backends = await Promise.all(contributors.map(async ({ page }) => (await backendOf(page)).backend));
    const parts = contributors.map(({ samples }) => samples);
    return {
      ...gapBetween(initial.metrics, final.metrics, await yardsticksOf(spec, parts, rounds)),
      outcomes: ended.map((round) => round?.outcome ?? null),
      accepted: ended.map((round) => round?.accepted ?? 0),
      backends,
    };
  } finally {
    await browser.close();
    await server.dispose();
  }
}

/** How it must have gone: every tab trained by WebAssembly and was counted in every round. */
export const inWasm = ({ tabs, rounds }: Pick<Plan, 'tabs' | 'rounds'>) => ({
  outcomes: new Array<string>(rounds).fill('committed'),
  accepted: new Array<number>(rounds).fill(tabs),
  backends: new Array<string>(tabs).fill('wasm'),
});
