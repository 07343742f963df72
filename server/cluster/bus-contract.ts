import { describe, expect, it, vi } from 'vitest';
import type { Bus, ProcessId } from './bus.ts';

/** What a bus was heard to say. */
function heardBy(bus: Bus): { readonly words: [ProcessId, unknown][]; readonly lost: ProcessId[] } {
  const heard = { words: [] as [ProcessId, unknown][], lost: [] as ProcessId[] };
  bus.listen({
    message: (from, message) => void heard.words.push([from, message]),
    lost: (from) => void heard.lost.push(from),
  });
  return heard;
}

/** What every kind of bus must do. `open` gives the ends of a new one; `lose` lets some words be lost. */
export function busContract(
  open: (names: readonly ProcessId[]) => Promise<readonly Bus[]>,
  lose: (busy: () => void) => Promise<void>,
): void {
  const three = async () => {
    const [a, b, c] = await open(['a', 'b', 'c']);
    if (a === undefined || b === undefined || c === undefined) throw new Error('three were asked for');
    return { a, b, c };
  };

  describe('a bus', () => {
    it('brings words to all others, in order', async () => {
      const { a, b, c } = await three();
      const heard = [a, b, c].map(heardBy);
      for (let at = 0; at < 50; at++) a.send({ at, text: 'ä', list: [1, null] });
      b.send('from b');
      await vi.waitFor(() => expect(heard[2]?.words).toHaveLength(51));
      await vi.waitFor(() => expect(heard[1]?.words).toHaveLength(50));
      const ofA = heard[2]?.words.filter(([from]) => from === 'a').map(([, word]) => (word as { at: number }).at);
      expect(ofA).toEqual(Array.from({ length: 50 }, (_, at) => at));
      expect(heard[2]?.words[0]?.[1]).toEqual({ at: 0, text: 'ä', list: [1, null] });
      await vi.waitFor(() => expect(heard[0]?.words).toEqual([['b', 'from b']]));
      expect(heard.flatMap(({ lost }) => lost)).toEqual([]);
    });

    it('brings a word to one, and the others miss nothing', async () => {
      const { a, b, c } = await three();
      const [toB, toC] = [heardBy(b), heardBy(c)];
      a.send('all');
      a.send('for b', 'b');
      a.send('all again');
      await vi.waitFor(() => expect(toC.words.map(([, word]) => word)).toEqual(['all', 'all again']));
      await vi.waitFor(() => expect(toB.words.map(([, word]) => word)).toEqual(['all', 'for b', 'all again']));
      expect([...toB.lost, ...toC.lost]).toEqual([]);
    });

    it('says that words are lost before the next one of the same process', async () => {
      const { a, b } = await three();
      const toB = heardBy(b);
      a.send('first');
      await vi.waitFor(() => expect(toB.words).toHaveLength(1));
      await lose(() => a.send('lost'));
      a.send('last');
      await vi.waitFor(() => expect(toB.words.at(-1)).toEqual(['a', 'last']), 5_000);
      expect(toB.words).toHaveLength(2);
      expect(toB.lost).toEqual(['a']);
    });

    it('is quiet once it is closed', async () => {
      const { a, b, c } = await three();
      const toB = heardBy(b);
      await b.close();
      a.send('nobody');
      b.send('nothing');
      const toC = heardBy(c);
      a.send('still there');
      await vi.waitFor(() => expect(toC.words.map(([, word]) => word)).toContain('still there'));
      expect(toB.words).toEqual([]);
      expect(toC.words.filter(([from]) => from === 'b')).toEqual([]);
    });
  });
}
