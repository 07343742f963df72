import { expect, it } from 'vitest';
import type { Figure } from './figure.ts';
import { floor } from './floor.ts';
import { idle } from './idle.ts';
import { round } from './round.ts';
import { soak } from './soak.ts';
import type { LoadOptions } from './stage.ts';
import { storm } from './storm.ts';

// That the harness works, not what it finds: the figures of a few hundred contributors beside other tests say nothing.

const FEW: LoadOptions = { contributors: 200, reporters: 12, idleSeconds: 1, minutes: 0 };
const quiet = (): void => {};
const of = (figures: readonly Figure[], what: string): number =>
  figures.find((one) => one.what.includes(what))?.value ?? Number.NaN;

it('contributors come, wait, and hear of a new version', async () => {
  const figures = await idle(FEW, quiet);
  expect(of(figures, 'connected and checked in')).toBe(FEW.contributors);
  expect(of(figures, 'heap and buffers of each')).toBeGreaterThan(1_000);
  expect(of(figures, 'announced to all')).toBeGreaterThan(0);
});

it('every report of a round is counted, and the version is their mean', async () => {
  const figures = await round(FEW, quiet);
  expect(of(figures, 'reports accepted')).toBe(FEW.reporters);
  expect(of(figures, 'distance')).toBeLessThan(1e-6);
});

it('everybody comes back to a server that was killed', async () => {
  const figures = await storm(FEW, quiet);
  expect(of(figures, 'until all are')).toBeGreaterThan(of(figures, 'listens again'));
});

it('the same bytes go over bare Socket.IO', async () => {
  const figures = await floor({ ...FEW, reporters: 4 }, quiet);
  expect(of(figures, 'the round sends')).toBeGreaterThan(1);
  expect(of(figures, 'the round sends')).toBeLessThan(1.02);
});

it('what grows in rounds is told', async () => {
  const figures = await soak(FEW, quiet);
  expect(of(figures, 'rounds')).toBe(40);
  expect(of(figures, 'rows of the database')).toBeGreaterThan(1);
});
