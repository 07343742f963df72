import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import type { ClientId } from '../../shared/ids.ts';
import { seededRng } from '../../shared/rng.ts';
import { client } from './fixtures/rig.ts';
import { BLIND_SHARE, drawn, utilitiesOf } from './selection.ts';

const clients = (count: number): ClientId[] => Array.from({ length: count }, (_, index) => client(index + 1));

describe('R22: utilities', () => {
  test('examples × loss, and (T / t)² of it where a report took longer than the median', () => {
    const notes = new Map([
      [client(1), { examples: 10, loss: 2, reportMs: 1_000 }],
      [client(2), { examples: 20, loss: 1, reportMs: 2_000 }],
      [client(3), { examples: 30, loss: 1, reportMs: 4_000 }],
    ]);
    expect([...utilitiesOf(notes).values()]).toEqual([20, 20, 30 * 0.25]);
  });

  test('no one is worth more than five times the median, whatever it says of itself', () => {
    const notes = new Map([1, 1, 1_000_000].map((loss, at) => [client(at), { examples: 2, loss, reportMs: 10 }]));
    expect([...utilitiesOf(notes).values()]).toEqual([2, 2, 10]);
  });
});

describe('R5 R22: the draw', () => {
  it('threat C9: takes each once, as many as are wanted, and follows from the seed', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 30 }),
        fc.integer({ min: 1, max: 30 }),
        fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { maxLength: 30 }),
        fc.nat(),
        (count, wanted, worth, seed) => {
          const waiting = clients(count);
          const utilities = new Map(worth.map((utility, at) => [client(at + 1), utility]));
          for (const known of [utilities, null]) {
            const { cohort, others } = drawn(waiting, wanted, known, seededRng(seed));
            expect(cohort.length).toBe(Math.min(count, wanted));
            expect([...cohort, ...others].toSorted()).toEqual(waiting.toSorted());
            expect(drawn(waiting, wanted, known, seededRng(seed))).toEqual({ cohort, others });
          }
        },
      ),
    );
  });

  it('threat C9: R25: nine of ten from one network are half of the cohort at most while others wait, and fill it where none do', () => {
    fc.assert(
      fc.property(fc.nat(), fc.boolean(), (seed, isByUtility) => {
        const waiting = clients(100);
        const networks = new Map(waiting.slice(0, 90).map((clientId) => [clientId, 'flood']));
        // Those of the flood say that they are worth the most.
        const utilities = isByUtility ? new Map(waiting.map((clientId, at) => [clientId, at < 90 ? 10 : 1])) : null;
        const fromFlood = (chosen: readonly ClientId[]): number => chosen.filter((one) => networks.has(one)).length;
        const { cohort, others } = drawn(waiting, 10, utilities, seededRng(seed), networks);
        expect(fromFlood(cohort)).toBeLessThanOrEqual(5);
        expect([...cohort, ...others].toSorted()).toEqual(waiting.toSorted());
        const fewOthers = drawn(waiting.slice(0, 92), 10, utilities, seededRng(seed), networks);
        expect([fewOthers.cohort.length, fromFlood(fewOthers.cohort)]).toEqual([10, 8]);
        expect(drawn(waiting.slice(0, 90), 10, utilities, seededRng(seed), networks).cohort).toHaveLength(10);
        expect(drawn(waiting, 1, utilities, seededRng(seed), networks).cohort).toHaveLength(1);
      }),
    );
  });

  it('prefers the useful, and forgets nobody', () => {
    const waiting = clients(20);
    // Five are worth ten times as much as the others.
    const utilities = new Map(waiting.map((clientId, at) => [clientId, at < 5 ? 10 : 1]));
    const rng = seededRng(1);
    const times = new Map<ClientId, number>();
    for (let round = 0; round < 2_000; round++)
      for (const clientId of drawn(waiting, 5, utilities, rng).cohort)
        times.set(clientId, (times.get(clientId) ?? 0) + 1);
    const shares = waiting.map((clientId) => (times.get(clientId) ?? 0) / 2_000);
    // Uniform would be a quarter each. Two of five places are drawn blindly: a tenth each, whatever they are worth.
    expect(Math.ceil(BLIND_SHARE * 5)).toBe(2);
    expect(Math.min(...shares.slice(0, 5))).toBeGreaterThan(0.4);
    expect(Math.min(...shares.slice(5))).toBeGreaterThan(0.1);
    expect(Math.max(...shares.slice(5))).toBeLessThan(0.25);
  });

  it('those of whom nothing is known count as the best', () => {
    const waiting = clients(20);
    const utilities = new Map(waiting.slice(1).map((clientId) => [clientId, 1]));
    utilities.set(client(20), 8);
    const rng = seededRng(1);
    const times = [0, 0];
    for (let round = 0; round < 2_000; round++) {
      const { cohort } = drawn(waiting, 5, utilities, rng);
      if (cohort.includes(client(1))) times[0] = (times[0] ?? 0) + 1;
      if (cohort.includes(client(20))) times[1] = (times[1] ?? 0) + 1;
    }
    expect(Math.abs((times[0] as number) - (times[1] as number))).toBeLessThan(120);
  });
});
