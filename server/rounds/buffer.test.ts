import { describe, expect, test } from 'vitest';
import type { ClientId } from '../../shared/ids.ts';
import { LIMITS } from '../../shared/limits.ts';
import { digits } from '../../shared/task/templates/digits.ts';
import {
  type BufferPolicy,
  bufferPolicyOf,
  endingParts,
  type FillEvent,
  type FillState,
  type FillStep,
  fillWakeAt,
  openFill,
  stepFill,
} from './buffer.ts';

const client = (number: number): ClientId => number.toString(16).padStart(32, '0') as ClientId;
const clients = (...numbers: number[]): ClientId[] => numbers.map(client);

const POLICY: BufferPolicy = {
  ...{ size: 3, maximumStaleness: 2, concurrency: 4 },
  ...{ minimum: 1, reportingDeadlineMs: 60_000 },
};
const START = 1_000_000;
const END = START + POLICY.reportingDeadlineMs;

const open = (waiting: readonly ClientId[], policy: Partial<BufferPolicy> = {}, version = 0, seed = 7): FillStep =>
  openFill({ policy: { ...POLICY, ...policy }, seed, version, carried: [], waiting, at: START });

type Plain = { readonly kind: FillEvent['kind'] } & Record<string, unknown>;

/** Steps through events; those without a time come 10 ms after the start. */
const run = (state: FillState, ...events: readonly Plain[]): FillStep =>
  events.reduce<FillStep>(
    ({ state: before, effects }, event) => {
      const next = stepFill(before, { at: START + 10, ...event } as FillEvent);
      return { state: next.state, effects: [...effects, ...next.effects] };
    },
    { state, effects: [] },
  );

const available = (number: number): Plain => ({ kind: 'available', clientId: client(number), online: 9 });
const report = (slot: number): Plain[] => [
  { kind: 'checked', slot },
  { kind: 'stored', slot },
];
const commit = (goesOn: boolean): Plain[] => [
  { kind: 'settle', goesOn },
  { kind: 'committed', version: 1 },
];
/** By the network that each number stands for. */
const networksOf = (networks: Readonly<Record<number, string>>): ReadonlyMap<ClientId, string> =>
  new Map(Object.entries(networks).map(([number, network]) => [client(Number(number)), network]));
const standings = ({ parts }: FillState): string[] => parts.map(({ standing }) => standing);
const who = ({ parts }: FillState): ClientId[] => parts.map(({ clientId }) => clientId);

/** The fill after this one, as the task opens it. */
const next = (state: FillState, waiting: readonly ClientId[] = [], at = START + 20): FillStep => {
  if (state.phase !== 'ended') throw new Error('the fill has not ended');
  const carried = state.carried.map((slot) => state.parts[slot]!);
  return openFill({ policy: state.policy, seed: 8, version: state.version + 1, carried, waiting, at });
};

describe('joining', () => {
  test.each([1, 2, 3, 4, 5, 6])(
    'threat C9: B13 of six from one network half of the size joins while two others wait, and fills the rest: seed %i',
    (seed) => {
      const many = networksOf({ 1: 'a', 2: 'a', 3: 'a', 4: 'a', 5: 'a', 6: 'a', 7: 'b', 8: 'c' });
      const waiting = clients(1, 2, 3, 4, 5, 6, 7, 8);
      const policy = { ...POLICY, size: 4, concurrency: 4 };
      const opened = openFill({ policy, seed, version: 0, carried: [], waiting, networks: many, at: START }).state;
      expect(who(opened)).toEqual(expect.arrayContaining(clients(7, 8)));
      expect(who(opened)).toHaveLength(4);

      // They are as fast as they like: what is in the buffer counts, too.
      const first = opened.parts.findIndex(({ clientId }) => many.get(clientId) === 'a');
      const { state } = run(opened, { ...available(9), network: 'd' }, ...report(first));
      expect(who(state).at(-1)).toEqual(client(9));
      const alone = run(state, ...report(state.parts.length - 1)).state;
      expect(many.get(who(alone).at(-1)!), 'nobody else waits').toBe('a');
    },
  );

  test('threat C9: B13 who goes on from the fill before is counted, and whose network is not known is of none', () => {
    const many = networksOf({ 1: 'a', 2: 'a', 3: 'a' });
    const policy = { ...POLICY, size: 2, concurrency: 2 };
    const part = { clientId: client(1), standing: 'open', awayUntil: null, baseVersion: 0, endsAt: END } as const;
    const waiting = clients(2, 3, 4);
    for (let seed = 1; seed <= 6; seed++) {
      const { state } = openFill({ policy, seed, version: 1, carried: [part], waiting, networks: many, at: START });
      expect(who(state)).toEqual(clients(1, 4));
    }
  });

  test('B1 a fill opens with those who wait, as many as its concurrency says, from the newest version', () => {
    const { state, effects } = open(clients(1, 2, 3, 4, 5, 6), {}, 9);
    expect(effects).toEqual([{ kind: 'join', slots: [0, 1, 2, 3] }]);
    expect(state).toMatchObject({ phase: 'reporting', version: 9, reportingEndsAt: END });
    expect(state.parts).toMatchObject(Array(4).fill({ standing: 'open', baseVersion: 9, endsAt: END }));
    expect(state.waiting).toHaveLength(2);
    expect(new Set([...who(state), ...state.waiting])).toEqual(new Set(clients(1, 2, 3, 4, 5, 6)));
  });

  test('B1 a place that comes free goes to one who waits, drawn by the seed and not by who came first', () => {
    const first = (seed: number): ClientId => {
      const { state } = open(clients(1), { concurrency: 1 }, 0, seed);
      const waiting = run(state, available(2), available(3), available(4));
      expect(waiting.effects).toEqual([]);
      return who(run(waiting.state, { kind: 'gone', slot: 0 }).state)[1]!;
    };
    expect(first(7)).toBe(first(7));
    expect(new Set([1, 2, 3, 4, 5, 6, 7, 8, 9].map(first)).size).toBe(3);
  });

  test('B1 who leaves waits no more, and who has a part or waits already is not counted twice', () => {
    const { state } = open(clients(1), { concurrency: 1 });
    const heard = run(state, available(1), available(2), available(2), available(3), {
      ...{ kind: 'unavailable', clientId: client(3) },
    });
    expect(heard.state.waiting).toEqual(clients(2));
    expect(standings(heard.state)).toEqual(['open']);
  });

  test('B2 a client that reported goes on at once, with another part of the same fill', () => {
    const { state } = open(clients(1));
    const again = run(state, ...report(0), available(1));
    expect(again.effects).toEqual([{ kind: 'join', slots: [1] }]);
    expect(who(again.state)).toEqual(clients(1, 1));
    expect(standings(again.state)).toEqual(['accepted', 'open']);
  });

  test('B2 a version is of the minimum of different contributors: places are kept for those who are not in it', () => {
    const { state } = open(clients(1), { minimum: 2 });
    const twice = run(state, ...report(0), available(1), ...report(1), available(1));
    expect(standings(twice.state)).toEqual(['accepted', 'accepted']);
    expect(twice.state.waiting).toEqual(clients(1));
    const other = run(twice.state, available(2), ...report(2));
    expect(other.state.phase).toBe('aggregating');
    expect(who(other.state)).toEqual(clients(1, 1, 2));
  });

  test('B2 with a minimum that is the size everybody is in a version once', () => {
    const { state } = open(clients(1, 2), { minimum: 3 });
    const both = run(state, ...report(0), ...report(1), available(1), available(2));
    expect(both.state.parts).toHaveLength(2);
    expect(run(both.state, available(3), ...report(2)).state.phase).toBe('aggregating');
  });
});

describe('the buffer', () => {
  test('B3 accepted and storing together never exceed the size; one more waits and is not lost', () => {
    const { state } = open(clients(1, 2, 3, 4));
    const checked = run(state, ...[0, 1, 2, 3].map((slot) => ({ kind: 'checked', slot }) as Plain));
    expect(standings(checked.state)).toEqual(['storing', 'storing', 'storing', 'open']);
    const full = run(checked.state, ...[0, 1, 2].map((slot) => ({ kind: 'stored', slot }) as Plain));
    expect(full.effects).toEqual([{ kind: 'aggregate' }]);
    expect(standings(run(full.state, { kind: 'checked', slot: 3 }).state)[3]).toBe('open');
    const after = next(run(full.state, ...commit(true)).state);
    expect(standings(run(after.state, ...report(0)).state)).toEqual(['accepted']);
  });

  test('B3 what cannot be stored leaves its place to another', () => {
    const { state } = open(clients(1, 2, 3, 4));
    const failed = run(state, { kind: 'checked', slot: 0 }, { kind: 'unstored', slot: 0 }, ...report(1), ...report(2));
    expect(standings(failed.state)).toEqual(['open', 'accepted', 'accepted', 'open']);
    expect(run(failed.state, ...report(3)).state.phase).toBe('aggregating');
  });

  test('B4 B8 a part outlives the fill it began in, with its base, its time and its absence', () => {
    const { state } = open(clients(1, 2, 3, 4));
    const full = run(state, { kind: 'away', slot: 3 }, ...report(0), ...report(1), ...report(2), ...commit(true));
    expect(full.state).toMatchObject({ phase: 'ended', outcome: { kind: 'committed', version: 1 }, carried: [3] });
    expect(endingParts(full.state).map(({ standing }) => standing)).toEqual(['accepted', 'accepted', 'accepted']);
    const after = next(full.state, clients(1));
    expect(after.effects).toEqual([{ kind: 'join', slots: [1] }]);
    expect(after.state.parts).toEqual([
      { ...state.parts[3], awayUntil: START + 10 + LIMITS.reconnectGraceMs },
      { clientId: client(1), standing: 'open', awayUntil: null, baseVersion: 1, endsAt: START + 20 + 60_000 },
    ]);
  });

  test('B4 when no fill follows the open parts are surplus', () => {
    const { state } = open(clients(1, 2, 3, 4));
    const over = run(state, ...report(0), ...report(1), ...report(2), ...commit(false)).state;
    expect(standings(over)).toEqual(['accepted', 'accepted', 'accepted', 'surplus']);
    expect(over).toMatchObject({ phase: 'ended', carried: [] });
    expect(endingParts(over)).toHaveLength(4);
  });

  test('B4 once the commit has begun what ends with it is settled, and what goes on may still leave', () => {
    const { state } = open(clients(1, 2, 3, 4));
    const settled = run(state, ...report(0), ...report(1), ...report(2), { kind: 'settle', goesOn: true }).state;
    const left = run(
      settled,
      { kind: 'gone', slot: 3 },
      { kind: 'withdrawn', slot: 0 },
      { kind: 'settle', goesOn: false },
      { kind: 'committed', version: 1 },
    ).state;
    expect(left).toMatchObject({ carried: [3] });
    expect(endingParts(left).map(({ standing }) => standing)).toEqual(['accepted', 'accepted', 'accepted']);
    expect(standings(next(left).state)).toEqual(['dropped']);
  });

  test('B5 a part that the next version leaves too far behind is told so at once, and one on the limit is not', () => {
    const { state } = open(clients(1, 2, 3), { size: 1, maximumStaleness: 1 });
    const first = run(state, ...report(0), ...commit(true)).state;
    expect(first).toMatchObject({ carried: [1, 2] });
    const second = run(next(first).state, ...report(0), ...commit(true)).state;
    expect(second.parts).toMatchObject([
      { standing: 'accepted', baseVersion: 0 },
      { standing: 'rejected', reason: 'stale', baseVersion: 0 },
    ]);
    expect(second).toMatchObject({ carried: [] });
    expect(endingParts(second)).toHaveLength(2);
  });

  test('B5 with no staleness allowed nothing outlives its fill', () => {
    const { state } = open(clients(1, 2), { size: 1, maximumStaleness: 0 });
    expect(run(state, ...report(0), ...commit(true)).state.parts[1]).toMatchObject({ reason: 'stale' });
  });
});

describe('time', () => {
  test('B8 each part has its own time; at its end it is late, and its place is free', () => {
    const { state } = open(clients(1), { concurrency: 1 });
    const later = run(state, ...report(0), { ...available(2), at: START + 500 }, { ...available(3), at: START + 600 });
    expect(later.state.parts[1]).toMatchObject({ endsAt: START + 60_500 });
    const full = run(later.state, ...report(1).map((event) => ({ ...event, at: START + 700 }))).state;
    expect(standings(full)).toEqual(['accepted', 'accepted', 'open']);
    const carried = next(run(full, ...report(2), ...commit(true)).state, clients(4), START + 50_000);
    const expired = run(carried.state, { kind: 'tick', at: START + 109_999 });
    expect(standings(expired.state)).toEqual(['open']);
    expect(fillWakeAt(expired.state)).toBe(START + 110_000);
  });

  test('B8 a carried part ends by the time that it was given, not by that of the fill', () => {
    const { state } = open(clients(1, 2), { size: 1 });
    const after = next(run(state, ...report(0), ...commit(true)).state, clients(3, 4, 5, 6), START + 30_000);
    expect(after.state.waiting).toHaveLength(1);
    expect(fillWakeAt(after.state)).toBe(END);
    const late = run(after.state, { kind: 'tick', at: END });
    expect(late.effects).toEqual([{ kind: 'join', slots: [4] }]);
    expect(standings(late.state)).toEqual(['late', 'open', 'open', 'open', 'open']);
  });

  test('B8 a member that is away for too long is dropped, and comes back in time as if nothing were', () => {
    const { state } = open(clients(1, 2));
    const away = run(state, { kind: 'away', slot: 0 }, { kind: 'away', slot: 1 }, { kind: 'back', slot: 1 });
    expect(fillWakeAt(away.state)).toBe(START + 10 + LIMITS.reconnectGraceMs);
    const later = run(away.state, { kind: 'tick', at: START + 10 + LIMITS.reconnectGraceMs });
    expect(standings(later.state)).toEqual(['dropped', 'open']);
  });

  test('B9 the deadline commits what is there if the minimum of contributors is in it, and the others go on', () => {
    const { state } = open(clients(1, 2, 3), { minimum: 2 });
    const two = run(state, ...report(0), ...report(1), { kind: 'away', slot: 2, at: END - 1 });
    const over = run(two.state, { kind: 'tick', at: END + 5 });
    expect(over.effects).toEqual([{ kind: 'aggregate' }]);
    expect(standings(over.state)).toEqual(['accepted', 'accepted', 'late']);
  });

  test('B9 parts that joined later go on after a deadline that commits', () => {
    const { state } = open(clients(1));
    const later = run(state, ...report(0), { ...available(2), at: START + 100 }, { kind: 'tick', at: END });
    expect(later.effects.at(-1)).toEqual({ kind: 'aggregate' });
    expect(run(later.state, ...commit(true)).state).toMatchObject({ carried: [1] });
  });

  test('B9 with too few the deadline abandons, and what is open is late', () => {
    const { state } = open(clients(1, 2), { minimum: 2 });
    const first = who(state)[0] === client(1) ? 1 : 2;
    const over = run(state, ...report(0), available(first), { kind: 'tick', at: END });
    expect(over.effects.at(-1)).toEqual({ kind: 'abandon', reason: 'too-few' });
    expect(standings(over.state)).toEqual(['accepted', 'late', 'late']);
  });

  test('B9 R18 a report that is just being stored at the deadline is waited for', () => {
    const { state } = open(clients(1, 2));
    const waits = run(state, { kind: 'checked', slot: 0 }, { kind: 'tick', at: END });
    expect(waits).toMatchObject({ state: { phase: 'reporting' }, effects: [] });
    expect(fillWakeAt(waits.state)).toBeNull();
    expect(run(waits.state, { kind: 'stored', slot: 0, at: END + 9 }).effects).toEqual([{ kind: 'aggregate' }]);
  });
});

describe('ending otherwise', () => {
  test('B10 a stop drops what is open and abandons the buffer, and waits for what is being stored', () => {
    const { state } = open(clients(1, 2));
    const stopped = run(state, { kind: 'checked', slot: 0 }, { kind: 'stop' });
    expect(standings(stopped.state)).toEqual(['storing', 'dropped']);
    const over = run(stopped.state, { kind: 'stored', slot: 0 });
    expect(over.effects).toEqual([{ kind: 'abandon', reason: 'stopped' }]);
    expect(over.state).toMatchObject({ phase: 'ended', carried: [] });
  });

  test('B10 a stop lets a commit that has begun finish; a failed one abandons, and nobody goes on', () => {
    const { state } = open(clients(1, 2, 3, 4));
    const full = run(state, ...report(0), ...report(1), ...report(2), { kind: 'stop' }).state;
    expect(full.phase).toBe('aggregating');
    const failed = run(full, { kind: 'settle', goesOn: true }, { kind: 'failed' });
    expect(failed.effects).toEqual([{ kind: 'abandon', reason: 'failed' }]);
    expect(standings(failed.state)).toEqual(['accepted', 'accepted', 'accepted', 'dropped']);
    expect(endingParts(failed.state)).toHaveLength(4);
  });

  test('B12 a full buffer that loses a report before its commit begins fills again', () => {
    const { state } = open(clients(1, 2, 3, 4));
    const full = run(state, ...report(0), ...report(1), ...report(2), available(5));
    const lost = run(full.state, { kind: 'withdrawn', slot: 1 });
    expect(lost.state.phase).toBe('reporting');
    expect(lost.effects).toEqual([{ kind: 'join', slots: [4] }]);
    expect(run(lost.state, ...report(3)).effects).toContainEqual({ kind: 'aggregate' });
  });

  test('B12 one that the deadline closed needs the minimum still', () => {
    const { state } = open(clients(1, 2), { minimum: 2 });
    const closed = run(state, ...report(0), ...report(1), { kind: 'tick', at: END }).state;
    expect(run(closed, { kind: 'withdrawn', slot: 1 }).effects).toEqual([{ kind: 'abandon', reason: 'too-few' }]);
  });

  test('B10 after the end nothing changes it', () => {
    const { state } = open(clients(1, 2, 3));
    const over = run(state, ...report(0), ...report(1), ...report(2), ...commit(true)).state;
    expect(run(over, { kind: 'stop' }, ...report(0), available(3), { kind: 'tick', at: END })).toEqual({
      ...{ state: over, effects: [] },
    });
  });
});

test('B1 what a task says of its buffer, and null of a synchronous one', () => {
  expect(bufferPolicyOf(digits)).toBeNull();
  const schedule = { kind: 'buffered', size: 3, maximumStaleness: 2, concurrency: 4 } as const;
  expect(bufferPolicyOf({ ...digits, strategy: { ...digits.strategy, schedule } })).toEqual({
    ...{ size: 3, maximumStaleness: 2, concurrency: 4 },
    ...{ minimum: 2, reportingDeadlineMs: 120_000 },
  });
});
