import { describe, expect, test } from 'vitest';
import { ManualClock } from '../../../shared/fixtures/manual-clock.ts';
import type { TaskId } from '../../../shared/ids.ts';
import type { CallMessage, RoutingMessage } from '../../cluster/messages.ts';
import { Calls } from './calls.ts';

function callsOf() {
  const clock = new ManualClock();
  const sent: RoutingMessage[] = [];
  const calls = new Calls({ self: 'a', send: (message) => void sent.push(message as RoutingMessage) }, clock);
  return { clock, sent, calls };
}
const question = { task: 'three' as TaskId, name: 'sum', args: [], online: 0 };
const turn = async (): Promise<void> => {
  for (let at = 0; at < 5; at++) await Promise.resolve();
};

describe('a question that may be asked again', () => {
  const askedAt = async (to?: string): Promise<number[]> => {
    const { clock, sent, calls } = callsOf();
    const answer = calls.call(question, { ...(to === undefined ? {} : { to }), withinMs: 16_000, isRepeatable: true });
    const seconds: number[] = [];
    for (let second = 0; second < 16; second++) {
      seconds.push(...sent.splice(0).map(() => second));
      clock.advance(1_000);
    }
    await expect(answer).rejects.toThrow('no process answered');
    return seconds;
  };

  test('goes to one process after 1, 2, 4 and 8 seconds', async () => {
    expect(await askedAt('b')).toEqual([0, 1, 3, 7, 15]);
  });

  test('goes to whoever has the task every second: another may have taken it over', async () => {
    expect(await askedAt()).toEqual(Array.from({ length: 16 }, (_, second) => second));
  });
});

describe('an answer', () => {
  const call = (number: number): CallMessage => ({
    ...{ kind: 'call', id: `b/${number}`, isRepeatable: true },
    ...question,
  });

  test('that is under way is waited for once, however many came after it', async () => {
    const { sent, calls } = callsOf();
    let asked = 0;
    let answer = (_: string): void => {};
    const slow = (): Promise<unknown> => {
      asked += 1;
      return new Promise((resolve) => {
        answer = resolve;
      });
    };
    calls.asked('b', call(0), slow);
    for (let number = 1; number <= 5_001; number++) calls.asked('b', call(number), async () => number);
    await turn();
    calls.asked('b', call(0), slow);
    expect(asked).toBe(1);
    sent.length = 0;
    answer('done');
    await turn();
    expect(sent).toEqual([{ kind: 'answer', id: 'b/0', value: 'done' }]);
    calls.asked('b', call(0), slow);
    await turn();
    expect([asked, sent.length]).toEqual([1, 2]);
  });

  test('to what is not asked again is not kept', async () => {
    const { calls } = callsOf();
    let asked = 0;
    for (let time = 0; time < 2; time++) {
      calls.asked('b', { ...call(0), isRepeatable: false }, async () => void asked++);
      await turn();
    }
    expect(asked).toBe(2);
  });
});
