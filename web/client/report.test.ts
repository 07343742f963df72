import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { roundSeedOf } from '../../shared/codec/round-seed.ts';
import { refuse } from '../../shared/errors.ts';
import { sha256Hex } from '../../shared/hash.ts';
import { LIMITS } from '../../shared/limits.ts';
import { decodeBody, readFrameHeader } from '../../shared/wire/frame.ts';
import { LoopbackServer } from './fakes/loopback-server.ts';
import { assignmentOf, metrics, participation, receiptOf } from './fakes/play.ts';
import { SettlingClock, settle, withoutWebCrypto } from './fakes/settling-clock.ts';
import { type Report, reportOf, sendReport } from './report.ts';
import { memoryStores, reportEncoder } from './report-encoder.ts';
import type { Session } from './transport.ts';
import { wait } from './waiting.ts';

beforeAll(() => void vi.stubGlobal('crypto', withoutWebCrypto));
afterAll(() => void vi.unstubAllGlobals());

const chunk = LIMITS.chunkBytes;

/** A report of `chunks` chunks, the last one short. */
async function reportOfChunks(chunks: number): Promise<Report> {
  const values = ((chunks - 1) * chunk) / 4 + 3;
  const delta = Float32Array.from({ length: values }, (_, index) => index % 1_000);
  return reportOf({ ...participation, parameters: values }, assignmentOf(1), {
    delta,
    examples: 20,
    steps: 2,
    metrics,
  });
}

function sessionOf(server: LoopbackServer): Session {
  const ignore = (): void => {};
  const inbox = {
    welcome: ignore,
    status: ignore,
    assign: ignore,
    weights: ignore,
    round: ignore,
    retry: ignore,
    draining: ignore,
    refused: ignore,
    closed: ignore,
    traffic: ignore,
  };
  const session = server.open(
    {
      server: 'http://loopback',
      task: 'digits' as never,
      handshake: { protocol: { min: 1, max: 1 }, secret: '0'.repeat(32) },
    },
    inbox,
  );
  server.assign(1);
  return session;
}

const shares: number[] = [];
const sending = (session: Session, report: Report, signal = new AbortController().signal) => {
  shares.length = 0;
  return sendReport(session, report, {
    clock: new SettlingClock(),
    onProgress: (share) => void shares.push(share),
    signal,
  });
};

describe('a report', () => {
  it('is a frame with the header that the task expects, and its hash', async () => {
    const report = await reportOf(participation, assignmentOf(1), {
      delta: new Float32Array([1, -2, 0.5]),
      examples: 2,
      steps: 1,
      metrics,
    });
    expect(report.frame.byteLength).toBe(96 + 12);
    const { base } = assignmentOf(1);
    const expected = {
      codec: 'float32',
      values: 3,
      layoutSha256: participation.layoutSha256,
      baseSha256: base.sha256,
    } as const;
    expect(readFrameHeader(report.frame, 108, expected)).toMatchObject({
      ok: true,
      header: { examples: 2, steps: 1, values: 3 },
    });
    expect([...new Float32Array(report.frame.buffer, 96)]).toEqual([1, -2, 0.5]);
  });

  it('of plain numbers is the same frame whether this thread writes it or an encoder', async () => {
    const trained = () => ({ delta: new Float32Array([1, -2, 0.5]), examples: 2, steps: 1, metrics });
    const plain = await reportOf(participation, assignmentOf(1), trained());
    const encoder = reportEncoder(memoryStores());
    expect(await reportOf(participation, assignmentOf(1), trained(), encoder)).toEqual(plain);
    expect(plain.sha256).toBe(sha256Hex(plain.frame));
  });

  it('is in the task’s codec, with its seed, where there is an encoder', async () => {
    const coded = { ...participation, codec: { up: 'uniform-8-rotated', down: 'float32', range: 4 } } as const;
    const trained = { delta: new Float32Array([1, -2, 0.5]), examples: 2, steps: 1, metrics };
    const encoder = reportEncoder(memoryStores());
    const { frame } = await reportOf(coded, assignmentOf(1), trained, encoder);
    const { sha256: baseSha256 } = assignmentOf(1).base;
    const { layoutSha256 } = participation;
    const expected = { codec: 'uniform-8-rotated', range: 4, values: 3, layoutSha256, baseSha256 } as const;
    const read = readFrameHeader(frame, frame.byteLength, expected);
    expect(read).toMatchObject({ ok: true, header: { codec: 'uniform-8-rotated', seed: roundSeedOf(baseSha256) } });
    const decoded = read.ok ? decodeBody(frame, read.header, expected) : undefined;
    for (const [i, value] of [1, -2, 0.5].entries()) expect(Math.abs((decoded?.[i] ?? 9) - value)).toBeLessThan(0.05);
    await expect(reportOf(coded, assignmentOf(1), trained)).rejects.toThrow('cannot write uniform-8-rotated');
  });

  it('with momentum is the average of the changes that were accepted; the codec comes after it', async () => {
    const [delta, codec] = [[4, 0, 0], { up: 'top-k', down: 'float32', fraction: 0.34 } as const];
    const bodies = async (codecs: object): Promise<number[][]> => {
      const task = { ...participation, ...codecs, client: { ...participation.client, reportMomentum: 0.5 } };
      const encoder = reportEncoder(memoryStores());
      const said: number[][] = [];
      for (const [round, values] of [delta, [1, 3, 0], [0, 0, 9], [0, 3, 0]].entries()) {
        const trained = { delta: Float32Array.from(values), examples: 2, steps: 1, metrics };
        const assignment = assignmentOf(round + 1);
        const place = { ...assignment, base: { ...assignment.base, version: round + 1 } };
        const { frame } = await reportOf(task, place, trained, encoder);
        await encoder.settle(round !== 2);
        said.push([...new Float32Array(frame.slice(96).buffer)]);
      }
      return said;
    };
    // The third is not accepted: of the fourth it is as if there had never been one, but for the version that lies between.
    // β² = ¼ of the mass 1½, capped at 1 / (1 − ¼) = 4/3: ⅓ beside 1.
    const fourth = [(0 + 2 / 3) / (4 / 3), (3 + 2 / 3) / (4 / 3), 0].map((value) => expect.closeTo(value, 5));
    const third = [0, 0, 0].map(() => expect.any(Number));
    expect(await bodies({})).toEqual([[4, 0, 0], [2, 2, 0], third, fourth]);
    // Top 1 of 3: (4, 0, 0) whole; then (2, 2, 0), of which the second 2 is left over; m itself is what it would be without the codec.
    const coded = await bodies({ codec });
    expect(coded.map(([, value]) => value)).toEqual([4, 2, expect.any(Number), expect.closeTo(2.75 + 2, 5)]);
  });

  it('with momentum is not made by who keeps none', async () => {
    const task = { ...participation, client: { ...participation.client, reportMomentum: 0.5 } };
    const trained = { delta: new Float32Array([1, -2, 0.5]), examples: 2, steps: 1, metrics };
    await expect(reportOf(task, assignmentOf(1), trained)).rejects.toThrow('keeps no momentum');
  });

  it('goes out whole, and the receipt comes back', async () => {
    const server = new LoopbackServer();
    const report = await reportOfChunks(3);
    expect(await sending(sessionOf(server), report)).toEqual({ ok: true, receipt: receiptOf(1) });
    expect([...server.chunksSent].sort()).toEqual([0, 1, 2]);
    expect(sha256Hex(server.frames.get(report.token) as Uint8Array)).toBe(report.sha256);
    expect(shares.at(-1)).toBe(1);
  });

  it('C7: only the chunks that are missing are sent after a cut', async () => {
    const server = new LoopbackServer();
    const report = await reportOfChunks(6);
    server.faults.set('report-chunk', [undefined, undefined, undefined, 'cut'] as never);
    expect(await sending(sessionOf(server), report)).toEqual({ ok: false, reason: 'unanswered' });
    const before = [...server.chunksSent];
    expect(before.length).toBeGreaterThan(0);
    expect(await sending(sessionOf(server), report)).toMatchObject({ ok: true });
    expect([...server.chunksSent].sort()).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it('C7: the same frame announced again gets the same receipt, and nothing is sent', async () => {
    const server = new LoopbackServer();
    const report = await reportOfChunks(2);
    const first = await sending(sessionOf(server), report);
    server.chunksSent.length = 0;
    expect(await sending(sessionOf(server), report)).toEqual(first);
    expect(server.chunksSent).toEqual([]);
  });

  it('a damaged chunk is sent again, that one only', async () => {
    const server = new LoopbackServer();
    server.faults.set('report-chunk', [undefined, refuse('chunk', 'damaged')] as never);
    expect(await sending(sessionOf(server), await reportOfChunks(4))).toMatchObject({ ok: true });
    expect(server.heard.filter((event) => event === 'report-chunk')).toHaveLength(5);
  });

  it('a chunk that is always damaged ends the sending', async () => {
    const server = new LoopbackServer();
    server.faults.set('report-chunk', Array(20).fill(refuse('chunk', 'damaged')));
    expect(await sending(sessionOf(server), await reportOfChunks(1))).toMatchObject({ ok: false, reason: 'chunk' });
    expect(server.heard.filter((event) => event === 'report-chunk')).toHaveLength(5);
  });

  it('an upload that the server gave up is announced again, three times at most', async () => {
    const server = new LoopbackServer();
    const closed = refuse('not-assigned', 'no upload is open');
    server.faults.set('report-chunk', [closed]);
    server.faults.set('report-end', [closed]);
    expect(await sending(sessionOf(server), await reportOfChunks(1))).toMatchObject({ ok: true });
    expect(server.heard.filter((event) => event === 'report-begin')).toHaveLength(3);
    const never = new LoopbackServer();
    never.faults.set('report-end', Array(9).fill(closed));
    expect(await sending(sessionOf(never), await reportOfChunks(1))).toEqual(closed);
    expect(never.heard.filter((event) => event === 'report-begin')).toHaveLength(3);
  });

  it.each(['report-begin', 'report-chunk', 'report-end'])('a refusal of %s is handed on', async (event) => {
    const server = new LoopbackServer();
    const refusal = refuse('busy', 'come back', 500);
    server.faults.set(event, [refusal]);
    expect(await sending(sessionOf(server), await reportOfChunks(2))).toEqual(refusal);
  });

  it('C21: nothing is sent after the signal', async () => {
    const server = new LoopbackServer();
    const abort = new AbortController();
    const session = sessionOf(server);
    const sent = sending(
      {
        ...session,
        reportChunk: (...args) => {
          abort.abort();
          return session.reportChunk(...args);
        },
      },
      await reportOfChunks(3),
      abort.signal,
    );
    expect(await sent).toEqual({ ok: false, reason: 'unanswered' });
    await settle();
    expect(server.heard.filter((event) => event === 'report-chunk')).toHaveLength(1);
    expect(server.heard).not.toContain('report-end');
  });

  it('keeps at most a window of chunks waiting, from one up, and closes it when acks are slow', async () => {
    const clock = new SettlingClock();
    const server = new LoopbackServer();
    const session = sessionOf(server);
    const acks: (() => void)[] = [];
    const most: number[] = [];
    const slow: Session = {
      ...session,
      reportChunk: (message, bytes) =>
        new Promise((resolve) => {
          acks.push(() => void session.reportChunk(message, bytes).then(resolve));
        }),
    };
    const sent = sendReport(slow, await reportOfChunks(20), {
      clock,
      onProgress: () => {},
      signal: new AbortController().signal,
    });
    await settle();
    for (let round = 0; acks.length > 0; round++) {
      most.push(acks.length);
      if (round === 4) await clock.pass(6_000);
      for (const ack of acks.splice(0)) ack();
      await settle();
    }
    expect(most.slice(0, 6)).toEqual([1, 2, 4, 4, 4, 1]);
    expect(Math.max(...most)).toBe(LIMITS.uploadWindowChunks);
    expect(await sent).toMatchObject({ ok: true });
  });

  it('P24: over 56 kbit/s with 2 s of delay no chunk waits for another: each is acked within 42 s, and so is a pong', async () => {
    const clock = new SettlingClock();
    const session = sessionOf(new LoopbackServer());
    let freeAtMs = 0;
    const acksMs: number[] = [];
    const slow: Session = {
      ...session,
      reportChunk: async (message, bytes) => {
        const sentMs = clock.elapsed();
        freeAtMs = Math.max(freeAtMs, sentMs) + bytes.byteLength / 7;
        await wait(clock, freeAtMs - sentMs + 4_000, new AbortController().signal);
        acksMs.push(clock.elapsed() - sentMs);
        return session.reportChunk(message, bytes);
      },
    };
    const { signal } = new AbortController();
    const sent = sendReport(slow, await reportOfChunks(6), { clock, onProgress: () => {}, signal });
    while (acksMs.length < 6) {
      await settle();
      await clock.pass(1_000);
    }
    expect(await sent).toMatchObject({ ok: true });
    expect(Math.max(...acksMs)).toBeLessThan(42_000);
    expect(Math.max(...acksMs)).toBeGreaterThan(41_000);
  });
});
