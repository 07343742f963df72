import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { refuse } from '../../shared/errors.ts';
import { sha256Hex } from '../../shared/hash.ts';
import type { TaskId } from '../../shared/ids.ts';
import type { Participation } from '../../shared/protocol/index.ts';
import { secureRng } from '../../shared/rng.ts';
import { fromBytes, toBytes } from '../../shared/weights/vector.ts';
import { readFrameHeader } from '../../shared/wire/frame.ts';
import { makeStep, takeSteps } from '../../shared/wire/step.ts';
import { createFederatedClient } from './client.ts';
import { hashed } from './digest.ts';
import { LoopbackServer } from './fakes/loopback-server.ts';
import { backend, participation, sha256Of } from './fakes/play.ts';
import { ScriptedTrainer, trainedTo } from './fakes/scripted-trainer.ts';
import { SettlingClock, settle, withoutWebCrypto } from './fakes/settling-clock.ts';
import { memorySecrets } from './node.ts';
import type { ClientPorts, Encoder, SecretStore } from './ports.ts';
import { memoryStores, reportEncoder } from './report-encoder.ts';
import { byStepsTo } from './steps.ts';
import type { ClientView, FederatedClient, ParticipationState } from './view.ts';

beforeAll(() => void vi.stubGlobal('crypto', withoutWebCrypto));
afterAll(() => void vi.unstubAllGlobals());

const task = 'digits' as TaskId;
const params = new Float32Array([0.5, 1, 1.5]);
const bytes = toBytes(params);
const base = { version: 3, sha256: sha256Hex(bytes), bytes: 12 };

interface World {
  readonly client: FederatedClient;
  readonly server: LoopbackServer;
  readonly trainer: ScriptedTrainer;
  readonly clock: SettlingClock;
  readonly secrets: SecretStore;
  readonly fetched: string[];
  /** States as listeners saw them, without repeats. */
  readonly states: ParticipationState[];
  readonly views: ClientView[];
  hold(held: boolean): void;
  readonly isReleased: () => boolean;
}

function world(more: Partial<ClientPorts> = {}, joinToken?: string): World {
  const server = new LoopbackServer();
  const trainer = new ScriptedTrainer();
  const clock = new SettlingClock();
  const secrets = more.secrets ?? memorySecrets();
  const fetched: string[] = [];
  let tell: (held: boolean) => void = () => {};
  let isReleased = true;
  const client = createFederatedClient({
    server: 'http://loopback',
    task,
    joinToken,
    backend: 'webgl',
    ports: {
      clock,
      random: secureRng,
      trainer,
      secrets,
      transport: server,
      examples: () => trainer.examples(),
      lock: {
        request: (_task, onChange) => {
          tell = onChange;
          isReleased = false;
          onChange(true);
          return () => {
            isReleased = true;
          };
        },
      },
      weights: {
        fetch: async (sha256) => {
          fetched.push(sha256);
          return hashed(bytes.slice());
        },
      },
      ...more,
    },
  });
  const states: ParticipationState[] = [];
  const views: ClientView[] = [];
  client.subscribe((view) => {
    views.push(view);
    if (states.at(-1) !== view.state) states.push(view.state);
  });
  return {
    client,
    server,
    trainer,
    clock,
    secrets,
    fetched,
    states,
    views,
    hold: (held) => tell(held),
    isReleased: () => isReleased,
  };
}

async function waiting(more: Partial<ClientPorts> = {}): Promise<World> {
  const started = world(more);
  await started.client.start();
  await settle();
  expect(started.client.view().state).toBe('waiting');
  return started;
}

/** A trainer's work that lasts until its signal, and tells when it stopped. */
function endless(trainer: ScriptedTrainer): { stopped: boolean } {
  const told = { stopped: false };
  trainer.work = (_params, { signal }) =>
    new Promise((resolve) => {
      signal.addEventListener('abort', () => {
        told.stopped = true;
        resolve({ ok: false, reason: 'aborted', message: 'stopped' });
      });
    });
  return told;
}

describe('a client', () => {
  it('C1: does nothing before start, not even look for a secret', async () => {
    const touched: string[] = [];
    const touch = (name: string) => async () => {
      touched.push(name);
      return null;
    };
    const { server, trainer, client, clock } = world({
      secrets: { load: touch('load'), save: touch('save') as never, remove: touch('remove') as never },
    });
    client.resume();
    client.pause();
    client.examplesChanged();
    await client.leave();
    await clock.pass(60_000);
    expect([...touched, ...server.heard, ...trainer.heard]).toEqual([]);
    expect(client.view().state).toBe('idle');
  });

  it('C24: scores in an evaluation round, and sends 25 counts and nothing else of its examples', async () => {
    const { client, server, trainer } = await waiting();
    const { token } = server.assign(1, { base, purpose: 'evaluate' });
    server.weights(base.sha256, bytes);
    await settle();
    expect(trainer.heard.filter((what) => what === 'train' || what === 'score')).toEqual(['score']);
    const frame = server.frames.get(token) as Uint8Array;
    expect(frame.byteLength).toBe(196);
    const counts = [4, 512, 3, 3_072, 9_437_184, ...Array.from({ length: 20 }, (_, bin) => Number(bin === 15))];
    expect([...new Float32Array(frame.slice(96).buffer)]).toEqual(counts);
    expect(client.view()).toMatchObject({ state: 'accepted', purpose: 'evaluate', lastReport: null });
  });

  it.each(['no example is', 'the task says that none is'])(
    'C24: sits the round out where %s set aside',
    async (why) => {
      const { client, server, trainer } = world();
      if (why.startsWith('the task')) server.participation = { ...server.participation, client: participation.client };
      else trainer.counts = { ok: false, reason: 'no-examples', message: 'none of the examples is set aside' };
      await client.start();
      await settle();
      const { token } = server.assign(1, { base, purpose: 'evaluate' });
      server.weights(base.sha256, bytes);
      await settle();
      expect(server.frames.has(token)).toBe(false);
      expect(client.view()).toMatchObject({ state: 'waiting', notes: [{ outcome: 'declined', sentBytes: 0 }] });
      expect(server.checkIns).toHaveLength(2);
    },
  );

  it('takes part in a round, from the check-in to the version that counts it', async () => {
    const { client, server, trainer, states } = await waiting();
    trainer.work = async (_params, { onProgress }) => {
      onProgress({ step: 1, steps: 2, loss: 2 });
      onProgress({ step: 2, steps: 2, loss: 1 });
      return trainedTo([1, -2, 0.5]);
    };
    const { token } = server.assign(1, { base });
    server.weights(base.sha256, bytes);
    await settle();
    expect(trainer.params).toEqual([[0.5, 1, 1.5]]);
    const frame = server.frames.get(token) as Uint8Array;
    expect([...new Float32Array(frame.slice(96).buffer)]).toEqual([1, -2, 0.5]);
    expect(client.view()).toMatchObject({
      state: 'accepted',
      counted: 1,
      losses: [2, 1],
      lastReport: { accuracyAfter: 0.5 },
    });
    server.endRound({ number: 1, outcome: 'committed', version: 4, accepted: 3, yours: 'accepted' });
    await settle();
    expect(client.view().notes).toEqual([expect.objectContaining({ outcome: 'counted', version: 4 })]);
    expect(client.view().notes[0]?.sentBytes).toBeGreaterThan(1_000);
    expect(states).toEqual(expect.arrayContaining(['waiting', 'downloading', 'training', 'uploading', 'accepted']));
    expect(server.checkIns.map(({ held }) => held)).toEqual([null, base.sha256]);
    expect(server.progress.map(({ phase }) => phase)).toEqual(['downloading', 'training', 'uploading']);
  });

  it('C11: weights that it holds are not taken again, those it does not are', async () => {
    const { server, fetched, trainer } = await waiting();
    server.assign(1, { base, delivery: 'http' });
    await settle();
    server.endRound({ number: 1, outcome: 'abandoned', reason: 'too-few', accepted: 1, yours: 'accepted' });
    server.assign(2, { base, delivery: 'held' });
    await settle();
    expect(fetched).toEqual([base.sha256]);
    expect(trainer.params).toHaveLength(2);
  });

  it('C11: a broadcast that did not come in 10 s is the last one: from then on it asks for weights over HTTP', async () => {
    const { server, clock, fetched } = await waiting();
    server.assign(1, { base });
    await clock.pass(10_000);
    expect(fetched).toEqual([base.sha256]);
    server.endRound({ number: 1, outcome: 'abandoned', reason: 'too-few', accepted: 1, yours: 'accepted' });
    await settle();
    expect(server.checkIns.map(({ weights }) => weights)).toEqual([undefined, 'http']);
  });

  it('C11: what a trainer does to its weights does not touch the ones that are held', async () => {
    const { server, trainer } = await waiting();
    trainer.work = async (own) => {
      own.fill(9);
      return trainedTo([1, 1, 1]);
    };
    server.assign(1, { base, delivery: 'http' });
    await settle();
    server.endRound({ number: 1, outcome: 'abandoned', reason: 'too-few', accepted: 1, yours: 'accepted' });
    server.assign(2, { base, delivery: 'held' });
    await settle();
    expect(trainer.params).toEqual([
      [0.5, 1, 1.5],
      [0.5, 1, 1.5],
    ]);
  });

  it('P45 P47: control variates are fetched by their hash beside the weights and handed to the trainer, and the report is as the task says', async () => {
    const sum = toBytes(Float32Array.of(3, -6, 9));
    const sha256 = sha256Hex(sum);
    const { server, trainer, client } = world({
      weights: { fetch: (hash) => hashed((hash === sha256 ? sum : bytes).slice()) },
    });
    const layoutSha256 = sha256Of(7);
    server.participation = { ...server.participation, report: { values: 6, layoutSha256 } };
    const given: unknown[] = [];
    trainer.work = async (_params, { control }) => {
      given.push(control);
      return trainedTo([1, -2, 0.5, 0, 0, 1]);
    };
    await client.start();
    await settle();
    const offer = { contributors: 3, counted: null };
    const { token, updateId } = server.assign(1, {
      ...{ base, delivery: 'http' },
      control: { ...offer, sum: { sha256, bytes: 12 } },
    });
    await settle();
    expect(given).toEqual([{ ...offer, sum: Float32Array.of(3, -6, 9), updateId }]);
    const frame = server.frames.get(token) as Uint8Array;
    const expected = { codec: 'float32', values: 6, layoutSha256, baseSha256: base.sha256 } as const;
    expect(readFrameHeader(frame, frame.byteLength, expected)).toMatchObject({ ok: true });

    server.endRound({ number: 1, outcome: 'abandoned', reason: 'too-few', accepted: 1, yours: 'accepted' });
    server.assign(2, { base, delivery: 'held', control: { ...offer, sum: null } });
    await settle();
    expect(given[1]).toMatchObject({ ...offer, sum: null });
  });

  it('C2: makes the secret once it has the lock, and keeps it', async () => {
    const { server, client, secrets, clock, hold } = world();
    await client.start();
    await settle();
    const { secret } = server.handshakes[0] ?? { secret: '' };
    expect(secret).toMatch(/^[0-9a-f]{32}$/);
    expect(await secrets.load(task)).toBe(secret);
    server.cut();
    await clock.pass(1_000);
    hold(false);
    hold(true);
    await settle();
    expect(server.handshakes.map((handshake) => handshake.secret)).toEqual([secret, secret, secret]);
  });

  it('C2: in a second tab it waits for the lock with nothing made', async () => {
    const secrets = memorySecrets();
    const { server, client, trainer, clock } = world({
      secrets,
      lock: {
        request: (_task, onChange) => {
          onChange(false);
          return () => {};
        },
      },
    });
    await client.start();
    await clock.pass(10_000);
    expect(client.view().state).toBe('other-tab');
    expect([...server.heard, ...trainer.heard, await secrets.load(task)]).toEqual([null]);
  });

  it('sends the join token and the protocol in the handshake', async () => {
    const { server, client } = world({}, 'open sesame');
    await client.start();
    await settle();
    expect(server.handshakes[0]).toMatchObject({
      protocol: { min: 1, max: 1 },
      joinToken: 'open sesame',
      software: 'fedtab',
    });
  });

  it('C7: a report that a cut interrupts is finished after the reconnect, with the chunks that are missing', async () => {
    const { client, server, clock } = await waiting();
    server.faults.set('report-end', ['cut']);
    const { token } = server.assign(1, { base, delivery: 'http' });
    await settle();
    expect(client.view().state).toBe('server-away');
    expect(server.chunksSent).toEqual([0]);
    await clock.pass(1_000);
    await settle();
    expect(client.view().state).toBe('accepted');
    expect(server.chunksSent).toEqual([0]);
    expect(server.frames.has(token)).toBe(true);
    expect(server.heard.slice(-4)).toEqual(['open', 'resume', 'report-begin', 'report-end']);
  });

  it('C7: a receipt that a cut swallowed is not asked for with a second report', async () => {
    const { client, server, clock } = await waiting();
    const { token } = server.assign(1, { base, delivery: 'http' });
    await settle();
    server.cut();
    await clock.pass(1_000);
    expect(client.view()).toMatchObject({ state: 'accepted', counted: 1 });
    expect(server.frames.size).toBe(1);
    expect(server.frames.has(token)).toBe(true);
  });

  it('C8: the trainer is asked again only when it has stopped', async () => {
    const { server, trainer } = await waiting();
    let stop: () => void = () => {};
    trainer.work = () =>
      new Promise((resolve) => (stop = () => resolve({ ok: false, reason: 'aborted', message: '' })));
    server.assign(1, { base, delivery: 'http' });
    await settle();
    server.assign(2, { base, delivery: 'http' });
    await settle();
    expect(trainer.heard.filter((word) => word === 'train')).toHaveLength(1);
    trainer.work = async () => trainedTo([1, 1, 1]);
    stop();
    await settle();
    expect(trainer.heard.filter((word) => word === 'train')).toHaveLength(2);
    expect(server.frames.size).toBe(1);
  });

  it('C14: a busy server gets the same report after its hint', async () => {
    const { client, server, clock } = await waiting();
    server.faults.set('report-begin', [refuse('busy', 'come back', 2_000)]);
    server.assign(1, { base, delivery: 'http' });
    await settle();
    expect(client.view()).toMatchObject({ state: 'uploading', reason: 'busy' });
    await clock.pass(3_000);
    expect(client.view().state).toBe('accepted');
  });

  it('C17: comes back after the server returns', async () => {
    const { client, server, clock, states } = await waiting();
    server.closed = 'cut';
    server.cut();
    await clock.pass(60_000);
    expect(client.view()).toMatchObject({ state: 'server-away', connected: false });
    server.closed = null;
    await clock.pass(15_000);
    expect(client.view()).toMatchObject({ state: 'waiting', connected: true });
    expect(states).not.toContain('error');
  });

  it('C18: a session that is refused for good is not tried again', async () => {
    const { client, server, clock } = world();
    server.closed = refuse('upgrade-required', 'load the page again');
    await client.start();
    await clock.pass(600_000);
    expect(client.view()).toMatchObject({ state: 'error', reason: 'upgrade-required', detail: 'load the page again' });
    expect(server.handshakes).toHaveLength(1);
  });

  it('C20: a question that is not answered ends the session, and the next one begins anew', async () => {
    const { client, server, clock } = world();
    server.faults.set('check-in', ['cut']);
    await client.start();
    await settle();
    expect(client.view().state).toBe('server-away');
    await clock.pass(1_000);
    expect(client.view().state).toBe('waiting');
  });

  it('C12 C13: a backend that is not to be trusted is closed and prepared anew', async () => {
    const { server, trainer, clock, client } = await waiting();
    let isFirst = true;
    trainer.work = async () => {
      if (!isFirst) return trainedTo([1, 1, 1]);
      isFirst = false;
      return { ok: false, reason: 'backend-lost', message: 'the context is gone' };
    };
    server.assign(1, { base, delivery: 'http' });
    await settle();
    expect(trainer.heard).toEqual(['examples', 'prepare', 'train', 'close', 'prepare', 'train']);
    expect(client.view().state).toBe('accepted');
    server.endRound({ number: 1, outcome: 'committed', version: 4, accepted: 3, yours: 'accepted' });
    server.faults.set('report-end', [refuse('zero', 'every value is zero')]);
    server.assign(2, { base, delivery: 'held' });
    await settle();
    await clock.pass(1_000);
    expect(trainer.heard.slice(6)).toEqual(['train', 'close', 'prepare']);
    expect(client.view().state).toBe('rejected');
  });

  it('C23: what an overtaken preparation says is not heard', async () => {
    const { client, trainer } = world();
    const asked: string[] = [];
    const answers: ((failed: boolean) => void)[] = [];
    trainer.prepare = (_participation, requested) => {
      asked.push(requested);
      return new Promise((resolve, reject) => {
        answers.push((failed) => (failed ? reject(new Error('it was closed')) : resolve({ ...backend, requested })));
      });
    };
    await client.start();
    await settle();
    client.choose('wasm');
    await settle();
    expect(asked).toEqual(['webgl', 'wasm']);
    answers[0]?.(true);
    await settle();
    expect(client.view().state).toBe('preparing');
    answers[1]?.(false);
    await settle();
    expect(client.view()).toMatchObject({ state: 'waiting', backend: { requested: 'wasm' } });
  });

  it('a trainer that cannot count its examples is an error until they change', async () => {
    const { client, trainer, server } = world();
    trainer.count = Object.assign(new Error('shard 3 is damaged'), { reason: 'dataset-damaged' });
    await client.start();
    await settle();
    expect(client.view()).toMatchObject({ state: 'error', reason: 'dataset-damaged', detail: 'shard 3 is damaged' });
    expect(server.heard).toEqual([]);
    // A fault of ours is not laid to the examples.
    trainer.count = new Error('the worker is confused');
    client.examplesChanged();
    await settle();
    expect(client.view()).toMatchObject({ state: 'error', reason: 'failed', detail: 'the worker is confused' });
    trainer.count = 12;
    client.examplesChanged();
    await settle();
    expect(client.view()).toMatchObject({ state: 'waiting', examples: 12 });
  });

  it('C3: without a count of the page, the trainer is asked once it is prepared', async () => {
    const { client, trainer, server } = world({ examples: undefined } as never);
    trainer.count = 0;
    await client.start();
    await settle();
    expect(trainer.heard).toEqual(['prepare', 'examples']);
    expect(server.heard).toEqual(['open']);
    expect(client.view()).toMatchObject({ state: 'needs-data', connected: false });
    trainer.count = 3;
    client.examplesChanged();
    await settle();
    expect(server.checkIns).toEqual([{ examples: 3, backend: 'webgl', held: null }]);
  });

  it('storage that refuses the secret is an error, and nothing is sent', async () => {
    const { client, server } = world({
      secrets: { ...memorySecrets(), save: () => Promise.reject(new Error('quota')) },
    });
    await client.start();
    await settle();
    expect(client.view()).toMatchObject({ state: 'error', reason: 'storage', detail: 'quota' });
    expect(server.heard).toEqual([]);
  });

  it('a device without a backend is unsupported', async () => {
    const { client, trainer } = world();
    trainer.choice = new Error('no backend trains this model');
    await client.start();
    await settle();
    expect(client.view()).toMatchObject({ state: 'unsupported', detail: 'no backend trains this model' });
  });
});

describe('C26 P53: steps from weights that are held', () => {
  const LAYOUT = participation.layoutSha256;
  const before = Float32Array.from({ length: 300 }, (_, i) => Math.cos(i));
  const after = before.map((value, i) => value + 0.01 * Math.sin(i));
  const codec = { up: 'float32', down: 'uniform-8', range: 0.05 } as const;
  const from = sha256Hex(toBytes(before));
  const made = makeStep(before, after, null, { codec, layoutSha256: LAYOUT, baseSha256: from });
  if (made === null) throw new Error('no step');
  const to = sha256Hex(toBytes(made.params));
  const frame = made.frame;
  const first = { version: 3, sha256: from, bytes: 1_200 };
  const second = { version: 4, sha256: to, bytes: 1_200 };
  const steps = [{ from, sha256: sha256Hex(frame), bytes: frame.byteLength }];
  const advance = async (...[weights, frames, coding]: Parameters<NonNullable<Encoder['advance']>>) =>
    hashed(toBytes(takeSteps(fromBytes(weights), frames, coding)));

  /** A client that holds the first version, and is told of the second; `served` is what HTTP has for each hash. */
  async function stepped(more: Partial<Encoder>, given: Record<string, Uint8Array> = {}, isHolder = true) {
    const served: Record<string, Uint8Array> = {
      ...{ [from]: toBytes(before), [to]: toBytes(made?.params ?? before), [sha256Hex(frame)]: frame },
      ...given,
    };
    const fetched: string[] = [];
    const encoder = { ...reportEncoder(memoryStores()), ...more };
    const { server, trainer, client } = world({
      encoder,
      steps: byStepsTo,
      weights: {
        async fetch(sha256) {
          fetched.push(sha256);
          const bytes = served[sha256];
          if (bytes === undefined) throw new Error('not here');
          return hashed(bytes.slice());
        },
      },
    });
    server.participation = { ...server.participation, codec, parameters: 300 };
    trainer.work = async () => trainedTo(Array(300).fill(0.1));
    await client.start();
    await settle();
    if (isHolder) {
      server.assign(1, { base: first, delivery: 'http' });
      await settle();
      server.endRound({ number: 1, outcome: 'committed', version: 4, accepted: 3, yours: 'accepted' });
      await settle();
    }
    fetched.length = 0;
    server.assign(2, { base: second, delivery: 'http', steps });
    await settle();
    return { fetched, trained: trainer.params.at(-1), view: client.view() };
  }

  it('lead to the base, and the model does not come', async () => {
    const { fetched, trained } = await stepped({ advance });
    expect(fetched).toEqual([steps[0]?.sha256]);
    expect(trained).toEqual([...made.params]);
  });

  it.each([
    ['that are not those', { advance }, { [sha256Hex(frame)]: frame.map((byte, at) => (at < 120 ? byte : byte ^ 1)) }],
    ['that are no frames', { advance }, { [sha256Hex(frame)]: frame.subarray(50) }],
    ['that the worker cannot take', { advance: () => Promise.reject(new Error('gone')) }, {}],
  ] as const)('%s: the model comes whole', async (_, encoder, given) => {
    const { fetched, trained } = await stepped(encoder, given);
    expect(fetched).toEqual([steps[0]?.sha256, to]);
    expect(trained).toEqual([...made.params]);
  });

  it('nobody asks for where the weights they begin at are not held, or nobody can take them', async () => {
    expect((await stepped({ advance }, {}, false)).fetched).toEqual([to]);
    expect((await stepped({})).fetched).toEqual([to]);
  });
});

describe('C27: a report in the task’s codec', () => {
  /** A client of a top-k task, and what its encoder was told. */
  async function coded(isEncoder = true, more: Partial<Participation> = {}) {
    const told: boolean[] = [];
    const encoder = reportEncoder(memoryStores());
    const own: Encoder = {
      encode: (delta, coding) => encoder.encode(delta, coding),
      async settle(isAccepted) {
        told.push(isAccepted);
      },
    };
    const started = world(isEncoder ? { encoder: own } : {});
    const { server, trainer } = started;
    server.participation = {
      ...server.participation,
      codec: { up: 'top-k', down: 'float32', fraction: 0.34 },
      ...more,
    };
    trainer.work = async () => trainedTo([1, -2, 0.5]);
    await started.client.start();
    await settle();
    return { ...started, told };
  }

  it('is what the encoder writes, and the encoder hears that it was accepted, once', async () => {
    const { client, server, told } = await coded();
    const { token } = server.assign(1, { base, delivery: 'http' });
    await settle();
    const frame = server.frames.get(token) as Uint8Array;
    expect([frame[4], frame.byteLength]).toEqual([2, 96 + 8]);
    server.endRound({ number: 1, outcome: 'committed', version: 4, accepted: 3, yours: 'accepted' });
    await client.leave();
    expect(told).toEqual([true]);
  });

  it('of numbers as they are with momentum: the encoder hears of it too, as it keeps something', async () => {
    const { server, told } = await coded(true, {
      codec: { up: 'float32', down: 'float32' },
      client: { ...participation.client, reportMomentum: 0.9 },
    });
    server.assign(1, { base, delivery: 'http' });
    await settle();
    expect(told).toEqual([true]);
  });

  it('that came too late was not accepted', async () => {
    const { server, told } = await coded();
    server.faults.set('report-end', [refuse('late', 'the round is over')]);
    server.assign(1, { base, delivery: 'http' });
    await settle();
    expect(told).toEqual([false]);
  });

  it('whose receipt a cut swallowed was accepted', async () => {
    const { server, clock, told } = await coded();
    server.faults.set('report-begin', ['cut']);
    server.assign(1, { base, delivery: 'http' });
    await settle();
    expect(told).toEqual([]);
    await clock.pass(1_000);
    expect(told).toEqual([true]);
  });

  it('that leaving gave up was not accepted', async () => {
    const { client, server, told } = await coded();
    server.faults.set('report-begin', [refuse('busy', 'come back', 5_000)]);
    server.assign(1, { base, delivery: 'http' });
    await settle();
    await client.leave();
    expect(told).toEqual([false]);
  });

  it('is not made without an encoder, and the part is given back', async () => {
    const { client, server } = await coded(false);
    server.assign(1, { base, delivery: 'http' });
    await settle();
    expect(server.frames.size).toBe(0);
    expect(client.view()).toMatchObject({ state: 'waiting', reason: 'failed' });
    expect(server.heard).not.toContain('report-begin');
  });
});

describe('C21: leaving', () => {
  it('while training stops it, checks out, and resolves when nothing runs', async () => {
    const { client, server, trainer, clock, isReleased } = await waiting();
    const told = endless(trainer);
    server.assign(1, { base, delivery: 'http' });
    await settle();
    expect(client.view().state).toBe('training');
    await client.leave();
    expect(told.stopped).toBe(true);
    expect(client.view()).toMatchObject({ state: 'left', connected: false });
    expect(trainer.heard.at(-1)).toBe('close');
    expect(isReleased()).toBe(true);
    expect(server.isOpen).toBe(false);
    expect(server.heard.at(-1)).toBe('check-out');
    const heard = server.heard.length;
    await clock.pass(600_000);
    expect(server.heard.length).toBe(heard);
    expect(clock.waiting).toBe(0);
  });

  it('a trainer that does not heed its signal is ended within a second', async () => {
    const { client, server, trainer, clock } = await waiting();
    trainer.work = () => new Promise(() => {});
    server.assign(1, { base, delivery: 'http' });
    await settle();
    let hasLeft = false;
    const leaving = client.leave().then(() => {
      hasLeft = true;
    });
    await clock.pass(700);
    expect(hasLeft).toBe(false);
    await clock.pass(300);
    await leaving;
    expect(trainer.heard.at(-1)).toBe('close');
  });

  it('while a report is sent, sends no more of it', async () => {
    const { client, server } = await waiting();
    let open: () => void = () => {};
    server.assign(1, { base, delivery: 'http' });
    server.gate = new Promise((resolve) => (open = resolve));
    await settle();
    expect(client.view().state).toBe('uploading');
    expect(server.heard.at(-1)).toBe('report-begin');
    await client.leave();
    open();
    await settle();
    expect(server.heard.slice(-2)).toEqual(['report-begin', 'check-out']);
    expect(server.frames.size).toBe(0);
  });

  it('and starting again takes part again', async () => {
    const { client, server } = await waiting();
    await Promise.all([client.leave(), client.start()]);
    await settle();
    expect(client.view().state).toBe('waiting');
    server.assign(1, { base, delivery: 'http' });
    await settle();
    expect(client.view().state).toBe('accepted');
  });

  it('closing tells nobody any more, and is for good', async () => {
    const { client, views, server } = await waiting();
    const before = views.length;
    await client.close();
    expect(views.length).toBe(before);
    expect(client.view().state).toBe('left');
    const { length } = server.heard;
    await client.start();
    await settle();
    expect(client.view().state).toBe('left');
    expect(server.heard).toHaveLength(length);
  });
});

describe('C22: forgetting', () => {
  it('stops the work, asks the server, leaves, and removes the secret', async () => {
    const { client, server, trainer, secrets } = await waiting();
    const told = endless(trainer);
    server.assign(1, { base, delivery: 'http' });
    await settle();
    expect(await client.forget()).toEqual({ serverForgot: true });
    expect(told.stopped).toBe(true);
    expect(server.heard.slice(-2)).toEqual(['check-out', 'forget']);
    expect(await secrets.load(task)).toBeNull();
    expect(client.view().state).toBe('left');
  });

  it('opens a session for it where there is none', async () => {
    const { client, server, secrets } = await waiting();
    await client.leave();
    expect(await client.forget()).toEqual({ serverForgot: true });
    expect(server.heard.slice(-2)).toEqual(['open', 'forget']);
    expect(server.isOpen).toBe(false);
    expect(await secrets.load(task)).toBeNull();
  });

  it('removes the secret also where the server cannot be reached, and says so', async () => {
    const { client, server, secrets } = await waiting();
    server.closed = 'cut';
    server.cut();
    expect(await client.forget()).toEqual({ serverForgot: false });
    expect(await secrets.load(task)).toBeNull();
  });

  it('in another tab: this one leaves when it would connect again', async () => {
    const { client, server, secrets, clock } = await waiting();
    await secrets.remove(task);
    server.cut();
    await clock.pass(1_000);
    expect(client.view().state).toBe('left');
    expect(await secrets.load(task)).toBeNull();
    await client.start();
    await settle();
    expect(client.view().state).toBe('waiting');
  });

  it('of somebody who never joined reaches no server', async () => {
    const { client, server } = world();
    expect(await client.forget()).toEqual({ serverForgot: true });
    expect(server.heard).toEqual([]);
  });

  it('makes another client of the next start', async () => {
    const { client, server } = await waiting();
    await client.forget();
    await client.start();
    await settle();
    expect(new Set(server.handshakes.map(({ secret }) => secret)).size).toBe(2);
  });
});

describe('the view', () => {
  it('is told once a turn, and its parts keep their identity while they do not change', async () => {
    const { client, server, views } = await waiting();
    const before = views.length;
    const seen = client.view();
    server.assign(1, { base, delivery: 'http' });
    client.pause();
    client.resume();
    expect(views.length).toBe(before);
    await Promise.resolve();
    expect(views.length).toBe(before + 1);
    const now = client.view();
    expect(now).not.toBe(seen);
    expect(now.status).toBe(seen.status);
    expect(now.backend).toBe(backend);
    expect(client.view()).toBe(now);
  });

  it('ends with its subscription', async () => {
    const { client, server } = await waiting();
    let count = 0;
    const end = client.subscribe(() => {
      count++;
    });
    end();
    server.refuse(refuse('unknown-task', 'gone'));
    await settle();
    expect(count).toBe(0);
    expect(client.view()).toMatchObject({ state: 'error', reason: 'unknown-task', sha256: sha256Of(4) });
  });
});

describe('C21: leaving in any state', () => {
  const MOVES = [
    'pass',
    'assign',
    'work',
    'weights',
    'cut',
    'refuse',
    'lock',
    'pause',
    'resume',
    'sleep',
    'wake',
    'drain',
  ] as const;

  it('stops everything within a second, whatever has happened and whatever still hangs', async () => {
    const seen = new Set<string>();
    const moves = fc.array(fc.constantFrom(...MOVES), { maxLength: 9 });
    const seldom = fc.integer({ min: 0, max: 4 }).map((drawn) => drawn === 0);
    const holds = fc.record({ server: seldom, trainer: fc.boolean(), prepare: seldom, fetch: seldom });
    await fc.assert(
      fc.asyncProperty(moves, holds, async (list, hangs) => {
        const never = new Promise<never>(() => {});
        const { client, server, trainer, clock, hold } = world(hangs.fetch ? { weights: { fetch: () => never } } : {});
        // A trainer that does not heed its signal is ended with its thread.
        if (hangs.trainer) trainer.work = () => never;
        if (hangs.prepare) trainer.prepare = () => never;
        await client.start();
        await settle();
        let round = 0;
        let told = 0;
        for (const move of list) {
          if (move === 'pass') await clock.pass(1_500);
          else if (move === 'work') {
            // The two that lead to training.
            server.assign(++round, { base });
            await settle();
            server.weights(base.sha256, bytes);
          } else if (move === 'assign')
            server.assign(++round, { base, delivery: round % 2 === 0 ? 'http' : 'broadcast' });
          else if (move === 'weights') server.weights(base.sha256, bytes);
          else if (move === 'cut') server.cut();
          else if (move === 'refuse') server.refuse(refuse('busy', 'no room', 500));
          else if (move === 'lock') hold(++told % 2 === 0);
          else if (move === 'pause' || move === 'resume') client[move]('battery-low');
          else if (move === 'sleep' || move === 'wake') client[move]();
          else server.drain(500);
          if (hangs.server) server.gate = never;
          await settle();
          seen.add(client.view().state);
        }
        let isOver = false;
        void client.leave().then(() => (isOver = true));
        await clock.pass(1_000);
        expect(isOver).toBe(true);
        expect(client.view().state).toBe('left');
        expect(server.isOpen).toBe(false);
        expect(trainer.heard.at(-1)).toBe('close');
        const heard = [server.heard.length, trainer.heard.length];
        await clock.pass(120_000);
        expect([server.heard.length, trainer.heard.length]).toEqual(heard);
        expect(clock.waiting).toBe(0);
      }),
      { numRuns: 80, seed: 7 },
    );
    expect([...seen]).toEqual(
      expect.arrayContaining(['waiting', 'preparing', 'training', 'paused-battery', 'server-away']),
    );
  });
});
