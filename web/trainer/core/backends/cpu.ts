import '@tensorflow/tfjs-backend-cpu';
import { type Device, deviceOf } from '../device.ts';

/** Plain JavaScript: always there, exact, slow. The reference that other backends are compared with. */
export async function openCpu(): Promise<Device> {
  const device = deviceOf('cpu');
  await device.activate();
  return device;
}
