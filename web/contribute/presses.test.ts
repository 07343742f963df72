import { describe, expect, it } from 'vitest';
import { createPresses } from './presses.ts';

/** Work that ends when it is told to, and what was begun and ended so far. */
function works() {
  const log: string[] = [];
  const ends = new Map<string, () => void>();
  const work = (name: string) => async () => {
    log.push(`${name} begins`);
    await new Promise<void>((resolve) => ends.set(name, resolve));
    log.push(`${name} ends`);
  };
  return { log, work, end: (name: string) => ends.get(name)?.() };
}
const settled = () => new Promise((resolve) => setTimeout(resolve, 0));

describe('presses', () => {
  it('joining goes ahead while samples are still on their way', async () => {
    const presses = createPresses();
    const { log, work, end } = works();
    void presses.carryOut('samples', work('samples'));
    const joined = presses.carryOut('join', work('join'));
    await settled();
    expect(log).toEqual(['samples begins', 'join begins']);
    expect([...presses.running.value]).toEqual(['samples', 'join']);
    end('join');
    await joined;
    expect([...presses.running.value]).toEqual(['samples']);
  });

  it('the same press again is the same press, and later a new one', async () => {
    const presses = createPresses();
    const { log, work, end } = works();
    const first = presses.carryOut('samples', work('first'));
    const second = presses.carryOut('samples', work('second'));
    await settled();
    end('first');
    await Promise.all([first, second]);
    void presses.carryOut('samples', work('third'));
    await settled();
    expect(log).toEqual(['first begins', 'first ends', 'third begins']);
  });

  it('deleting waits for what was pressed before it, and what is pressed later waits for it', async () => {
    const presses = createPresses();
    const { log, work, end } = works();
    const samples = presses.carryOut('samples', work('samples'));
    const erase = presses.carryOut('erase', work('erase'));
    const join = presses.carryOut('join', work('join'));
    await settled();
    expect(log).toEqual(['samples begins']);
    end('samples');
    await samples;
    await settled();
    end('erase');
    await erase;
    await settled();
    end('join');
    await join;
    expect(log).toEqual(['samples begins', 'samples ends', 'erase begins', 'erase ends', 'join begins', 'join ends']);
    expect(presses.running.value.size).toBe(0);
  });

  it('work that throws is over all the same', async () => {
    const presses = createPresses();
    const failed = presses.carryOut('join', () => Promise.reject(new Error('no')));
    await expect(failed).rejects.toThrow('no');
    expect(presses.running.value.size).toBe(0);
  });
});
