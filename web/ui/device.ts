/** What a surface does for the person's device: training rests on a low battery and on connections that save data. */

interface Pausable {
  pause(cause: 'battery' | 'data'): void;
  resume(cause: 'battery' | 'data'): void;
}

/** The Battery Status API and the Network Information API: Chromium only, absent elsewhere. */
interface Battery extends EventTarget {
  readonly level: number;
  readonly charging: boolean;
}
interface Device {
  readonly getBattery?: () => Promise<Battery>;
  readonly connection?: EventTarget & { readonly saveData?: boolean };
}

const LOW_SHARE = 0.2;

/** Pauses and resumes with battery and data saver until the returned function is called. */
export function pauseWithDevice(client: Pausable, device: Device = navigator as Device): () => void {
  const ended = new AbortController();
  const follow = (cause: 'battery' | 'data', target: EventTarget, events: readonly string[], must: () => boolean) => {
    let isPaused = false;
    const look = (): void => {
      if (ended.signal.aborted || must() === isPaused) return;
      isPaused = !isPaused;
      if (isPaused) client.pause(cause);
      else client.resume(cause);
    };
    for (const event of events) target.addEventListener(event, look, { signal: ended.signal });
    look();
  };
  device.getBattery?.().then(
    (battery) => {
      follow(
        'battery',
        battery,
        ['levelchange', 'chargingchange'],
        () => !battery.charging && battery.level < LOW_SHARE,
      );
    },
    () => {},
  );
  const { connection } = device;
  if (connection) follow('data', connection, ['change'], () => connection.saveData === true);
  return () => ended.abort();
}
