import { expect, test } from 'vitest';
import type { NewReceipt, ReceiptOutcome, ReceiptRow } from '../storage/port.ts';
import { ReceiptBatches } from './receipt-batches.ts';

const receipt = (updateId: string): NewReceipt => ({ updateId }) as NewReceipt;
const clock = { now: () => 5, elapsed: () => 5, after: () => () => {} };

/** A store whose transactions finish when the test says so. */
function slowStore() {
  const batches: { ids: string[]; finish: (error?: Error) => void }[] = [];
  let order = 0;
  const accept = (receipts: readonly NewReceipt[], at: number): Promise<ReceiptOutcome[]> =>
    new Promise((resolve, reject) => {
      const finish = (error?: Error): void => {
        if (error) reject(error);
        else
          resolve(
            receipts.map((row) => ({
              kind: 'accepted',
              receipt: { ...row, order: ++order, acceptedAt: at } as ReceiptRow,
            })),
          );
      };
      batches.push({ ids: receipts.map(({ updateId }) => updateId), finish });
    });
  return { batches, accept };
}

const orderOf = (outcome: ReceiptOutcome): number => ('receipt' in outcome ? outcome.receipt.order : 0);

test('receipts of one turn share a transaction; those that come meanwhile share the next', async () => {
  const store = slowStore();
  const receipts = new ReceiptBatches(store, clock);
  const first = [receipts.accept(receipt('a')), receipts.accept(receipt('b'))];
  await Promise.resolve();
  await Promise.resolve();
  const later = ['c', 'd', 'e'].map((id) => receipts.accept(receipt(id)));
  store.batches[0]!.finish();
  expect((await Promise.all(first)).map(orderOf)).toEqual([1, 2]);
  store.batches[1]!.finish();
  expect((await Promise.all(later)).map(orderOf)).toEqual([3, 4, 5]);
  expect(store.batches.map(({ ids }) => ids)).toEqual([
    ['a', 'b'],
    ['c', 'd', 'e'],
  ]);
});

test('a transaction that fails refuses its own receipts, and the next goes on', async () => {
  const store = slowStore();
  const receipts = new ReceiptBatches(store, clock);
  const lost = receipts.accept(receipt('a'));
  await Promise.resolve();
  await Promise.resolve();
  const kept = receipts.accept(receipt('b'));
  store.batches[0]!.finish(new Error('disk full'));
  await expect(lost).rejects.toThrow('disk full');
  store.batches[1]!.finish();
  expect(orderOf(await kept)).toBe(1);
});
