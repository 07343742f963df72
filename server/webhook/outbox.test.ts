import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LIMITS } from '../../shared/limits.ts';
import { type Delivery, type Outbox, type OutboxEffect, type OutboxEvent, outboxOf, stepOutbox } from './outbox.ts';

const delivery = (name: string, at = 0): Delivery => ({ id: name, at, body: name });
const happened = (name: string, at = 0): OutboxEvent => ({ kind: 'happened', delivery: delivery(name, at), at });
const answered = (id: string, ok: boolean, at = 0): OutboxEvent => ({ kind: 'answered', id, ok, at });

/** Each effect in two words, after all of these events. */
function resulting(...events: readonly OutboxEvent[]): { readonly state: Outbox; readonly said: readonly string[] } {
  let state = outboxOf([]);
  const said: string[] = [];
  for (const event of events) {
    const step = stepOutbox(state, event);
    state = step.state;
    said.push(...step.effects.map(inWords));
  }
  return { state, said };
}
const inWords = (effect: OutboxEffect): string =>
  effect.kind === 'wake'
    ? `wake ${effect.at}`
    : `${effect.kind} ${effect.delivery.id}${effect.kind === 'lost' ? ` ${effect.why}` : ''}`;

describe('the outbox of a webhook', () => {
  it('sends one at a time, in order', () => {
    expect(resulting(happened('a'), happened('b'), happened('c')).said).toEqual(['send a']);
    const all = [happened('a'), happened('b'), answered('a', true), answered('b', true), happened('c')];
    expect(resulting(...all).said).toEqual(['send a', 'send b', 'send c']);
  });

  it('tries the first again after 5 s, then after twice the time each, an hour at most', () => {
    let { state } = resulting(happened('a'));
    const rests: number[] = [];
    for (let at = 0; rests.length < 13; ) {
      const failed = stepOutbox(state, answered('a', false, at));
      const [wake] = failed.effects;
      if (wake?.kind !== 'wake') throw new Error('no rest');
      rests.push((wake.at - at) / 1000);
      at = wake.at;
      const again = stepOutbox(failed.state, { kind: 'tick', at });
      expect(again.effects).toEqual([{ kind: 'send', delivery: delivery('a') }]);
      state = again.state;
    }
    expect(rests).toEqual([5, 10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600, 3600]);
  });

  it('rests to its time, whoever wakes it before and whatever happens meanwhile', () => {
    const rested = resulting(happened('a'), answered('a', false, 0), happened('b', 1), { kind: 'tick', at: 4_999 });
    expect(rested.said).toEqual(['send a', 'wake 5000', 'wake 5000']);
    expect(stepOutbox(rested.state, { kind: 'tick', at: 5_000 }).effects).toEqual([
      { kind: 'send', delivery: delivery('a') },
    ]);
  });

  it('gives up after a day what was tried in vain, and not what was never tried', () => {
    const down = resulting(happened('a'), happened('b', 10), answered('a', false, 0));
    const at = LIMITS.webhookKeptMs + 5;
    const step = stepOutbox(down.state, { kind: 'tick', at });
    expect(step.effects.map(inWords)).toEqual(['lost a old', 'send b']);
    const asleep = outboxOf([delivery('a')]);
    expect(stepOutbox(asleep, { kind: 'tick', at: 10 * LIMITS.webhookKeptMs }).effects.map(inWords)).toEqual([
      'send a',
    ]);
  });

  it('makes room for the newest, and keeps what is on its way', () => {
    let { state } = resulting(happened('first'));
    for (let at = 1; at < LIMITS.webhooksWaitingCount; at++) state = stepOutbox(state, happened(`${at}`)).state;
    const full = stepOutbox(state, happened('one more'));
    expect(full.effects.map(inWords)).toEqual(['lost 1 full']);
    expect(full.state.waiting).toHaveLength(LIMITS.webhooksWaitingCount);
    expect(full.state.waiting.at(0)?.id).toBe('first');
    expect(full.state.waiting.at(-1)?.id).toBe('one more');
  });

  it('knows an event that it has, and an answer that is not the one it waits for', () => {
    expect(resulting(happened('a'), happened('a')).state.waiting).toHaveLength(1);
    expect(resulting(happened('a'), answered('b', true)).state.waiting).toHaveLength(1);
    expect(resulting(happened('a'), answered('a', false), answered('a', true)).state.waiting).toHaveLength(1);
  });

  it('whatever comes: never two on their way, nothing is sent after it was taken, nothing vanishes', () => {
    const event = fc.record({
      kind: fc.constantFrom('happened', 'good', 'bad', 'tick', 'restart'),
      name: fc.integer({ min: 0, max: 30 }),
      afterMs: fc.constantFrom(0, 1, 5_000, 3_600_000),
    });
    fc.assert(
      fc.property(fc.array(event, { maxLength: 200 }), (events) => {
        let state = outboxOf([]);
        let at = 0;
        let underWay: string | null = null;
        const told = new Set<string>();
        const gone = new Set<string>();
        for (const { kind, name, afterMs } of events) {
          at += afterMs;
          if (kind === 'restart') {
            state = outboxOf(state.waiting);
            underWay = null;
            continue;
          }
          const isFresh = kind === 'happened' && !told.has(`${name}`);
          if (kind === 'happened' && !isFresh) continue;
          if (isFresh) told.add(`${name}`);
          const answer = kind === 'good' || kind === 'bad';
          if (answer && underWay === null) continue;
          const step = stepOutbox(
            state,
            answer
              ? answered(underWay as string, kind === 'good', at)
              : kind === 'tick'
                ? { kind, at }
                : happened(`${name}`, at),
          );
          if (kind === 'good') gone.add(underWay as string);
          if (answer) underWay = null;
          state = step.state;
          for (const effect of step.effects) {
            if (effect.kind === 'lost') gone.add(effect.delivery.id);
            if (effect.kind !== 'send') continue;
            expect(underWay).toBe(null);
            expect(gone.has(effect.delivery.id)).toBe(false);
            underWay = effect.delivery.id;
          }
        }
        expect(new Set([...state.waiting.map(({ id }) => id), ...gone])).toEqual(told);
      }),
    );
  });
});
