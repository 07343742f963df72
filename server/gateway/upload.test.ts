import { describe, expect, it } from 'vitest';
import { refuse } from '../../shared/errors.ts';
import { ManualClock } from '../../shared/fixtures/manual-clock.ts';
import { sha256Hex } from '../../shared/hash.ts';
import type { AssignmentToken, ClientId, Sha256, TaskId } from '../../shared/ids.ts';
import { LIMITS } from '../../shared/limits.ts';
import { type ReportBegin, updateIdOf } from '../../shared/protocol/index.ts';
import { chunkAt, chunkCountOf, crc32 } from '../../shared/wire/chunk.ts';
import { diskFull, MemorySpool } from './fakes/memory-spool.ts';
import { ScriptedCoordinator } from './fakes/scripted-coordinator.ts';
import { noMetrics } from './ports.ts';
import { ReadValve } from './read-valve.ts';
import { Uploads } from './upload.ts';

const task = 'digits' as TaskId;
const client = 'c1'.repeat(16) as ClientId;
const stranger = 'c2'.repeat(16) as ClientId;
const token = 'a1'.repeat(16) as AssignmentToken;
const updateId = updateIdOf(token);
const frameBytes = 96 + 199_210 * 4;
const frame = Uint8Array.from({ length: frameBytes }, (_, at) => (at * 31) >>> 3);
const otherFrame = frame.map((byte) => byte ^ 1);
const metrics = { lossBefore: null, lossAfter: null, accuracyBefore: null, accuracyAfter: null, trainingMs: 1 };

const sha256 = new Map<Uint8Array, Sha256>([frame, otherFrame].map((bytes) => [bytes, sha256Hex(bytes)]));
const announce = (bytes: Uint8Array = frame): ReportBegin => ({
  token,
  bytes: bytes.byteLength,
  sha256: sha256.get(bytes) ?? sha256Hex(bytes),
  metrics,
});

function set() {
  const clock = new ManualClock();
  const coordinator = new ScriptedCoordinator();
  coordinator.assign(client, token);
  const spool = new MemorySpool();
  const errors: unknown[] = [];
  const log = { info: () => {}, warn: () => {}, error: (fields: unknown) => void errors.push(fields) };
  const valve = new ReadValve(LIMITS.unwrittenBytes);
  const uploads = new Uploads({ coordinator, spool, valve, clock, log, metrics: noMetrics });
  const chunk = (index: number, bytes = frame) =>
    uploads.chunk(task, client, { token, index, crc32: crc32(chunkAt(bytes, index)) }, chunkAt(bytes, index));
  const sendAll = async (bytes = frame): Promise<void> => {
    for (let index = 0; index < chunkCountOf(bytes.byteLength); index++)
      expect(await chunk(index, bytes)).toEqual({ ok: true });
  };
  return { clock, coordinator, spool, uploads, errors, chunk, sendAll };
}
const receipt = { updateId, round: 1, status: 'accepted', order: 1 };

describe('a report', () => {
  it('P22: leaves no file where it cannot be found out whether it was accepted meanwhile', async () => {
    const { uploads, coordinator, spool } = set();
    coordinator.receiptOf = async () => {
      if (spool.files.size > 0) throw new Error('the database is away');
      return null;
    };
    await expect(uploads.begin(task, client, announce(), true)).rejects.toThrow('away');
    expect([...spool.files.values()].map(({ state }) => state)).toEqual(['discarded']);
    expect(uploads.openCount).toBe(0);
  });

  it('P22 to P26: arrives in the spool byte for byte and is handed over once', async () => {
    const { uploads, coordinator, spool, sendAll } = set();
    expect(await uploads.begin(task, client, announce())).toEqual({ ok: true, received: [], receipt: null });
    await sendAll();
    expect(await uploads.end(task, client, token)).toEqual({ ok: true, receipt });
    expect(Buffer.compare(spool.files.get(updateId)?.bytes ?? new Uint8Array(), frame)).toBe(0);
    // Another process may have the task: it is asked once.
    expect(coordinator.named('admit')).toHaveLength(1);
    expect(coordinator.named('report')).toHaveLength(1);
    expect(coordinator.named('report')[0]?.[3]).toMatchObject({
      admitted: { round: 1, updateId },
      token,
      bytes: frameBytes,
      sha256: sha256Hex(frame),
      metrics,
    });
    const counted = coordinator.named('countBytes').reduce((sum, [, , , bytes]) => sum + Number(bytes), 0);
    expect(counted).toBe(frameBytes);
    expect(uploads.openCount).toBe(0);
  });

  it('P27: announced or ended again gets the same receipt, and other bytes `conflict`', async () => {
    const { uploads, coordinator, sendAll } = set();
    await uploads.begin(task, client, announce());
    await sendAll();
    await uploads.end(task, client, token);
    for (let again = 0; again < 3; again++) {
      expect(await uploads.end(task, client, token)).toEqual({ ok: true, receipt });
      expect(await uploads.begin(task, client, announce())).toEqual({ ok: true, received: [], receipt });
      expect(await uploads.begin(task, client, announce(otherFrame))).toMatchObject({ ok: false, reason: 'conflict' });
    }
    expect(coordinator.named('report')).toHaveLength(1);
  });

  it('threat C5: P27: asked for its end many times at once is handed over once, and all get the receipt', async () => {
    const { uploads, coordinator, sendAll } = set();
    await uploads.begin(task, client, announce());
    await sendAll();
    const ends = [1, 2, 3].map(() => uploads.end(task, client, token));
    const begins = [1, 2].map(() => uploads.begin(task, client, announce()));
    expect(await Promise.all(ends)).toEqual([1, 2, 3].map(() => ({ ok: true, receipt })));
    expect(await Promise.all(begins)).toEqual([1, 2].map(() => ({ ok: true, received: [], receipt })));
    expect(coordinator.named('report')).toHaveLength(1);
  });

  it('P25: goes on with the missing chunks after a reconnect', async () => {
    const { uploads, spool, chunk } = set();
    await uploads.begin(task, client, announce());
    await Promise.all([chunk(2), chunk(0)]);
    expect(await uploads.begin(task, client, announce())).toEqual({ ok: true, received: [0, 2], receipt: null });
    const before = spool.writesCount;
    await Promise.all([chunk(3), chunk(1)]);
    expect(spool.writesCount - before).toBe(2);
    expect(await uploads.end(task, client, token)).toEqual({ ok: true, receipt });
  });

  it('P25: a new announcement waits for chunks that are being written, and then lists them', async () => {
    const { uploads, spool, chunk } = set();
    await uploads.begin(task, client, announce());
    let open = (): void => {};
    spool.gate = new Promise((resolve) => {
      open = resolve;
    });
    const first = chunk(1);
    const again = uploads.begin(task, client, announce());
    open();
    expect(await first).toEqual({ ok: true });
    expect(await again).toEqual({ ok: true, received: [1], receipt: null });
  });

  it('starts anew when other bytes are announced before anything was accepted', async () => {
    const { uploads, spool, chunk, sendAll } = set();
    await uploads.begin(task, client, announce());
    await chunk(0);
    const first = spool.files.get(updateId);
    expect(await uploads.begin(task, client, announce(otherFrame))).toEqual({ ok: true, received: [], receipt: null });
    expect(first?.state).toBe('discarded');
    await sendAll(otherFrame);
    expect(await uploads.end(task, client, token)).toEqual({ ok: true, receipt });
    expect(Buffer.compare(spool.files.get(updateId)?.bytes ?? new Uint8Array(), otherFrame)).toBe(0);
  });

  it('P26: that the coordinator refuses is told so, and can be announced again', async () => {
    const { uploads, coordinator, sendAll } = set();
    coordinator.refuseWith.report = refuse('norm', 'too large');
    await uploads.begin(task, client, announce());
    await sendAll();
    expect(await uploads.end(task, client, token)).toEqual(refuse('norm', 'too large'));
    expect(uploads.openCount).toBe(0);
    expect(await uploads.begin(task, client, announce())).toMatchObject({ ok: true });
  });

  it('P28: that breaks the coordinator is `internal` and logged with ids', async () => {
    const { uploads, coordinator, sendAll, errors } = set();
    coordinator.breaks.set('report', new Error('a bug'));
    await uploads.begin(task, client, announce());
    await sendAll();
    expect(await uploads.end(task, client, token)).toMatchObject({ ok: false, reason: 'internal' });
    expect(errors).toEqual([expect.objectContaining({ task, client, round: 1 })]);
    expect(uploads.openCount).toBe(0);
  });
});

describe('an announcement is refused', () => {
  it('when it is not this client’s assignment', async () => {
    const { uploads, spool } = set();
    expect(await uploads.begin(task, stranger, announce())).toMatchObject({ reason: 'not-assigned' });
    expect(spool.files.size).toBe(0);
  });

  it('threat C4: P22: `size` for every length but the right one, and the assignment is over', async () => {
    const { uploads, coordinator, spool } = set();
    for (const bytes of [0, 1, 96, frameBytes - 1, frameBytes + 1, 2 ** 40, Number.MAX_SAFE_INTEGER])
      expect(await uploads.begin(task, client, { ...announce(), bytes })).toMatchObject({ ok: false, reason: 'size' });
    expect(coordinator.named('rejected')[0]).toEqual(['rejected', task, client, token, 'size']);
    expect(spool.files.size).toBe(0);
  });

  it('with what the coordinator says of the round', async () => {
    const { uploads, coordinator } = set();
    coordinator.refuseWith.admit = refuse('wrong-round', 'that round is over');
    expect(await uploads.begin(task, client, announce())).toEqual(coordinator.refuseWith.admit);
  });

  it('threat C8: P28: `busy` when too many uploads are open', async () => {
    const { uploads, coordinator } = set();
    for (let at = 0; at < LIMITS.openUploadsCount; at++) {
      const name = at.toString(16).padStart(32, '0');
      coordinator.assign(name as ClientId, name as AssignmentToken);
      const message = { ...announce(), token: name as AssignmentToken };
      expect(await uploads.begin(task, name as ClientId, message)).toMatchObject({ ok: true });
    }
    expect(await uploads.begin(task, client, announce())).toMatchObject({ reason: 'busy', retryAfterMs: 2_000 });
  });

  it('P28: `storage-full` when no file can be opened', async () => {
    const { uploads, spool } = set();
    spool.failOpenWith = diskFull();
    expect(await uploads.begin(task, client, announce())).toMatchObject({ ok: false, reason: 'storage-full' });
    spool.failOpenWith = undefined;
    expect(await uploads.begin(task, client, announce())).toMatchObject({ ok: true });
  });

  it('P30: `draining`, while an open upload may finish', async () => {
    const { uploads, coordinator, sendAll } = set();
    const late = 'b1'.repeat(16) as AssignmentToken;
    coordinator.assign(stranger, late);
    await uploads.begin(task, client, announce());
    const drained = uploads.drain();
    expect(await uploads.begin(task, stranger, { ...announce(), token: late })).toMatchObject({ reason: 'draining' });
    await sendAll();
    expect(await uploads.end(task, client, token)).toEqual({ ok: true, receipt });
    await drained;
  });
});

describe('chunks', () => {
  it('P25: without an open upload are refused, with the coordinator’s reason where there is one', async () => {
    const { uploads, coordinator, chunk } = set();
    expect(await chunk(0)).toMatchObject({ reason: 'not-assigned' });
    expect(await uploads.end(task, client, token)).toMatchObject({ reason: 'not-assigned' });
    coordinator.refuseWith.admit = refuse('late', 'over');
    expect(await chunk(0)).toMatchObject({ reason: 'late' });
    expect(await uploads.end(task, client, token)).toMatchObject({ reason: 'late' });
  });

  it('of another client or token never reach the upload', async () => {
    const { uploads, spool } = set();
    await uploads.begin(task, client, announce());
    const bytes = chunkAt(frame, 0);
    const message = { token, index: 0, crc32: crc32(bytes) };
    expect(await uploads.chunk(task, stranger, message, bytes)).toMatchObject({ reason: 'not-assigned' });
    const otherToken = 'ff'.repeat(16) as AssignmentToken;
    expect(await uploads.chunk(task, client, { ...message, token: otherToken }, bytes)).toMatchObject({
      reason: 'not-assigned',
    });
    expect(spool.writesCount).toBe(0);
  });

  it('P23: with a flipped bit are refused and not written', async () => {
    const { uploads, spool } = set();
    await uploads.begin(task, client, announce());
    const bytes = chunkAt(frame, 0).slice();
    const announced = crc32(bytes);
    bytes[1_000] = (bytes[1_000] ?? 0) ^ 4;
    expect(await uploads.chunk(task, client, { token, index: 0, crc32: announced }, bytes)).toMatchObject({
      reason: 'chunk',
    });
    expect(spool.writesCount).toBe(0);
  });

  it('P28: that do not fit on the disk close the upload, which can then be begun again', async () => {
    const { uploads, spool, chunk, sendAll } = set();
    await uploads.begin(task, client, announce());
    await chunk(0);
    spool.failWith = diskFull();
    expect(await chunk(1)).toMatchObject({ ok: false, reason: 'storage-full' });
    spool.failWith = undefined;
    expect(await uploads.begin(task, client, announce())).toEqual({ ok: true, received: [], receipt: null });
    await sendAll();
    expect(await uploads.end(task, client, token)).toEqual({ ok: true, receipt });
  });

  it('P28: that cannot be written for another reason are `internal` and logged', async () => {
    const { uploads, spool, chunk, errors } = set();
    await uploads.begin(task, client, announce());
    spool.failWith = Object.assign(new Error('input/output error'), { code: 'EIO' });
    expect(await chunk(0)).toMatchObject({ ok: false, reason: 'internal' });
    expect(errors).toHaveLength(1);
  });

  it('threat C12: P28: whose part is over, and its file with it, are told so, and it is nobody’s fault', async () => {
    const { uploads, spool, coordinator, chunk, errors } = set();
    await uploads.begin(task, client, announce());
    await chunk(0);
    spool.failWith = new Error('this writer has ended');
    coordinator.refuseWith.admit = refuse('stale', 'the version it started from is too old by now');
    expect(await chunk(1)).toMatchObject({ ok: false, reason: 'stale' });
    expect(errors).toEqual([]);
    await expect.poll(() => uploads.openCount).toBe(0);
  });
});

describe('an upload ends', () => {
  it('threat C6: P25: after 90 s of silence, and its partial file goes', async () => {
    const { uploads, clock, spool, chunk } = set();
    await uploads.begin(task, client, announce());
    clock.advance(60_000);
    await chunk(0);
    clock.advance(89_999);
    expect(uploads.openCount).toBe(1);
    clock.advance(1);
    await uploads.drain();
    expect(uploads.openCount).toBe(0);
    expect(spool.files.get(updateId)?.state).toBe('discarded');
    expect(clock.waiting).toBe(0);
  });

  it('P18: with its round, and who waits is told why', async () => {
    const { uploads, spool, chunk } = set();
    await uploads.begin(task, client, announce());
    spool.gate = new Promise(() => {});
    const waiting = chunk(0);
    uploads.roundEnded(task, 2, () => 'late');
    uploads.roundEnded('other' as TaskId, 1, () => 'late');
    expect(uploads.openCount).toBe(1);
    uploads.roundEnded(task, 1, (clientId) => (clientId === client ? 'surplus' : 'late'));
    expect(await waiting).toMatchObject({ ok: false, reason: 'surplus' });
  });

  it('when the round ends while the file is being opened', async () => {
    const { uploads, spool } = set();
    const begun = uploads.begin(task, client, announce());
    await Promise.resolve();
    const open = spool.open.bind(spool);
    spool.open = async (...args) => {
      const writer = await open(...args);
      uploads.roundEnded(task, 1, () => 'late');
      return writer;
    };
    expect(await begun).toMatchObject({ ok: false, reason: 'late' });
    expect(spool.files.get(updateId)?.state).toBe('discarded');
    expect(uploads.openCount).toBe(0);
  });

  it('P20: when its client withdraws', async () => {
    const { uploads, spool, chunk } = set();
    await uploads.begin(task, client, announce());
    await chunk(0);
    await uploads.forget(task, client);
    expect(spool.files.get(updateId)?.state).toBe('discarded');
    await uploads.forget(task, client);
    expect(uploads.openCount).toBe(0);
  });

  it('P30: parked when the process ends, and the rest of its messages are told so', async () => {
    const { uploads, spool, clock, chunk } = set();
    await uploads.begin(task, client, announce());
    await chunk(0);
    await uploads.park();
    expect(spool.files.get(updateId)?.state).toBe('paused');
    expect(clock.waiting).toBe(0);
    expect(await uploads.begin(task, client, announce())).toMatchObject({ reason: 'draining' });
  });

  it('P30: parking waits for a report that the coordinator has', async () => {
    const { uploads, coordinator, spool, sendAll } = set();
    await uploads.begin(task, client, announce());
    await sendAll();
    let open = (): void => {};
    coordinator.gate = new Promise((resolve) => {
      open = resolve;
    });
    const ended = uploads.end(task, client, token);
    const parked = uploads.park();
    open();
    expect(await ended).toEqual({ ok: true, receipt });
    await parked;
    expect(spool.files.get(updateId)?.state).toBe('finished');
  });
});
