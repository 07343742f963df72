import { expect, it } from 'vitest';
import { costOf, Outbox } from './outbox.ts';

/** Turns that come when the test says so. */
class Turns {
  readonly #waiting: (() => void)[] = [];
  readonly outbox = new Outbox((work) => this.#waiting.push(work));
  readonly sent: number[] = [];

  put(cost: number, count = 1): void {
    for (let index = 0; index < count; index++) {
      const number = this.#count++;
      this.outbox.put(cost, () => this.sent.push(number));
    }
  }
  #count = 0;

  next(): number {
    const works = this.#waiting.splice(0);
    for (const work of works) work();
    return works.length;
  }
}

it('sends little at once', () => {
  const turns = new Turns();
  turns.put(1, 10);
  expect(turns.sent).toHaveLength(10);
  turns.next();
  expect(turns.next()).toBe(0);
});

it('spreads much over turns, in order, and what comes later behind it', () => {
  const turns = new Turns();
  turns.put(1, 600);
  expect(turns.sent).toHaveLength(256);
  turns.next();
  expect(turns.sent).toHaveLength(512);
  turns.put(1);
  expect(turns.sent).toHaveLength(512);
  turns.next();
  expect(turns.sent).toEqual(Array.from({ length: 601 }, (_, index) => index));
});

it('counts a megabyte as many texts, and sends it however little a turn has left', () => {
  expect([costOf(100), costOf(2 ** 20)]).toEqual([1, 65]);
  const turns = new Turns();
  turns.put(costOf(2 ** 20) * 4, 3);
  expect(turns.sent).toEqual([0]);
  turns.next();
  expect(turns.sent).toEqual([0, 1]);
  turns.next();
  expect(turns.sent).toEqual([0, 1, 2]);
});

it('sends all that waits when it is to end', () => {
  const turns = new Turns();
  turns.put(1, 1_000);
  turns.outbox.flush();
  expect(turns.sent).toHaveLength(1_000);
});
