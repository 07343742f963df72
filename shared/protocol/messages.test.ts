import fc from 'fast-check';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { REFUSAL_REASONS } from '../errors.ts';
import {
  assignmentSchema,
  checkInSchema,
  drainingSchema,
  emptySchema,
  handshakeSchema,
  okAckSchema,
  progressSchema,
  refusalSchema,
  reportBeginAckSchema,
  reportBeginSchema,
  reportChunkSchema,
  reportEndAckSchema,
  reportEndSchema,
  reportMetricsSchema,
  resumeAckSchema,
  resumeSchema,
  retrySchema,
  roundEndSchema,
  statusSchema,
  weightsSchema,
} from './messages.ts';

const hex32 = '0123456789abcdef0123456789abcdef';
const hex64 = hex32 + hex32;
const metrics = { lossBefore: 2.3, lossAfter: null, accuracyBefore: 0, accuracyAfter: 1, trainingMs: 12 };
const receipt = { updateId: hex32, round: 1, status: 'accepted', order: 1 };
const assignment = {
  round: 1,
  token: hex32,
  updateId: hex32,
  slot: 0,
  cohort: 3,
  base: { version: 0, sha256: hex64, bytes: 12 },
  delivery: 'broadcast',
  seed: 4_294_967_295,
  remainingMs: 120_000,
};
const counts = { waiting: 0, downloading: 0, training: 1, uploading: 0, done: 0, dropped: 0 };
const status = {
  state: 'running',
  version: 0,
  sha256: hex64,
  metrics: { accuracy: 0.1, loss: 2.3 },
  online: 3,
  roundsLeft: 9,
  round: {
    number: 1,
    phase: 'reporting',
    available: 3,
    goal: 3,
    selected: 3,
    accepted: 0,
    endsInMs: 1_000,
    members: [{ slot: 0, state: 'training', share: 0.5 }],
    counts,
  },
};

/** Every message with one that is well-formed, and what must not pass: patches of it. */
const messages: readonly [name: string, schema: v.GenericSchema, good: object, bad: readonly object[]][] = [
  [
    'handshake',
    handshakeSchema,
    { protocol: { min: 1, max: 1 }, secret: hex32 },
    [
      { protocol: undefined },
      { protocol: 1 },
      { protocol: { min: '1', max: 1 } },
      { protocol: { min: -1, max: 1 } },
      { protocol: { min: 1, max: 1.5 } },
      { secret: undefined },
      { secret: hex64 },
      { secret: hex32.toUpperCase() },
      { secret: `${hex32}\n` },
      { secret: [hex32] },
      { joinToken: 7 },
      { joinToken: 'x'.repeat(129) },
      { software: 'x'.repeat(81) },
      { connection: 1 },
      { connection: { of: hex32, number: 1 } },
      { connection: { of: hex32.slice(16), number: -1 } },
    ],
  ],
  [
    'check-in',
    checkInSchema,
    { examples: 600, backend: 'webgl', held: null },
    [
      { examples: -1 },
      { examples: 0.5 },
      { examples: 1_000_001 },
      { examples: '600' },
      { backend: 'constructor' },
      { held: undefined },
      { held: hex32 },
      { held: `${hex64}0` },
    ],
  ],
  ['resume', resumeSchema, { token: hex32 }, [{ token: '' }, { token: 7 }, { token: hex64 }, { token: null }]],
  [
    'report-begin',
    reportBeginSchema,
    { token: hex32, bytes: 108, sha256: hex64, metrics },
    [
      { bytes: -1 },
      { bytes: 1.5 },
      { bytes: '108' },
      { bytes: 2 ** 53 },
      { sha256: hex32 },
      { metrics: null },
      { metrics: { ...metrics, lossBefore: 'low' } },
      { metrics: { ...metrics, accuracyAfter: 1.01 } },
      { metrics: { ...metrics, trainingMs: -1 } },
      { metrics: { ...metrics, lossAfter: undefined } },
    ],
  ],
  [
    'report-chunk',
    reportChunkSchema,
    { token: hex32, index: 0, crc32: 0xffffffff },
    [{ index: -1 }, { index: 65_536 }, { index: '0' }, { crc32: 2 ** 32 }, { crc32: -1 }, { crc32: null }],
  ],
  ['report-end', reportEndSchema, { token: hex32 }, [{ token: undefined }, { token: {} }]],
  [
    'progress',
    progressSchema,
    { token: hex32, phase: 'training', share: 0.5 },
    [{ phase: 'sleeping' }, { share: 1.1 }, { share: -0.1 }, { share: Number.NaN }, { share: '1' }],
  ],
  ['empty', emptySchema, {}, []],
  [
    'assign',
    assignmentSchema,
    assignment,
    [
      { delivery: 'ftp' },
      { base: { version: 0, sha256: hex32, bytes: 12 } },
      { base: { version: 0, sha256: hex64, bytes: 400_004_097 } },
      { seed: 2 ** 32 },
      { remainingMs: -1 },
    ],
  ],
  ['weights', weightsSchema, { version: 0, sha256: hex64, bytes: 1_048_576 }, [{ bytes: 1_048_577 }, { version: -1 }]],
  [
    'status',
    statusSchema,
    status,
    [
      { state: 'dreaming' },
      { round: { ...status.round, members: Array(61).fill(status.round.members[0]) } },
      { round: { ...status.round, counts: {} } },
      { metrics: { accuracy: 2, loss: 1 } },
    ],
  ],
  [
    'round',
    roundEndSchema,
    { number: 1, outcome: 'committed', version: 1, sha256: hex64, accepted: 3, yours: 'accepted' },
    [{ yours: 'ignored' }, { outcome: 'lost' }, { reason: 'bored' }, { yours: undefined }],
  ],
  ['retry', retrySchema, { round: 1, afterMs: 0, beforeMs: 10 }, [{ afterMs: -1 }, { beforeMs: 0.5 }]],
  ['draining', drainingSchema, { retryAfterMs: 1_000 }, [{ retryAfterMs: '1000' }]],
  [
    'refused',
    refusalSchema,
    { ok: false, reason: 'replaced', message: 'a newer session took over' },
    [{ ok: true }, { reason: 'because' }, { reason: 'constructor' }, { message: 7 }, { retryAfterMs: -1 }],
  ],
  ['ack of check-in', okAckSchema, { ok: true }, [{ ok: 'yes' }, { ok: undefined }, { ok: false }]],
  ['ack of resume', resumeAckSchema, { ok: true, assignment, receipt: null }, [{ assignment: {} }, { receipt: {} }]],
  [
    'ack of report-begin',
    reportBeginAckSchema,
    { ok: true, received: [0, 3], receipt: null },
    [{ received: [-1] }, { received: 'all' }, { receipt: { ...receipt, status: 'lost' } }],
  ],
  ['ack of report-end', reportEndAckSchema, { ok: true, receipt }, [{ receipt: null }, { receipt: {} }]],
];

describe.each(messages)('%s', (_, schema, good, bad) => {
  it('is taken as it is', () => expect(v.parse(schema, good)).toEqual(good));

  it('P10: loses keys that nobody knows', () => {
    expect(v.parse(schema, { ...good, futureKey: { a: 1 } })).toEqual(good);
  });

  it('threat C11: P10: takes nothing from a prototype', () => {
    const tricky = JSON.parse(`{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}`);
    const parsed = v.parse(schema, { ...good, ...tricky, constructor: tricky.constructor }) as object;
    expect(Object.keys(parsed).sort()).toEqual(Object.keys(good).sort());
    expect(Object.hasOwn(parsed, 'constructor')).toBe(false);
    expect(({} as { polluted?: boolean }).polluted).toBe(undefined);
  });

  it.each(
    bad.map((patch) => [JSON.stringify(patch, (_key, value) => (value === undefined ? 'absent' : value)), patch]),
  )('P9: not with %s', (_name, patch) => {
    expect(v.safeParse(schema, { ...good, ...(patch as object) }).success).toBe(false);
  });

  it('P9: nothing else passes, and nothing throws', () => {
    const anything = fc.anything({
      withBigInt: true,
      withNullPrototype: true,
      withSparseArray: true,
      withTypedArray: true,
    });
    fc.assert(
      fc.property(anything, (value) => {
        const isObject = typeof value === 'object' && value !== null;
        const { success } = v.safeParse(schema, value);
        expect(success && !isObject).toBe(false);
        expect(success).toBe(isObject && Object.keys(good).length === 0);
      }),
    );
  });
});

it('P47 P48: an assignment may offer control variates, and metrics may say that one was lost', () => {
  const offers = [
    { sum: null, contributors: 3, counted: null },
    { sum: { sha256: hex64, bytes: 12 }, contributors: 3, counted: hex32 },
  ];
  for (const control of offers)
    expect(v.parse(assignmentSchema, { ...assignment, control })).toEqual({ ...assignment, control });
  for (const control of [{}, { ...offers[1], counted: 7 }, { ...offers[1], sum: { sha256: hex64, bytes: 1e12 } }])
    expect(v.is(assignmentSchema, { ...assignment, control })).toBe(false);
  expect(v.parse(reportMetricsSchema, { ...metrics, controlLost: true })).toEqual({ ...metrics, controlLost: true });
  expect(v.is(reportMetricsSchema, { ...metrics, controlLost: 1 })).toBe(false);
});

describe('P9: what has one key too few', () => {
  it.each(messages.filter(([, , good]) => Object.keys(good).length > 0))('%s is not well-formed', (_, schema, good) => {
    const optional = ['version', 'sha256'];
    for (const key of Object.keys(good)) {
      if (schema === roundEndSchema && optional.includes(key)) continue;
      const short = Object.fromEntries(Object.entries(good).filter(([other]) => other !== key));
      expect([key, v.safeParse(schema, short).success]).toEqual([key, false]);
    }
  });
});

it('P9: every reason of the closed list can be told, in every ack', () => {
  for (const reason of REFUSAL_REASONS)
    for (const schema of [okAckSchema, resumeAckSchema, reportBeginAckSchema, reportEndAckSchema])
      expect(v.parse(schema, { ok: false, reason, message: 'no' })).toEqual({ ok: false, reason, message: 'no' });
});
