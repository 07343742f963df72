import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { client, createdTask, receipt, reportingRound, T0, update } from './contract-rows.ts';
import { openStorage } from './index.ts';

/**
 * A process that is made to be killed: takes reports into spool and receipts as fast as it can, many at a time, and
 * prints the number of each one once it may be acknowledged.
 */
const dataFolder = process.argv[2] ?? mkdtempSync(join(process.cwd(), 'data-'));
const CLIENTS_COUNT = 4000;
const AT_ONCE = 16;

const { storage, spool } = await openStorage({ dataFolder });
const fence = await createdTask(storage);
await reportingRound(storage, fence, 1, CLIENTS_COUNT);
process.stdout.write('ready\n');

const report = async (slot: number): Promise<void> => {
  const { task, round, updateId } = receipt(1, slot, { updateId: update(1, slot), clientId: client(slot) });
  const bytes = new TextEncoder().encode(`report ${slot}`);
  const writer = await spool.open(task, round, updateId, bytes.length);
  await writer.write(0, bytes);
  await writer.finish();
  const [outcome] = await storage.rounds.accept([receipt(1, slot)], T0);
  if (outcome?.kind === 'accepted') process.stdout.write(`${slot}\n`);
};

let next = 0;
const reportAll = async (): Promise<void> => {
  while (next < CLIENTS_COUNT) await report(next++);
};
await Promise.all(Array.from({ length: AT_ONCE }, reportAll));
