import { describe, expect, it } from 'vitest';
import type { BusListener } from './bus.ts';
import { busContract } from './bus-contract.ts';
import { readEnvelope, receiving } from './envelope.ts';
import { MemoryWay } from './memory-bus.ts';

describe('in memory', () => {
  let way: MemoryWay;
  busContract(
    async (names) => {
      way = new MemoryWay();
      return names.map((name) => way.join(name));
    },
    async (busy) => {
      way.losing = 1;
      busy();
      await Promise.resolve();
    },
  );
});

it('hears nothing twice, and nothing of its own', () => {
  const heard: unknown[] = [];
  const listener: BusListener = { message: (_, word) => heard.push(word), lost: () => heard.push('lost') };
  const receive = receiving('b', () => listener);
  for (const [from, number] of [
    ['a', 7],
    ['a', 7],
    ['a', 8],
    ['a', 7],
    ['b', 1],
    ['a', 10],
  ] as const)
    receive({ from, number, message: `${from}${number}` });
  expect(heard).toEqual(['a7', 'a8', 'lost', 'a10']);
});

it('takes no word that is none', () => {
  const word = { from: 'a', number: 1, message: 1 };
  expect(readEnvelope(JSON.stringify(word))).toEqual(word);
  for (const text of ['', '{', '1', 'null', '{"from":"a"}', '{"from":"a","number":0}', `"${'x'.repeat(5 * 2 ** 20)}"`])
    expect(readEnvelope(text)).toBeNull();
  expect(readEnvelope(JSON.stringify({ ...word, from: 'a'.repeat(65) }))).toBeNull();
});
