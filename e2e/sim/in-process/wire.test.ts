import type { Socket } from 'socket.io-client';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { TaskId } from '../../../shared/ids.ts';
import { taskFromTemplate } from '../../../shared/task/parse.ts';
import type { SessionTarget } from '../../../web/client/transport.ts';
import { SimulatedClock } from './clock.ts';
import { type InProcessGateway, openInProcessGateway } from './gateway.ts';
import { type House, openHouse, openStores, type Stores } from './house.ts';

let stores: Stores;
let gateway: InProcessGateway;
let house: House;
const task = 'digits' as TaskId;

beforeEach(async () => {
  const clock = new SimulatedClock();
  stores = openStores();
  gateway = openInProcessGateway(stores.spool, clock.of(0));
  house = openHouse(stores, gateway.downlink, clock.of(0), 1);
  gateway.open(house.coordinator);
  const made = taskFromTemplate('digits', { model: { zoo: 'softmax', seed: 1 }, data: { sample: null } });
  if (!made.ok) throw new Error('a bad task');
  await house.coordinator.create(made.value);
});
afterEach(async () => {
  await gateway.close();
  await house.close();
  await stores.close();
});

const target = (handshake: object): SessionTarget => ({ server: '', task, handshake: handshake as never });
const handshake = { protocol: { min: 1, max: 1 }, secret: 'a'.repeat(32), software: 'test' };

/** Connects and resolves to the welcome, or to what the gateway refused with. */
function opened(socket: Socket): Promise<unknown> {
  return new Promise((resolve) => {
    socket.on('welcome', resolve);
    socket.on('connect_error', (error) => resolve((error as Error & { data?: unknown }).data));
    socket.connect();
  });
}
const ask = (socket: Socket, event: string, ...args: unknown[]): Promise<unknown> =>
  socket.timeout(1_000).emitWithAck(event, ...args);

it('a handshake, and every message, is looked at as if it had come through a network', async () => {
  const old = gateway.socketOf(target({ ...handshake, protocol: { min: 90, max: 91 } }), 0);
  expect(await opened(old)).toMatchObject({ ok: false, reason: 'upgrade-required' });
  expect(await opened(gateway.socketOf(target({ ...handshake, secret: 'short' }), 0))).toMatchObject({
    reason: 'bad-message',
  });
  const socket = gateway.socketOf(target(handshake), 0);
  expect(await opened(socket)).toMatchObject({ task, participation: { parameters: 7_850 } });
  expect(await ask(socket, 'check-in', { examples: 'many' })).toMatchObject({ ok: false, reason: 'bad-message' });
  expect(await ask(socket, 'no-such-event', {})).toMatchObject({ ok: false, reason: 'bad-message' });
  expect(await ask(socket, 'report-end', { token: 'f'.repeat(32) })).toMatchObject({ reason: 'not-assigned' });
  expect(await ask(socket, 'check-in', { examples: 5, backend: 'cpu', held: null })).toEqual({ ok: true });
});

it('a second session of the same client takes the place of the first, which is told and cut', async () => {
  const first = gateway.socketOf(target(handshake), 0);
  await opened(first);
  const refused = new Promise((resolve) => first.on('refused', resolve));
  const cut = new Promise<void>((resolve) => first.on('disconnect', () => resolve()));
  await opened(gateway.socketOf(target(handshake), 0));
  expect(await refused).toMatchObject({ reason: 'replaced' });
  await cut;
  await expect(ask(first, 'check-out', {})).rejects.toThrow('closed');
});

it('what is attached is a copy: nobody shares memory with the sender', async () => {
  const socket = gateway.socketOf(target(handshake), 0);
  const { clientId } = (await opened(socket)) as { clientId: never };
  const got = new Promise<Uint8Array>((resolve) => socket.on('weights', (_, bytes) => resolve(bytes)));
  const bytes = Uint8Array.of(1, 2, 3, 4);
  expect(gateway.downlink.weights(task, [clientId], 0, '0'.repeat(64) as never, bytes)).toBe(1);
  bytes.fill(9);
  expect([...(await got)]).toEqual([1, 2, 3, 4]);
});
