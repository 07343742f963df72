import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ReadValve, type ValveSeat } from './read-valve.ts';

class Connection {
  isPaused = false;
  pause(): void {
    this.isPaused = true;
  }
  resume(): void {
    this.isPaused = false;
  }
}

/** A valve of 100 bytes with so many connections, and its turns by hand. */
function set(count: number) {
  const turns: (() => void)[] = [];
  const valve = new ReadValve(100, (work) => turns.push(work));
  const connections = Array.from({ length: count }, () => new Connection());
  const seats = connections.map((connection) => valve.add(connection));
  const read = (): number[] => connections.flatMap(({ isPaused }, index) => (isPaused ? [] : [index]));
  const turn = (): void => {
    for (const work of turns.splice(0)) work();
  };
  return { valve, connections, seats, read, turn, turns };
}
const range = (start: number, end: number): number[] =>
  Array.from({ length: end - start }, (_, index) => start + index);

test('up to the limit everybody is read', () => {
  const { valve, read, seats } = set(3);
  valve.hold(100);
  (seats[0] as ValveSeat).served();
  expect(read()).toEqual([0, 1, 2]);
});

test('threat C8: above it nobody is, until half of it is written', () => {
  const { valve, read } = set(3);
  const first = valve.hold(60);
  const second = valve.hold(41);
  expect(read()).toEqual([]);
  second();
  expect(read()).toEqual([]);
  first();
  expect(read()).toEqual([0, 1, 2]);
});

test('a chunk is let go of once, however often it is said', () => {
  const { valve, read } = set(1);
  const once = valve.hold(60);
  valve.hold(60);
  once();
  once();
  expect(read()).toEqual([]);
});

test('they go on a few in each turn of the loop', () => {
  const { valve, read, turn, turns } = set(10);
  valve.hold(101)();
  expect(read()).toEqual(range(0, 4));
  turn();
  expect(read()).toEqual(range(0, 8));
  turn();
  expect(read()).toEqual(range(0, 10));
  expect(turns).toHaveLength(0);
});

test('whose chunk was read waits for the others; who was interrupted is first', () => {
  const { valve, seats, read, turn } = set(7);
  valve.hold(101)();
  for (const index of [0, 1]) (seats[index] as ValveSeat).served();
  expect(read()).toEqual([2, 3]);
  const again = valve.hold(101);
  turn();
  expect(read()).toEqual([]);
  again();
  expect(read()).toEqual([2, 3, 4, 5]);
  turn();
  expect(read()).toEqual(range(0, 7));
});

test('with nobody waiting a chunk ends no turn', () => {
  const { valve, seats, read } = set(2);
  valve.hold(101)();
  (seats[0] as ValveSeat).served();
  expect(read()).toEqual([0, 1]);
});

test('who comes while it is shut waits too, and who leaves is not touched any more', () => {
  const { valve, connections, seats } = set(2);
  const written = valve.hold(101);
  const late = new Connection();
  valve.add(late);
  expect(late.isPaused).toBe(true);
  (seats[0] as ValveSeat).leave();
  written();
  expect([connections[0]?.isPaused, connections[1]?.isPaused, late.isPaused]).toEqual([true, false, false]);
});

test('whatever happens, once all is written everybody is read again', () => {
  const event = fc.oneof(
    fc.record({ kind: fc.constant('hold' as const), bytes: fc.integer({ min: 1, max: 120 }) }),
    fc.record({ kind: fc.constant('written' as const), bytes: fc.nat(5) }),
    fc.record({ kind: fc.constant('served' as const), bytes: fc.nat(29) }),
    fc.record({ kind: fc.constant('turn' as const), bytes: fc.constant(0) }),
  );
  fc.assert(
    fc.property(fc.array(event, { maxLength: 60 }), (events) => {
      const { valve, seats, read, turn, turns } = set(30);
      const held: { bytes: number; written: () => void }[] = [];
      for (const { kind, bytes } of events) {
        if (kind === 'hold') held.push({ bytes, written: valve.hold(bytes) });
        else if (kind === 'written') held.splice(bytes % Math.max(1, held.length), 1)[0]?.written();
        else if (kind === 'served') seats[bytes]?.served();
        else turn();
        if (held.reduce((sum, one) => sum + one.bytes, 0) > 100) expect(read()).toEqual([]);
      }
      for (const { written } of held) written();
      while (turns.length > 0) turn();
      expect(read()).toEqual(range(0, 30));
    }),
  );
});
