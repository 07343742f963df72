import { expect, it } from 'vitest';
import { pauseWithDevice } from './device.ts';

function recorder() {
  const said: string[] = [];
  return {
    said,
    client: {
      pause: (cause: string) => said.push(`pause ${cause}`),
      resume: (cause: string) => said.push(`resume ${cause}`),
    },
  };
}
const battery = (level: number, charging: boolean) => Object.assign(new EventTarget(), { level, charging });
const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

it('rests on a low battery until it charges', async () => {
  const { said, client } = recorder();
  const low = battery(0.1, false);
  pauseWithDevice(client, { getBattery: async () => low });
  await settled();
  expect(said).toEqual(['pause battery']);
  low.charging = true;
  low.dispatchEvent(new Event('chargingchange'));
  low.dispatchEvent(new Event('levelchange'));
  expect(said).toEqual(['pause battery', 'resume battery']);
});

it('rests while the connection saves data, and not after the end', () => {
  const { said, client } = recorder();
  const connection = Object.assign(new EventTarget(), { saveData: false });
  const stop = pauseWithDevice(client, { connection });
  expect(said).toEqual([]);
  connection.saveData = true;
  connection.dispatchEvent(new Event('change'));
  expect(said).toEqual(['pause data']);
  stop();
  connection.saveData = false;
  connection.dispatchEvent(new Event('change'));
  expect(said).toEqual(['pause data']);
});

it('does nothing where the browser tells nothing, or refuses', async () => {
  const { said, client } = recorder();
  pauseWithDevice(client, {});
  pauseWithDevice(client, { getBattery: () => Promise.reject(new Error('not allowed')) });
  await settled();
  expect(said).toEqual([]);
});
