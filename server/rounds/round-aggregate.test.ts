import { readFileSync, writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { CodecName } from '../../shared/codec/names.ts';
import type { Sha256, TaskId, UpdateId } from '../../shared/ids.ts';
import { digits } from '../../shared/task/templates/digits.ts';
import { fromBytes, toBytes } from '../../shared/weights/vector.ts';
import type { ExpectedFrame } from '../../shared/wire/frame.ts';
import { frameOf, THREE } from './fixtures/frames.ts';
import { type House, openHouse } from './fixtures/rig.ts';
import { FoldedReports } from './folded-reports.ts';
import { sumBytes } from './partial-sum.ts';
import { RoundAggregate } from './round-aggregate.ts';
import { HeldReports } from './routing/held-reports.ts';
import type { ListedReport, SharedRound, SumAnswer, SumsElsewhere } from './sums-elsewhere.ts';

// Hundreds of files and calls of a thread, on a machine that does much else at the same time.
vi.setConfig({ testTimeout: 120_000 });

const TASK = 'three' as TaskId;
const log = { info: () => {}, warn: () => {}, error: () => {} };
const spec = { strategy: digits.strategy, client: digits.client };
const round = (number: number, changes: Partial<SharedRound> = {}): SharedRound => ({
  ...{ task: TASK, number, place: number, fold: spec, expected: THREE },
  ...changes,
});

let common: House;
let house: House;
let rounds = 0;
beforeAll(async () => {
  common = await openHouse();
});
afterAll(() => common.close());
beforeEach(async () => {
  house = await common.fresh();
});

interface Report {
  readonly delta: readonly number[];
  readonly examples: number;
  readonly place: string | null;
}
type Receipt = Parameters<RoundAggregate['finish']>[0][number];

async function accepted(of: SharedRound, reports: readonly Report[]): Promise<Receipt[]> {
  const receipts: Receipt[] = [];
  for (const [at, { delta, examples, place }] of reports.entries()) {
    const { frame, sha256 } = frameOf({ delta, examples, expected: of.expected });
    const updateId = (of.number * 1_000 + at).toString(16).padStart(32, '0') as UpdateId;
    const writer = await house.spool.open(TASK, of.place, updateId, frame.length);
    await writer.write(0, frame);
    await writer.finish();
    receipts.push({ updateId, sha256, bytes: frame.length, place });
  }
  return receipts;
}

type Fault = 'silent' | 'lost' | 'absent' | 'failed' | 'damaged';

/** Processes that are there, each of which may fail to hand its sum over. */
function processes(faults: ReadonlyMap<string, Fault | null>) {
  const held = new Map<string, HeldReports>();
  const asked: (readonly [string, readonly UpdateId[]])[] = [];
  const at = (self: string): HeldReports => {
    const known =
      held.get(self) ?? new HeldReports({ ...{ self, log }, spool: house.spool, arithmetic: house.arithmetic });
    held.set(self, known);
    return known;
  };
  const elsewhere: SumsElsewhere = {
    has: (process) => faults.has(process),
    fold: (process, of, report) => at(process).fold(of, report),
    async sum(process, of, reports: readonly ListedReport[]): Promise<SumAnswer> {
      asked.push([process, reports.map(({ updateId }) => updateId)]);
      const fault = faults.get(process) ?? null;
      if (fault === 'silent') throw new Error('no answer');
      if (fault === 'absent' || fault === 'failed') return { ok: false, reason: fault };
      const answer = await at(process).sum('a', of, reports);
      if (fault === 'lost') throw new Error('no answer, though it was done');
      if (fault === 'damaged' && answer.ok) {
        const path = house.spool.path(TASK, of.place, answer.name);
        const bytes = readFileSync(path);
        bytes[0] = (bytes[0] as number) ^ 1;
        writeFileSync(path, bytes);
      }
      return answer;
    },
    async forget(of, updateIds) {
      for (const process of faults.keys()) await at(process).forget(of, updateIds);
    },
    end: (process, of) => void at(process).end(of.task, { number: of.number }),
  };
  return { elsewhere, asked, at };
}

const aggregateOf = (of: SharedRound, elsewhere: SumsElsewhere | null) =>
  new RoundAggregate({
    ...{ arithmetic: house.arithmetic, spool: house.spool, elsewhere, log, round: of },
    reportOf: () => ({ expected: of.expected, staleness: 0 }),
  });
const learning = { ...digits, strategy: digits.strategy };
async function versionOf(aggregate: RoundAggregate, receipts: readonly Receipt[], values = 3): Promise<Sha256> {
  const params = await house.blobs.put(toBytes(new Float32Array(values)));
  const { sha256 } = await aggregate.finish(receipts, learning, { params, optimizer: null });
  await aggregate.end();
  return sha256;
}
const valuesOf = async (sha256: Sha256): Promise<number[]> => [
  ...fromBytes((await house.blobs.get(sha256)) ?? new Uint8Array()),
];

describe('D11 the sum of groups', () => {
  const number = fc.float({ min: -1e3, max: 1e3, noNaN: true });
  const report = fc.record({
    delta: fc.tuple(number, number, number).filter((delta) => delta.some((value) => value !== 0)),
    examples: fc.integer({ min: 1, max: 1_000 }),
    place: fc.constantFrom(null, 'b', 'c'),
  });
  const fault = fc.constantFrom<(Fault | null)[]>(null, 'silent', 'lost', 'absent', 'failed', 'damaged');

  test('has the same bits, whoever adds up which group, and agrees with the sum of all to 1e-6', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(report, { minLength: 1, maxLength: 12 }),
        fault,
        fault,
        fc.boolean(),
        async (reports, ofB, ofC, isToldBefore) => {
          const of = round(++rounds);
          const receipts = await accepted(of, reports);
          const alone = await versionOf(aggregateOf(of, null), receipts);
          const { elsewhere } = processes(
            new Map([
              ['b', ofB],
              ['c', ofC],
            ]),
          );
          const together = aggregateOf(of, elsewhere);
          if (isToldBefore) for (const receipt of receipts) together.add(receipt);
          expect(await versionOf(together, receipts)).toBe(alone);
          const oneGroup = receipts.map((receipt) => ({ ...receipt, place: null }));
          const whole = await valuesOf(await versionOf(aggregateOf(of, null), oneGroup));
          const scale = Math.max(...reports.flatMap(({ delta }) => delta.map(Math.abs)));
          for (const [index, value] of (await valuesOf(alone)).entries())
            expect(Math.abs(value - (whole[index] as number))).toBeLessThanOrEqual(1e-6 * scale);
        },
      ),
      { numRuns: 15 },
    );
  });

  test.each(['uniform-8', 'uniform-8-rotated', 'top-k'] as CodecName[])(
    'of reports in %s has the same bits, too',
    async (codec) => {
      const parameters = { range: 2, fraction: 0.5 };
      const expected = { ...THREE, codec, values: 70, ...parameters } as ExpectedFrame;
      const of = round(++rounds, { expected });
      const deltas = Array.from({ length: 6 }, (_, at) => Array.from({ length: 70 }, (_, i) => Math.sin(at * 70 + i)));
      const places = [null, 'b', 'b', 'b', null, 'b'];
      const many = deltas.flatMap((delta, at) =>
        Array.from({ length: 12 }, () => ({ delta, examples: at + 1, place: places[at] as string | null })),
      );
      const receipts = await accepted(of, many);
      const alone = await versionOf(aggregateOf(of, null), receipts, 70);
      const { elsewhere, asked } = processes(new Map([['b', null]]));
      expect(await versionOf(aggregateOf(of, elsewhere), receipts, 70)).toBe(alone);
      expect(asked.map(([process, ids]) => [process, ids.length])).toEqual([['b', 48]]);
    },
  );
});

const three = (place: string | null): Report[] => [
  { delta: [1, 0, 0], examples: 1, place },
  { delta: [0, 2, 0], examples: 1, place },
  { delta: [0, 0, 4], examples: 2, place },
];

test('D11 a sum that is longer than its reports is not asked for: they are fetched', async () => {
  const of = round(++rounds);
  const receipts = await accepted(of, three('b'));
  const { elsewhere, asked } = processes(new Map([['b', null]]));
  const short = receipts.map((receipt) => ({ ...receipt, bytes: (sumBytes(spec, THREE) as number) / 3 }));
  expect(await valuesOf(await versionOf(aggregateOf(of, elsewhere), short))).toEqual([0.25, 0.5, 2]);
  expect(asked).toEqual([]);
  const longer = short.map((receipt, at) => ({ ...receipt, bytes: receipt.bytes + (at === 0 ? 1 : 0) }));
  expect(await valuesOf(await versionOf(aggregateOf(of, elsewhere), longer))).toEqual([0.25, 0.5, 2]);
  expect(asked).toHaveLength(1);
});

test('D11 what was handed over is gone from the spool once it is used, and what was kept once the round is over', async () => {
  const of = round(++rounds);
  const receipts = await accepted(of, three('b'));
  const { elsewhere, at } = processes(new Map([['b', null]]));
  const names: UpdateId[] = [];
  const watched: SumsElsewhere = {
    ...elsewhere,
    async sum(...asked) {
      const answer = await elsewhere.sum(...asked);
      if (answer.ok) names.push(answer.name);
      return answer;
    },
  };
  const aggregate = aggregateOf(of, watched);
  for (const receipt of receipts) aggregate.add(receipt);
  expect(receipts.every(({ updateId }) => at('b').keeps(TASK, updateId))).toBe(true);
  await versionOf(aggregate, receipts);
  expect(names).toHaveLength(1);
  expect(await house.spool.has(TASK, of.place, names[0] as UpdateId)).toBe(false);
  expect(receipts.some(({ updateId }) => at('b').keeps(TASK, updateId))).toBe(false);
});

test('D6 D11 a sum has nothing of what was deleted before it was asked for', async () => {
  const of = round(++rounds);
  const receipts = await accepted(of, three('b'));
  const { elsewhere, at } = processes(new Map([['b', null]]));
  const aggregate = aggregateOf(of, elsewhere);
  for (const receipt of receipts) aggregate.add(receipt);
  const [, gone] = receipts as [Receipt, Receipt, Receipt];
  await house.spool.remove(TASK, of.place, gone.updateId);
  await aggregate.forget([gone.updateId]);
  expect(at('b').keeps(TASK, gone.updateId)).toBe(false);
  const rest = receipts.filter((receipt) => receipt !== gone);
  expect(await valuesOf(await versionOf(aggregate, rest))).toEqual([Math.fround(1 / 3), 0, Math.fround(8 / 3)]);
});

test('D11 a report that is nowhere is no part of a sum: the answer says so, and so does the commit', async () => {
  const of = round(++rounds);
  const receipts = await accepted(of, three('b'));
  const { elsewhere, at } = processes(new Map([['b', null]]));
  await house.spool.remove(TASK, of.place, (receipts[1] as Receipt).updateId);
  expect(await at('b').sum('a', of, receipts.map(listed))).toEqual({ ok: false, reason: 'absent' });
  await expect(versionOf(aggregateOf(of, elsewhere), receipts)).rejects.toThrow('nowhere');
});

test('D9 a rule that must see all reports is no sum, and evaluation is one', () => {
  const strategy = { ...digits.strategy, name: 'robust', aggregator: { name: 'median' } } as const;
  expect(aggregateOf(round(++rounds, { fold: { ...spec, strategy } }), null).isSum).toBe(false);
  expect(aggregateOf(round(++rounds, { fold: 'sum' }), null).isSum).toBe(true);
  expect(sumBytes(spec, THREE)).toBe(24);
  expect(sumBytes({ ...spec, strategy }, THREE)).toBe(null);
});

test('what is folded while a sum is made waits until it is made', async () => {
  const of = round(++rounds);
  const receipts = await accepted(of, three(null));
  const folded = new FoldedReports({
    ...{ arithmetic: house.arithmetic, log, fold: spec, values: 3, key: `turns/${of.number}` },
    reportOf: (updateId) => ({ path: house.spool.path(TASK, of.place, updateId), expected: THREE, staleness: 0 }),
    bring: async () => {},
  });
  const [first, second, third] = receipts.map(({ updateId }) => updateId) as [UpdateId, UpdateId, UpdateId];
  folded.add(first);
  const seen: string[] = [];
  const held = folded.hold([first, second], async () => {
    await Promise.resolve();
    seen.push('sum');
  });
  folded.add(third);
  await held;
  await folded.hold([first, second, third], async () => void seen.push('all'));
  expect(seen).toEqual(['sum', 'all']);
  await folded.drop();
});

/** Has the sums that any process hands over looked at, whatever becomes of the answer. */
function watching(elsewhere: SumsElsewhere, at: (process: string) => HeldReports) {
  const names: UpdateId[] = [];
  const watched: SumsElsewhere = {
    ...elsewhere,
    async sum(process, of, reports) {
      const made = await at(process).sum('a', of, reports);
      if (made.ok) names.push(made.name);
      return elsewhere.sum(process, of, reports);
    },
  };
  const there = async (place: number) => {
    const found = await Promise.all(names.map((name) => house.spool.has(TASK, place, name)));
    return found.filter((isThere) => isThere).length;
  };
  return { watched, names, there };
}

test('D11 a sum whose answer is lost goes with the round', async () => {
  const of = round(++rounds);
  const receipts = await accepted(of, three('b'));
  const { elsewhere, at } = processes(new Map([['b', 'lost']]));
  const { watched, names, there } = watching(elsewhere, at);
  expect(await valuesOf(await versionOf(aggregateOf(of, watched), receipts))).toEqual([0.25, 0.5, 2]);
  await at('b').end(TASK, { number: of.number });
  expect([names.length, await there(of.place)]).toEqual([1, 0]);
});

test('D11 a sum that was handed over goes, too, where the commit fails for another group', async () => {
  const of = round(++rounds);
  const receipts = await accepted(of, [...three('b'), ...three('c')]);
  await house.spool.remove(TASK, of.place, (receipts[4] as Receipt).updateId);
  const { elsewhere, at } = processes(new Map<string, Fault | null>([['b', null]]));
  const { watched, names, there } = watching(elsewhere, at);
  await expect(versionOf(aggregateOf(of, watched), receipts)).rejects.toThrow('nowhere');
  expect([names.length, await there(of.place)]).toEqual([1, 0]);
});

const listed = ({ updateId, sha256 }: Receipt): ListedReport => ({
  ...{ updateId, sha256, baseSha256: THREE.baseSha256, staleness: 0 },
});

test('D11 a word of an earlier round is late, and one of another task of that name ends what was kept', async () => {
  const [before, of] = [round(++rounds), round(++rounds)];
  const [old] = (await accepted(before, three('b'))) as [Receipt];
  const [report] = (await accepted(of, three('b'))) as [Receipt];
  const held = processes(new Map()).at('b');
  held.fold(of, listed(report));
  held.fold(before, listed(old));
  expect(await held.sum('a', before, [listed(old)])).toEqual({ ok: false, reason: 'absent' });
  expect([old, report].map(({ updateId }) => held.keeps(TASK, updateId))).toEqual([false, true]);
  held.fold({ ...of, fold: 'sum' }, listed(old));
  expect([old, report].map(({ updateId }) => held.keeps(TASK, updateId))).toEqual([true, false]);
});

test('D6 D11 what is kept is compared with the database: rounds that are over go, and what was deleted', async () => {
  const of = round(++rounds);
  const [first, second] = (await accepted(of, three('b'))) as [Receipt, Receipt];
  const held = processes(new Map()).at('b');
  const kept = () => [first, second].map(({ updateId }) => held.keeps(TASK, updateId));
  for (const report of [first, second]) held.fold(of, listed(report));
  await held.compare(async () => ({ number: of.number, reports: [first.updateId] }));
  expect(kept()).toEqual([true, false]);
  await held.compare(async () => ({ number: of.number + 1, reports: [first.updateId] }));
  expect(kept()).toEqual([false, false]);
  held.fold(of, listed(first));
  await held.compare(async () => null);
  expect(kept()).toEqual([false, false]);
});

test('what a failed sum left in the thread is no beginning of the next', async () => {
  const of = round(++rounds);
  const receipts = await accepted(of, three(null));
  const [first, second] = receipts.map(({ updateId }) => updateId) as [UpdateId, UpdateId];
  const { arithmetic } = house;
  let isFailing = true;
  const failing: typeof arithmetic = {
    ...arithmetic,
    async fold(key, path, ...rest) {
      const folded = await arithmetic.fold(key, path, ...rest);
      if (isFailing && path.endsWith(second)) throw new Error('it failed half way');
      return folded;
    },
  };
  const key = `spoilt/${of.number}`;
  const folded = new FoldedReports({
    ...{ arithmetic: failing, log, fold: 'sum', values: 3, key },
    reportOf: (updateId) => ({ path: house.spool.path(TASK, of.place, updateId), expected: THREE, staleness: 0 }),
    bring: async () => {},
  });
  await expect(folded.hold([first, second], async () => {})).rejects.toThrow('half way');
  isFailing = false;
  expect([...(await folded.hold([first], () => arithmetic.total(key)))]).toEqual([1, 0, 0]);
  await folded.drop();
});
