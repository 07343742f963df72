import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { refuse } from '../../shared/errors.ts';
import type { UpdateId } from '../../shared/ids.ts';
import { LIMITS } from '../../shared/limits.ts';
import type { ReportEndAck } from '../../shared/protocol/index.ts';
import { chunkBytesAt, chunkCountOf } from '../../shared/wire/chunk.ts';
import {
  receivedChunks,
  startUpload,
  stepUpload,
  type UploadEffect,
  type UploadEvent,
  type UploadState,
} from './upload-assembler.ts';

const full = LIMITS.chunkBytes;
const accepted: ReportEndAck = {
  ok: true,
  receipt: { updateId: 'ab'.repeat(16) as UpdateId, round: 1, status: 'accepted', order: 1 },
};

/** Runs events from the start of an upload of so many bytes; gives the last state and the effects of each. */
function run(
  totalBytes: number,
  ...events: UploadEvent[]
): { state: UploadState; effects: (readonly UploadEffect[])[] } {
  let state = startUpload(totalBytes, 0);
  const effects = events.map((event) => {
    const step = stepUpload(state, event);
    state = step.state;
    return step.effects;
  });
  return { state, effects };
}
const chunk = (index: number, bytes: number = full, intact = true, atMs = 0): UploadEvent => ({
  kind: 'chunk',
  index,
  bytes,
  intact,
  atMs,
});
const written = (index: number, atMs = 0): UploadEvent => ({ kind: 'written', index, atMs });
const end: UploadEvent = { kind: 'end', atMs: 0 };
const ok = { ok: true } as const;

describe('an upload of 2.5 chunks', () => {
  const total = 2.5 * full;

  it('is written chunk by chunk at its offsets, acked when written, and then reported', () => {
    const { state, effects } = run(
      total,
      chunk(0),
      written(0),
      chunk(1),
      chunk(2, full / 2),
      written(2),
      written(1),
      end,
      { kind: 'reported', answer: accepted },
    );
    expect(effects).toEqual([
      [
        { kind: 'wait', index: 0 },
        { kind: 'write', index: 0, offset: 0 },
      ],
      [{ kind: 'settle', index: 0, answer: ok }],
      [
        { kind: 'wait', index: 1 },
        { kind: 'write', index: 1, offset: full },
      ],
      [
        { kind: 'wait', index: 2 },
        { kind: 'write', index: 2, offset: 2 * full },
      ],
      [{ kind: 'settle', index: 2, answer: ok }],
      [{ kind: 'settle', index: 1, answer: ok }],
      [{ kind: 'report' }],
      [{ kind: 'finish', answer: accepted }],
    ]);
    expect(state).toEqual({ phase: 'closed' });
  });

  it('P23: a damaged, short, long or impossible chunk is refused and can be sent again', () => {
    const { state, effects } = run(
      total,
      chunk(0, full, false),
      chunk(0, full - 1),
      chunk(0, full + 1),
      chunk(0, 0),
      chunk(2, full),
      chunk(3),
      chunk(65_535, 0),
      chunk(0),
    );
    for (const refused of effects.slice(0, 7))
      expect(refused).toEqual([{ kind: 'answer', answer: expect.objectContaining({ ok: false, reason: 'chunk' }) }]);
    expect(effects[7]).toContainEqual({ kind: 'write', index: 0, offset: 0 });
    expect(receivedChunks(state)).toEqual([]);
  });

  it('P23: a chunk that is there already is acked again, and one that is being written waits for its first copy', () => {
    const { effects } = run(total, chunk(0), chunk(0), written(0), chunk(0), chunk(0, full, false));
    expect(effects.slice(1)).toEqual([
      [{ kind: 'wait', index: 0 }],
      [{ kind: 'settle', index: 0, answer: ok }],
      [{ kind: 'answer', answer: ok }],
      [{ kind: 'answer', answer: ok }],
    ]);
  });

  it('P26: the end with a chunk missing is refused, names it, and the upload goes on', () => {
    const { state, effects } = run(total, end, chunk(0), written(0), end, chunk(2, full / 2), end);
    expect(effects[0]).toEqual([{ kind: 'not-yet', answer: refuse('chunk', 'chunk 0 is missing, 3 in all') }]);
    expect(effects[3]).toEqual([{ kind: 'not-yet', answer: refuse('chunk', 'chunk 1 is missing, 2 in all') }]);
    expect(effects[5]).toEqual([{ kind: 'not-yet', answer: refuse('chunk', 'chunk 1 is missing, 2 in all') }]);
    expect(state.phase).toBe('receiving');
  });

  it('P26: the end waits for what is still being written', () => {
    const all = [chunk(0), chunk(1), chunk(2, full / 2), written(0), written(1)];
    const { effects } = run(total, ...all, end, end, written(2));
    expect(effects.slice(5)).toEqual([[], [], [{ kind: 'settle', index: 2, answer: ok }, { kind: 'report' }]]);
  });

  it('P28: a failed write closes it, answers all who wait, and keeps nothing', () => {
    const failed: UploadEvent = { kind: 'write-failed', index: 0, reason: 'storage-full' };
    const { state, effects } = run(total, chunk(0), chunk(1), failed, written(1), chunk(2, full / 2));
    const answer = expect.objectContaining({ ok: false, reason: 'storage-full' });
    expect(effects[2]).toEqual([
      { kind: 'settle', index: 0, answer },
      { kind: 'settle', index: 1, answer },
      { kind: 'finish', answer },
      { kind: 'discard' },
    ]);
    expect(effects[3]).toEqual([]);
    expect(effects[4]).toEqual([
      { kind: 'answer', answer: expect.objectContaining({ ok: false, reason: 'not-assigned' }) },
    ]);
    expect(state).toEqual({ phase: 'closed' });
  });

  it('P25: silence of 90 s closes it, but not while something is being written', () => {
    const idle = (atMs: number): UploadEvent => ({ kind: 'idle-check', atMs });
    const quiet = run(total, chunk(0, full, true, 5_000), written(0, 6_000), idle(95_999), idle(96_000));
    expect(quiet.effects[2]).toEqual([]);
    expect(quiet.effects[3]).toContainEqual({ kind: 'discard' });
    expect(run(total, chunk(0), idle(190_000)).state.phase).toBe('receiving');
    expect(run(total, { kind: 'begun', atMs: 89_000 }, idle(178_999)).state.phase).toBe('receiving');
  });

  it('P25: an aborted upload tells those who wait why', () => {
    const abort: UploadEvent = { kind: 'abort', reason: 'late', message: 'over' };
    expect(run(total, chunk(0), abort).effects[1]).toEqual([
      { kind: 'settle', index: 0, answer: refuse('late', 'over') },
      { kind: 'finish', answer: refuse('late', 'over') },
      { kind: 'discard' },
    ]);
  });

  it('cannot be stopped any more once the coordinator has it', () => {
    const complete = [chunk(0), written(0), chunk(1), written(1), chunk(2, full / 2), written(2), end];
    const { state, effects } = run(
      total,
      ...complete,
      { kind: 'abort', reason: 'late', message: 'over' },
      { kind: 'idle-check', atMs: 1e9 },
      chunk(0),
      end,
    );
    expect(effects.slice(7)).toEqual([[], [], [{ kind: 'answer', answer: ok }], []]);
    expect(state).toEqual({ phase: 'reporting' });
  });
});

it('P24: a fifth chunk before an ack is refused', () => {
  const { effects } = run(8 * full, chunk(0), chunk(1), chunk(2), chunk(3), chunk(4), written(2), chunk(4));
  expect(effects[4]).toEqual([
    { kind: 'answer', answer: expect.objectContaining({ reason: 'rate', retryAfterMs: 100 }) },
  ]);
  expect(effects[6]).toContainEqual({ kind: 'write', index: 4, offset: 4 * full });
});

it('P25: the chunks that are there are listed in order', () => {
  const { state } = run(20 * full, ...[17, 3, 8, 0].flatMap((index) => [chunk(index), written(index)]), chunk(5));
  expect(receivedChunks(state)).toEqual([0, 3, 8, 17]);
});

describe('whatever comes in whatever order', () => {
  const anyEvent = fc.oneof(
    {
      weight: 8,
      arbitrary: fc.record({
        kind: fc.constant('chunk' as const),
        index: fc.nat({ max: 6 }),
        intact: fc.boolean(),
        exact: fc.boolean(),
      }),
    },
    {
      weight: 8,
      arbitrary: fc.record({
        kind: fc.constant('settle-one' as const),
        pick: fc.nat(),
        fails: fc.integer({ min: 0, max: 19 }),
      }),
    },
    { weight: 3, arbitrary: fc.constant({ kind: 'end' as const }) },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant('idle-check' as const), afterMs: fc.nat({ max: 200_000 }) }),
    },
    { weight: 1, arbitrary: fc.constant({ kind: 'begun' as const }) },
  );

  it('every chunk and every end is answered once, no chunk is written twice, and a report has them all', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5 * full }),
        fc.array(anyEvent, { maxLength: 80 }),
        (totalBytes, script) => {
          let state = startUpload(totalBytes, 0);
          let atMs = 0;
          const underWay: number[] = [];
          const onDisk = new Set<number>();
          const waiting = new Map<number, number>();
          let asked = 0;
          let answered = 0;
          let endsWaiting = 0;
          let reports = 0;
          const take = (event: UploadEvent): void => {
            const step = stepUpload(state, event);
            state = step.state;
            for (const effect of step.effects) {
              if (effect.kind === 'answer') answered += 1;
              if (effect.kind === 'wait') waiting.set(effect.index, (waiting.get(effect.index) ?? 0) + 1);
              if (effect.kind === 'settle') {
                answered += waiting.get(effect.index) ?? 0;
                waiting.delete(effect.index);
              }
              if (effect.kind === 'write') {
                expect(onDisk.has(effect.index) || underWay.includes(effect.index)).toBe(false);
                expect(effect.offset).toBe(effect.index * full);
                underWay.push(effect.index);
              }
              if (effect.kind === 'not-yet') endsWaiting -= 1;
              if (effect.kind === 'finish') endsWaiting = 0;
              if (effect.kind === 'report') {
                reports += 1;
                expect(onDisk.size).toBe(chunkCountOf(totalBytes));
                expect(underWay).toEqual([]);
              }
            }
            expect(underWay.length).toBeLessThanOrEqual(LIMITS.uploadWindowChunks);
          };
          for (const move of script) {
            atMs += 10;
            if (move.kind === 'chunk') {
              asked += 1;
              const bytes = chunkBytesAt(totalBytes, move.index) + (move.exact ? 0 : 1);
              take({ kind: 'chunk', index: move.index, bytes, intact: move.intact, atMs });
            } else if (move.kind === 'settle-one') {
              const index = underWay.splice(move.pick % Math.max(1, underWay.length), 1)[0];
              if (index === undefined) continue;
              if (move.fails > 0) onDisk.add(index);
              take(
                move.fails > 0 ? { kind: 'written', index, atMs } : { kind: 'write-failed', index, reason: 'internal' },
              );
            } else if (move.kind === 'end' && (state.phase === 'receiving' || state.phase === 'ending')) {
              endsWaiting += 1;
              take({ kind: 'end', atMs });
            } else if (move.kind === 'idle-check') {
              atMs += move.afterMs;
              take({ kind: 'idle-check', atMs });
            } else if (move.kind === 'begun') {
              take({ kind: 'begun', atMs });
            }
          }
          take({ kind: 'abort', reason: 'late', message: 'over' });
          take({ kind: 'reported', answer: accepted });
          expect([state.phase, asked - answered, endsWaiting, waiting.size]).toEqual(['closed', 0, 0, 0]);
          expect(reports).toBeLessThanOrEqual(1);
        },
      ),
      { numRuns: 400 },
    );
  });
});
