import { World, type WorldFigures } from './world.ts';

/** Rounds of one world: enough for versions to lose their weights, and few enough for a failure to be read. */
export const ROUNDS_PER_WORLD = 40;

export interface SimulateOptions {
  /** Of the first world; the n-th after it has seed + n. */
  readonly seed: number;
  readonly rounds: number;
  /** No further world begins then. */
  readonly withinMs?: number;
  readonly say?: (line: string) => void;
}

export interface Simulated extends Omit<WorldFigures, 'healedMs' | 'abandoned'> {
  readonly worlds: number;
  readonly abandoned: number;
  readonly longestHealMs: number;
}

const SAY_EVERY = 50;

/** World after world, each from a seed of its own, until there were so many rounds. Throws at the first that breaks an invariant. */
export async function simulate({
  seed,
  rounds,
  withinMs = Infinity,
  say = () => {},
}: SimulateOptions): Promise<Simulated> {
  const startedAt = performance.now();
  const sums = { worlds: 0, rounds: 0, committed: 0, abandoned: 0, counted: 0, acknowledged: 0, lives: 0 };
  let simulatedMs = 0;
  let longestHealMs = 0;
  const restore = withoutWebCrypto();
  try {
    while (sums.rounds < rounds && performance.now() - startedAt < withinMs) {
      const own = seed + sums.worlds;
      const figures = await new World(own)
        .run(Math.min(ROUNDS_PER_WORLD, rounds - sums.rounds))
        .catch((error: unknown) => {
          throw new Error(`the world of seed ${own}: ${error instanceof Error ? error.message : String(error)}`, {
            cause: error,
          });
        });
      sums.worlds += 1;
      for (const name of ['rounds', 'committed', 'counted', 'acknowledged', 'lives'] as const)
        sums[name] += figures[name];
      sums.abandoned += Object.values(figures.abandoned).reduce((sum, count) => sum + count, 0);
      simulatedMs += figures.simulatedMs;
      longestHealMs = Math.max(longestHealMs, figures.healedMs);
      if (sums.worlds % SAY_EVERY === 0)
        say(`${sums.worlds} worlds, ${sums.rounds} rounds, ${sums.committed} committed`);
    }
  } finally {
    restore();
  }
  return { ...sums, simulatedMs, longestHealMs };
}

/** WebCrypto answers from a thread, whenever that is done; without it, as on plain http, hashes are computed in the turn. */
function withoutWebCrypto(): () => void {
  const own = Object.getOwnPropertyDescriptor(globalThis, 'crypto');
  if (own === undefined) return () => {};
  Object.defineProperty(globalThis, 'crypto', { configurable: true, value: undefined });
  return () => Object.defineProperty(globalThis, 'crypto', own);
}
