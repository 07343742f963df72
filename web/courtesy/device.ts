import type { DeviceFacts } from '../client/courtesy.ts';

/** The Battery Status API and the Network Information API: Chromium only, absent elsewhere. */
interface Battery extends EventTarget {
  readonly level: number;
  readonly charging: boolean;
}
interface Connection extends EventTarget {
  readonly saveData?: boolean;
  readonly type?: string;
}
export interface Device {
  readonly getBattery?: () => Promise<Battery>;
  readonly connection?: Connection;
}
/** As much of a document as is followed. */
export interface Sight extends EventTarget {
  readonly visibilityState: DocumentVisibilityState;
}

export interface DeviceWatch {
  now(): DeviceFacts;
  stop(): void;
}

/** Follows what the browser tells of battery, connection and visibility; calls back when any of it may have changed. */
export function watchDevice(
  onChange: () => void,
  device: Device = navigator as Device,
  sight: Sight = document,
): DeviceWatch {
  const ended = new AbortController();
  const { signal } = ended;
  const follow = (target: EventTarget, ...events: readonly string[]): void => {
    for (const event of events) target.addEventListener(event, onChange, { signal });
  };
  let battery: Battery | null = null;
  device.getBattery?.().then(
    (found) => {
      if (signal.aborted) return;
      battery = found;
      follow(found, 'levelchange', 'chargingchange');
      onChange();
    },
    () => {},
  );
  const { connection } = device;
  if (connection) follow(connection, 'change');
  follow(sight, 'visibilitychange');
  return {
    now: () => ({
      battery: battery && { level: battery.level, isCharging: battery.charging },
      savesData: connection?.saveData === true,
      // Browsers do not tell what a connection costs; of a mobile network it is likely.
      isMetered: connection?.type === 'cellular',
      isHidden: sight.visibilityState === 'hidden',
    }),
    stop: () => ended.abort(),
  };
}
