import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { LoopbackServer } from './fakes/loopback-server.ts';
import { ScriptedTrainer } from './fakes/scripted-trainer.ts';
import { SettlingClock, settle, withoutWebCrypto } from './fakes/settling-clock.ts';
import { createClient, createFederatedClient, memorySecrets, nodePorts } from './node.ts';
import { sdkClient } from './sdk-client.ts';

beforeAll(() => void vi.stubGlobal('crypto', withoutWebCrypto));
afterAll(() => void vi.unstubAllGlobals());

it('has the verbs of the embed over the engine, and tells of states and rounds as they change', async () => {
  const transport = new LoopbackServer();
  const ports = {
    ...nodePorts({ server: 'http://loopback', trainer: new ScriptedTrainer() }),
    clock: new SettlingClock(),
    transport,
  };
  const client = sdkClient(createFederatedClient({ server: 'http://loopback', task: 'digits' as never, ports }));
  const states: string[] = [];
  const rounds: string[] = [];
  const endStates = client.on('state', ({ state }) => states.push(state));
  client.on('round', ({ round, outcome }) => rounds.push(`${round} ${outcome}`));
  await client.start();
  await settle();
  transport.assign(1, { delivery: 'held' });
  await settle();
  client.pause();
  await settle();
  endStates();
  client.resume();
  await settle();
  await client.stop();
  expect(states).toEqual(expect.arrayContaining(['waiting', 'downloading', 'paused']));
  expect(states).not.toContain('left');
  expect(rounds).toEqual(['1 dropped']);
  expect(client.view().state).toBe('left');
  expect(await client.forget()).toEqual({ serverForgot: true });
});

it('refuses what is no task and no address, at once', () => {
  const trainer = new ScriptedTrainer();
  expect(() => createClient({ server: 'http://127.0.0.1', task: '../etc', trainer })).toThrow(TypeError);
  expect(() => createClient({ server: 'nowhere', task: 'digits', trainer })).toThrow(TypeError);
  expect(createClient({ server: 'http://127.0.0.1', task: 'digits', trainer }).view().state).toBe('idle');
});

it('secrets in memory are kept by task and can be removed', async () => {
  const secrets = memorySecrets();
  await secrets.save('a' as never, '1');
  expect([await secrets.load('a' as never), await secrets.load('b' as never)]).toEqual(['1', null]);
  await secrets.remove('a' as never);
  expect(await secrets.load('a' as never)).toBeNull();
});
