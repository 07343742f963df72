import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { sha256Hex } from '../../shared/hash.ts';
import { hashed } from './digest.ts';
import { BroadcastBox, type Download, type DownloadOptions, download } from './download.ts';
import { SettlingClock, settle, withoutWebCrypto } from './fakes/settling-clock.ts';
import { HeldWeights } from './held-weights.ts';
import { exponentialReconnect } from './reconnect-policy.ts';

beforeAll(() => void vi.stubGlobal('crypto', withoutWebCrypto));
afterAll(() => void vi.unstubAllGlobals());

const weights = new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8]);
const wrong = new Uint8Array([1, 2, 3, 4, 5, 6, 7, 9]);
const base = { version: 3, sha256: sha256Hex(weights), bytes: 8 };

/** A download in a world where HTTP answers what a test lays out, in order. */
function world(...answers: (Uint8Array | Error)[]) {
  const clock = new SettlingClock();
  const box = new BroadcastBox();
  const abort = new AbortController();
  const asked: string[] = [];
  let receivedBytes = 0;
  const options: DownloadOptions = {
    box,
    clock,
    policy: exponentialReconnect(),
    roll: () => 0,
    source: {
      fetch: async (sha256) => {
        asked.push(sha256);
        const answer = answers.shift() ?? new Error('nothing laid out');
        if (answer instanceof Error) throw answer;
        return hashed(answer);
      },
    },
    onFetched: (bytes) => {
      receivedBytes += bytes;
    },
    signal: abort.signal,
  };
  const results: Download[] = [];
  const start = (delivery: 'broadcast' | 'http') =>
    void download({ base, delivery }, options).then((got) => results.push(got));
  return { clock, box, abort, asked, results, start, received: () => receivedBytes };
}

const good: Download = { ok: true, bytes: weights };

describe('C11: weights', () => {
  it('by broadcast', async () => {
    const { box, results, start, asked } = world();
    start('broadcast');
    box.put(base.sha256, weights);
    await settle();
    expect(results).toEqual([good]);
    expect(asked).toEqual([]);
  });

  it('of another checkpoint are not taken', async () => {
    const { box, results, start, clock, asked } = world(weights);
    start('broadcast');
    box.put(sha256Hex(wrong), wrong);
    await clock.pass(9_999);
    expect(results).toEqual([]);
    await clock.pass(1);
    expect(results).toEqual([good]);
    expect(asked).toEqual([base.sha256]);
  });

  it('over HTTP where the broadcast is cut off', async () => {
    const { box, results, start, received } = world(weights);
    start('broadcast');
    await settle();
    box.cut();
    await settle();
    expect(results).toEqual([good]);
    expect(received()).toBe(8);
  });

  it('threat N1: over HTTP where the broadcast has another hash or length than announced', async () => {
    for (const bad of [wrong, weights.subarray(0, 4)]) {
      const { box, results, start, asked } = world(weights);
      start('broadcast');
      box.put(base.sha256, bad);
      await settle();
      expect(results).toEqual([good]);
      expect(asked).toHaveLength(1);
    }
  });

  it('over HTTP are tried again, later each time, five times', async () => {
    const { clock, results, start, asked } = world(
      new Error('503'),
      wrong,
      new Error('503'),
      new Error('503'),
      new Error('503'),
    );
    start('http');
    await clock.pass(249);
    expect(asked).toHaveLength(1);
    await clock.pass(1);
    expect(asked).toHaveLength(2);
    await clock.pass(60_000);
    expect(asked).toHaveLength(5);
    expect(results).toEqual([{ ok: false, message: '503' }]);
  });

  it('C21: nothing is asked for after the signal', async () => {
    const { clock, results, start, asked, abort } = world(new Error('503'), weights);
    start('http');
    await settle();
    abort.abort();
    await settle();
    expect(results).toEqual([{ ok: false, message: '503' }]);
    const { clock: otherClock, ...waiting } = world(weights);
    waiting.start('broadcast');
    await settle();
    waiting.abort.abort();
    await settle();
    expect(waiting.results).toEqual([{ ok: false, message: '' }]);
    expect(asked.length + waiting.asked.length).toBe(1);
    expect(clock.waiting + otherClock.waiting).toBe(0);
  });
});

describe('held weights', () => {
  it('are the newest ones, as many as the limit', () => {
    const held = new HeldWeights(2);
    const [a, b, c] = [1, 2, 3].map((value) => new Uint8Array([value])) as [Uint8Array, Uint8Array, Uint8Array];
    held.put(sha256Hex(a), a);
    held.put(sha256Hex(b), b);
    held.put(sha256Hex(a), a);
    held.put(sha256Hex(c), c);
    expect([a, b, c].map((bytes) => held.get(sha256Hex(bytes)))).toEqual([a, null, c]);
    held.clear();
    expect(held.get(sha256Hex(a))).toBeNull();
  });
});
