import fc from 'fast-check';
import { expect, test } from 'vitest';
import { REJECTION_REASONS } from '../../shared/errors.ts';
import type { ClientId } from '../../shared/ids.ts';
import {
  type BufferPolicy,
  endingParts,
  type FillEvent,
  type FillPart,
  type FillState,
  fillWakeAt,
  openFill,
  stepFill,
} from './buffer.ts';
import { tally } from './round.ts';

const CLIENTS = 6;
const clientId = fc
  .integer({ min: 0, max: CLIENTS - 1 })
  .map((number) => number.toString(16).padStart(32, '0') as ClientId);
const slot = fc.integer({ min: 0, max: CLIENTS + 2 });

const policy: fc.Arbitrary<BufferPolicy> = fc
  .record({
    size: fc.integer({ min: 1, max: 4 }),
    minimum: fc.integer({ min: 1, max: 4 }),
    maximumStaleness: fc.integer({ min: 0, max: 3 }),
    concurrency: fc.integer({ min: 1, max: 5 }),
  })
  .map((drawn) => ({ ...drawn, minimum: Math.min(drawn.minimum, drawn.size), reportingDeadlineMs: 5_000 }));

const event = fc.record({
  waitMs: fc.oneof(
    { weight: 9, arbitrary: fc.integer({ min: 0, max: 200 }) },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: 6_000 }) },
  ),
  what: fc.oneof(
    { weight: 16, arbitrary: fc.record({ kind: fc.constant('available'), clientId, online: fc.constant(CLIENTS) }) },
    // One that is open, in two steps.
    { weight: 16, arbitrary: fc.record({ kind: fc.constant('report'), slot }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('unavailable'), clientId }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('away', 'back', 'gone', 'withdrawn'), slot }) },
    { weight: 10, arbitrary: fc.record({ kind: fc.constantFrom('checked', 'stored', 'stored', 'unstored'), slot }) },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant('rejected'), slot, reason: fc.constantFrom(...REJECTION_REASONS) }),
    },
    { weight: 2, arbitrary: fc.constant({ kind: 'tick' }) },
    { weight: 1, arbitrary: fc.constantFrom({ kind: 'stop' }, { kind: 'failed' }) },
  ),
});

const trace = fc.record({
  options: policy,
  seed: fc.integer({ min: 0, max: 0xffffffff }),
  events: fc.array(event, { maxLength: 150, size: 'max' }),
  commits: fc.boolean(),
});

/** Fills one after the other, as a task has them: what is committed and what is abandoned of all that was accepted. */
class Chain {
  readonly options: BufferPolicy;
  readonly commits: boolean;
  readonly seed: number;
  version = 0;
  at = 1_000;
  state: FillState;
  /** A part's name: its place in its first fill. */
  names: string[] = [];
  fills = 0;
  readonly ended = new Map<string, string>();
  readonly counted: string[] = [];
  readonly versions: number[] = [];
  readonly abandoned: string[] = [];

  constructor(options: BufferPolicy, seed: number, commits: boolean) {
    this.options = options;
    this.commits = commits;
    this.seed = seed;
    this.state = this.#open([], []);
  }

  take(event: FillEvent): void {
    const before = this.state;
    const { state, effects } = stepFill(before, event);
    this.state = state;
    this.#name();
    this.#check(before);
    for (const effect of effects) {
      if (effect.kind === 'join')
        for (const joined of effect.slots) expect(state.parts[joined]).toMatchObject({ baseVersion: this.version });
      if (effect.kind === 'abandon') this.#end();
    }
  }

  report(pick: number): void {
    const open = this.state.parts.flatMap(({ standing }, slot) => (standing === 'open' ? [slot] : []));
    const slot = open[pick % Math.max(1, open.length)];
    if (slot === undefined) return;
    for (const kind of ['checked', 'stored'] as const) this.take({ kind, slot, at: this.at });
  }

  /** What the task does of itself: it stores nothing and commits what is to be committed. */
  answer(): void {
    if (this.state.phase !== 'aggregating') return;
    expect(tally(this.state.parts).storing).toBe(0);
    const goesOn = this.fills % 4 !== 3;
    this.take({ kind: 'settle', goesOn, at: this.at });
    this.take(
      this.commits ? { kind: 'committed', version: this.version + 1, at: this.at } : { kind: 'failed', at: this.at },
    );
    const { phase } = this.state as FillState;
    if (phase === 'ended' && this.commits) this.#end();
  }

  #end(): void {
    const { state } = this;
    if (state.phase !== 'ended') throw new Error('an effect of an end that did not end');
    const carried = new Set(state.carried);
    const ending = endingParts(state);
    expect(ending.length + carried.size).toBe(state.parts.length);
    expect(tally(ending)).toMatchObject({ open: 0, storing: 0 });
    state.parts.forEach(({ standing }, slot) => {
      if (carried.has(slot)) return;
      const name = this.names[slot]!;
      expect(this.ended.has(name)).toBe(false);
      this.ended.set(name, standing);
      if (standing === 'accepted') (state.outcome.kind === 'committed' ? this.counted : this.abandoned).push(name);
    });
    const kept: FillPart[] = state.carried.map((slot) => state.parts[slot]!);
    const names = state.carried.map((slot) => this.names[slot]!);
    if (state.outcome.kind === 'committed') {
      const accepted = state.parts.filter(({ standing }) => standing === 'accepted');
      expect(accepted.length).toBeLessThanOrEqual(this.options.size);
      expect(new Set(accepted.map(({ clientId }) => clientId)).size).toBeGreaterThanOrEqual(this.options.minimum);
      for (const { baseVersion } of accepted)
        expect(this.version - baseVersion).toBeLessThanOrEqual(this.options.maximumStaleness);
      this.version += 1;
      this.versions.push(this.version);
    } else expect(kept).toEqual([]);
    this.fills += 1;
    this.names = names;
    this.state = this.#open(kept, state.waiting);
  }

  #open(carried: readonly FillPart[], waiting: readonly ClientId[]): FillState {
    const { options: policy, seed, version, at } = this;
    const opened = openFill({ policy, seed: seed + this.fills, version, carried, waiting, at }).state;
    this.state = opened;
    this.#name();
    return opened;
  }

  #name(): void {
    while (this.names.length < this.state.parts.length) this.names.push(`${this.fills}/${this.names.length}`);
  }

  #check(before: FillState): void {
    const { parts } = this.state;
    const { open, storing, accepted } = tally(parts);
    expect(open + storing).toBeLessThanOrEqual(this.options.concurrency);
    expect(accepted + storing).toBeLessThanOrEqual(this.options.size);
    const pending = parts.filter(({ standing }) => standing === 'open' || standing === 'storing');
    expect(new Set(pending.map(({ clientId }) => clientId)).size).toBe(pending.length);
    before.parts.forEach((part, slot) => {
      const { standing } = parts[slot]!;
      if (part.standing === 'open' || part.standing === 'storing' || standing === part.standing) return;
      expect([part.standing, standing]).toEqual(['accepted', 'dropped']);
    });
  }
}

test('B1 B2 B3 B4 B5 B9 any chain of fills: versions are dense, each accepted report counts once or is told why not, never too many train', () => {
  let counted = 0;
  let carried = 0;
  fc.assert(
    fc.property(trace, ({ options, seed, events, commits }) => {
      const chain = new Chain(options, seed, commits);
      for (const { waitMs, what } of events) {
        chain.at += waitMs;
        if (what.kind === 'report') chain.report(what.slot);
        else chain.take({ ...what, at: chain.at } as FillEvent);
        // The commit comes a little later, with whatever happened in between.
        if (waitMs % 2 === 0) chain.answer();
        carried += chain.names.filter((name) => !name.startsWith(`${chain.fills}/`)).length;
      }
      // Now only time passes: every fill ends, and so does the last part.
      for (let fills = chain.fills, turns = 0; chain.fills < fills + 3; turns++) {
        expect(turns).toBeLessThan(100);
        const wake = fillWakeAt(chain.state);
        if (wake !== null) {
          chain.at = Math.max(chain.at, wake);
          chain.take({ kind: 'tick', at: chain.at });
        }
        chain.state.parts.forEach(({ standing }, slot) => {
          if (standing === 'storing') chain.take({ kind: commits ? 'stored' : 'unstored', slot, at: chain.at });
        });
        chain.answer();
      }
      expect(chain.versions).toEqual(chain.versions.map((_, index) => index + 1));
      expect(new Set([...chain.counted, ...chain.abandoned]).size).toBe(chain.counted.length + chain.abandoned.length);
      expect([...chain.counted, ...chain.abandoned].every((name) => chain.ended.get(name) === 'accepted')).toBe(true);
      if (!commits) expect(chain.counted).toEqual([]);
      counted += chain.counted.length;
    }),
    { numRuns: 400 },
  );
  // The traces reach what they are for.
  expect(counted).toBeGreaterThan(500);
  expect(carried).toBeGreaterThan(500);
});

test('B8 B9 a tick at the time that a fill asked for always moves it, and none before', () => {
  fc.assert(
    fc.property(trace, ({ options, seed, events }) => {
      let at = 1_000;
      let { state } = openFill({ policy: options, seed, version: 0, carried: [], waiting: [], at });
      for (const { waitMs, what } of events) {
        at += waitMs;
        const kind = what.kind === 'report' ? 'checked' : what.kind;
        state = stepFill(state, { ...what, kind, at } as FillEvent).state;
        const wake = fillWakeAt(state);
        if (wake === null) continue;
        expect(wake).toBeGreaterThan(at);
        expect(stepFill(state, { kind: 'tick', at: wake - 1 })).toEqual({ state, effects: [] });
        expect(stepFill(state, { kind: 'tick', at: wake }).state).not.toEqual(state);
      }
    }),
    { numRuns: 500 },
  );
});
