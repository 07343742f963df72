import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AssignmentToken, ClientId } from '../../shared/ids.ts';
import { LIMITS } from '../../shared/limits.ts';
import { crc32 } from '../../shared/wire/chunk.ts';
import { Rig } from './fakes/rig.ts';
import type { TestClient } from './fakes/test-client.ts';

/** Each bad thing goes to one server that has an honest client with an upload under way: that one must not notice. */

const token = 'a1'.repeat(16) as AssignmentToken;
const hash = '0b'.repeat(32);
const metrics = { lossBefore: null, lossAfter: null, accuracyBefore: null, accuracyAfter: null, trainingMs: 0 };
const begin = { token, bytes: 96 + 199_210 * 4, sha256: hash, metrics };
const chunk = new Uint8Array(LIMITS.chunkBytes).fill(9);
const good: Readonly<Record<string, unknown[]>> = {
  'check-in': [{ examples: 1, backend: 'cpu', held: null }],
  'check-out': [{}],
  resume: [{ token }],
  'report-begin': [begin],
  'report-chunk': [{ token, index: 0, crc32: 0 }, new Uint8Array(3)],
  'report-end': [{ token }],
  progress: [{ token, phase: 'training', share: 0.5 }],
  forget: [{}],
};
const events = Object.keys(good);

let rig: Rig;
let honest: TestClient;
let honestId: ClientId;
beforeAll(async () => {
  rig = await Rig.start({ joinsPerAddressPerSecond: 100_000, socketsPerAddress: 100_000 });
  const joined = await rig.join();
  honest = joined.client;
  honestId = joined.clientId;
  rig.coordinator.assign(honestId, token);
  expect(await honest.ask('report-begin', begin)).toMatchObject({ ok: true });
});
afterAll(() => rig.close());

/** The server lives, the honest upload goes on, and nothing was logged as our fault. */
async function allIsWell(): Promise<void> {
  expect(await honest.ask('report-chunk', { token, index: 1, crc32: crc32(chunk) }, chunk)).toEqual({ ok: true });
  expect(honest.socket.connected).toBe(true);
  expect(rig.errors).toEqual([]);
  expect(({} as { polluted?: unknown }).polluted).toBe(undefined);
}

const deep = (levels: number): unknown => JSON.parse(`${'['.repeat(levels)}${']'.repeat(levels)}`);
const wrongValues: readonly unknown[] = [
  null,
  0,
  -1,
  true,
  'text',
  '',
  [],
  [[]],
  { token: { length: 32 } },
  { token: [token] },
  { token: null },
  JSON.parse('{"__proto__":{"token":"x"}}'),
  JSON.parse(`{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"token":7}`),
  { toString: 'x', valueOf: 'y', hasOwnProperty: 'z' },
  deep(2_000),
  'x'.repeat(10_000),
];

const wrongFields: readonly unknown[] = [
  true,
  'text',
  '',
  [],
  [[]],
  { a: 1 },
  { toString: 1 },
  -1,
  1e300,
  '0',
  deep(200),
];

describe('threat C11: P9: malformed events are refused, and the session goes on', () => {
  it.each(events)('%s', async (event) => {
    const { client } = await rig.join();
    const message = good[event]?.[0] as object;
    const bytes = good[event]?.slice(1) ?? [];
    const isEmpty = Object.keys(message).length === 0;
    const bad: unknown[][] = [
      [],
      ...wrongValues
        .filter((value) => !isEmpty || typeof value !== 'object' || value === null)
        .map((value) => [value, ...bytes]),
      ...Object.keys(message).map((key) => [{ ...message, [key]: undefined }, ...bytes]),
      ...Object.keys(message).flatMap((key) => wrongFields.map((value) => [{ ...message, [key]: value }, ...bytes])),
      [message, ...bytes, 'one too many'],
      [message, ...bytes, message],
      ...(bytes.length > 0
        ? [[message], [message, 'text'], [message, [1, 2]], [message, null], [bytes[0], message]]
        : [[message, new Uint8Array(2)]]),
    ];
    for (const args of bad) {
      const answer = await client.ask(event, ...args);
      expect([event, args, answer]).toEqual([
        event,
        args,
        expect.objectContaining({ ok: false, reason: 'bad-message' }),
      ]);
    }
    expect(client.socket.connected).toBe(true);
    await allIsWell();
  });

  it('without an ack they have no effect', async () => {
    const { client, clientId } = await rig.join();
    for (const event of events) if (event !== 'progress') client.socket.emit(event, ...(good[event] ?? []));
    expect(await client.ask('check-out', {})).toEqual({ ok: true });
    expect(rig.coordinator.calls.filter(([, , id]) => id === clientId)).toEqual([['checkOut', 'digits', clientId]]);
    await allIsWell();
  });

  it('under names that nobody knows', async () => {
    const { client } = await rig.join();
    for (const event of [
      '',
      'constructor',
      '__proto__',
      'toString',
      'hasOwnProperty',
      'error',
      'welcome',
      'x'.repeat(9_000),
    ])
      expect([event, await client.ask(event, {})]).toEqual([event, expect.objectContaining({ reason: 'bad-message' })]);
    await allIsWell();
  });

  it('for an assignment of somebody else they are refused `not-assigned`, and its upload stays', async () => {
    const { client } = await rig.join();
    for (const event of ['report-begin', 'report-chunk', 'report-end'])
      expect(await client.ask(event, ...(good[event] ?? []))).toMatchObject({ ok: false, reason: 'not-assigned' });
    await allIsWell();
  });

  it('P23: chunks of impossible index or size are refused `chunk`, in any order and number', async () => {
    for (const index of [4, 5, 1_526, 65_535])
      expect(await honest.ask('report-chunk', { token, index, crc32: 0 }, new Uint8Array(1))).toMatchObject({
        reason: 'chunk',
      });
    for (const bytes of [0, 1, LIMITS.chunkBytes - 1, LIMITS.chunkBytes + 1, LIMITS.chunkBytes + 15_000])
      expect(await honest.ask('report-chunk', { token, index: 0, crc32: 0 }, new Uint8Array(bytes))).toMatchObject({
        reason: 'chunk',
      });
    expect(await honest.ask('report-end', { token })).toMatchObject({ reason: 'chunk' });
    await allIsWell();
  });
});

describe('threat C11: P11: what is no packet, or too large, closes the connection and nothing else', () => {
  const oversized = `2["check-in",{"examples":"${'x'.repeat(LIMITS.controlMessageBytes)}"}]`;
  const nested = `51-["report-chunk",${'['.repeat(7_000)}${']'.repeat(7_000)},{"_placeholder":true,"num":0}]`;
  const closing: [what: string, packets: (string | Uint8Array)[]][] = [
    ['an unknown packet type', ['9["x"]']],
    ['no packet type', ['["x"]']],
    ['an event without data', ['2{}']],
    ['an event whose name is an object', ['2[{}]']],
    ['a reserved event', ['2["disconnect"]']],
    ['another reserved event', ['2["newListener",1]']],
    ['JSON that stops', ['2["check-in",{']],
    ['JSON of 16 KiB and more', [oversized]],
    ['two attachments', ['52-["report-chunk",{},{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]']],
    ['a million attachments', ['51000000-["report-chunk",{}]']],
    ['minus one attachment', ['5-1-["report-chunk",{}]']],
    ['no number of attachments', ['5x-["report-chunk",{}]']],
    [
      'an attachment that was announced and is text',
      ['51-["report-chunk",{"_placeholder":true,"num":0}]', '2["check-out",{}]'],
    ],
    ['a placeholder out of range', ['51-["report-chunk",{},{"_placeholder":true,"num":7}]', new Uint8Array(1)]],
    ['a placeholder below range', ['51-["report-chunk",{},{"_placeholder":true,"num":-1}]', new Uint8Array(1)]],
    ['bytes out of the blue', [new Uint8Array(8)]],
    [
      'an attachment above the limit',
      ['51-["report-chunk",{},{"_placeholder":true,"num":0}]', new Uint8Array(300_000)],
    ],
    ['a second handshake', ['0{"secret":"x"}']],
    ['a handshake error of its own', ['4{"message":"x"}']],
    ['an event in a namespace it is not in', ['2/admin,["live"]']],
  ];
  it.each(closing)('%s', async (_, packets) => {
    const { client } = await rig.join();
    client.raw(...packets);
    await client.next('disconnect');
    await allIsWell();
  });

  it('deep nesting, or an impossible number, ends in a refusal or in a closed connection', async () => {
    const { client } = await rig.join();
    client.raw(nested, new Uint8Array(3));
    client.raw(`2${'9'.repeat(400)}["check-out",{}]`); // its ack has a number that is none
    client.raw(`2["check-in",${'{"a":'.repeat(2_700)}1${'}'.repeat(2_700)}]`);
    await Promise.race([client.ask('check-out', {}).catch(() => {}), client.next('disconnect')]);
    await allIsWell();
  });

  const harmless: [what: string, packets: (string | Uint8Array)[]][] = [
    ['an ack that nobody asked for', ['30[]', '3999999999["x"]', '399999999999999999999999999[]']],
    ['events whose name is a number', ['2[7,{}]', '2[-1]']],
    ['an event and nothing else', ['2["check-in"]']],
    ['attachments that no argument refers to', ['51-["report-chunk",{},"x"]', new Uint8Array(1)]],
    ['a placeholder that is not one', ['2["report-chunk",{},{"_placeholder":true,"num":0}]']],
    ['namespaces that do not exist', Array.from({ length: 200 }, (_, at) => `0/n${at},{}`)],
    ['a ticket that does not exist', ['0/admin,{"ticket":"x"}']],
  ];
  it.each(harmless)('but %s is harmless', async (_, packets) => {
    const { client } = await rig.join();
    client.raw(...packets);
    expect(await client.ask('check-out', {})).toEqual({ ok: true });
    await allIsWell();
  });

  it('threat C8: an attachment that never comes pins no more than its announcement', async () => {
    const stalled = await Promise.all(Array.from({ length: 20 }, () => rig.join()));
    for (const { client } of stalled) client.raw('51-["report-chunk",{},{"_placeholder":true,"num":0}]');
    await allIsWell();
    for (const { client } of stalled) client.raw(new Uint8Array(1));
    for (const { client } of stalled) expect(await client.ask('check-out', {})).toEqual({ ok: true });
  });
});

it('threat C12: whatever text or bytes come, the server lives', async () => {
  const packet = fc.oneof(
    fc.string({ maxLength: 200 }),
    fc.uint8Array({ maxLength: 200 }),
    fc
      .tuple(fc.constantFrom('0', '1', '2', '3', '5', '51-', '21', '61-'), fc.json())
      .map(([type, json]) => `${type}${json}`),
    fc
      .tuple(fc.constantFrom(...events), fc.array(fc.json(), { maxLength: 3 }))
      .map(([event, args]) => `27["${event}"${args.map((arg) => `,${arg}`).join('')}]`),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(packet, { minLength: 1, maxLength: 8 }), async (packets) => {
      const client = rig.connect();
      await client.next('welcome');
      client.raw(...packets);
      await Promise.race([client.ask('check-out', {}).catch(() => {}), client.next('disconnect').catch(() => {})]);
      client.close();
    }),
    { numRuns: 150, timeout: 20_000 },
  );
  await allIsWell();
}, 60_000);

it('and the honest client’s report is accepted in the end', async () => {
  for (const index of [0, 2]) await honest.ask('report-chunk', { token, index, crc32: crc32(chunk) }, chunk);
  const last = new Uint8Array(begin.bytes - 3 * LIMITS.chunkBytes);
  await honest.ask('report-chunk', { token, index: 3, crc32: crc32(last) }, last);
  expect(await honest.ask('report-end', { token })).toMatchObject({ ok: true, receipt: { status: 'accepted' } });
});
