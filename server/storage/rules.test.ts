import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DIGITS, receipt, sha, T0 } from './contract-rows.ts';
import type { NewReceipt, ReceiptOutcome, ReceiptRow } from './port.ts';
import { decideReceipts, type KnownReceipts } from './rules.ts';

/** A storage of one table, as simple as can be. */
const knownFrom = (rows: readonly ReceiptRow[], openRounds: readonly number[]): KnownReceipts => ({
  byUpdate: (updateId) => rows.find((row) => row.updateId === updateId) ?? null,
  ofClient: (_task, round, clientId) => rows.find((row) => row.round === round && row.clientId === clientId) ?? null,
  round: (_task, round) => ({
    isOpen: openRounds.includes(round),
    schedule: 'synchronous',
    fence: 1,
    lastOrder: Math.max(0, ...rows.filter((row) => row.round === round).map(({ order }) => order)),
  }),
});

const anyReceipt = fc
  .record({ round: fc.integer({ min: 1, max: 3 }), slot: fc.nat(4), client: fc.nat(4), bytes: fc.nat(1) })
  .map(({ round, slot, client, bytes }): NewReceipt => {
    const { clientId } = receipt(round, client);
    return receipt(round, slot, { clientId, sha256: sha(bytes) });
  });

describe('receipts', () => {
  it('come out the same one by one as together, however they are cut into batches', () => {
    fc.assert(
      fc.property(fc.array(anyReceipt, { maxLength: 40 }), fc.integer({ min: 1, max: 40 }), (receipts, size) => {
        const inBatches = (batchSize: number) => {
          const rows: ReceiptRow[] = [];
          const outcomes: ReceiptOutcome[] = [];
          for (let start = 0; start < receipts.length; start += batchSize) {
            const batch = receipts.slice(start, start + batchSize);
            const decided = decideReceipts(batch, T0, knownFrom(rows, [1, 2]));
            rows.push(...decided.added);
            outcomes.push(...decided.outcomes);
          }
          return { rows, outcomes };
        };
        expect(inBatches(size)).toEqual(inBatches(1));
      }),
    );
  });

  it('are one a client and round, one an id, in a dense order, and only of open rounds', () => {
    fc.assert(
      fc.property(fc.array(anyReceipt, { maxLength: 60 }), (receipts) => {
        const { outcomes, added } = decideReceipts(receipts, T0, knownFrom([], [1, 2]));
        expect(outcomes).toHaveLength(receipts.length);
        expect(new Set(added.map(({ updateId }) => updateId)).size).toBe(added.length);
        expect(new Set(added.map(({ round, clientId }) => `${round} ${clientId}`)).size).toBe(added.length);
        for (const round of [1, 2]) {
          const orders = added.filter((row) => row.round === round).map(({ order }) => order);
          expect(orders).toEqual(orders.map((_, index) => index + 1));
        }
        expect(added.every(({ round }) => round < 3)).toBe(true);
        outcomes.forEach((outcome, index) => {
          if (outcome.kind !== 'accepted' && outcome.kind !== 'duplicate') return;
          expect(outcome.receipt).toMatchObject({ task: DIGITS, ...receipts[index] });
        });
      }),
    );
  });
});
