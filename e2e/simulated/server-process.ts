import { StorageFullError, StorageIoError } from '../../server/storage/errors.ts';
import type { Clock } from '../../shared/clock.ts';
import type { Rng } from '../../shared/rng.ts';
import { isDrawn, type Rates } from './faults.ts';

/** What is in a bad state for a while, whichever process asks. */
export interface DiskMood {
  isFull: boolean;
  isBroken: boolean;
}

export interface ServerProcessOptions {
  readonly clock: Clock;
  readonly rng: Rng;
  readonly rates: () => Rates;
  readonly mood: DiskMood;
  /** It died by itself, in the middle of a call. */
  readonly died: () => void;
}

/** A call that asks for room is refused where there is none; any other only where the disk fails. */
export type CallKind = 'read' | 'write' | 'compute';
/** Calls on one device are done one after the other. */
export type Device = 'database' | 'blobs' | 'spool' | 'arithmetic';

/**
 * The walls of one life of the server. Whatever it asks of the outside goes by `call`, and time comes by `clock`: once it
 * is dead it gets no answer and no tick any more, and while it is stopped all of that waits.
 */
export class ServerProcess {
  readonly #options: ServerProcessOptions;
  readonly #readyAt = new Map<Device, number>();
  readonly #underway = new Map<Device, number>();
  /** Where a call has failed: what was to be removed may be there until the next start. */
  readonly failed = new Set<Device>();
  #held: (() => void)[] | null = null;
  #isDead = false;
  readonly clock: Clock;

  constructor(options: ServerProcessOptions) {
    this.#options = options;
    const { clock } = options;
    this.clock = {
      now: clock.now,
      elapsed: clock.elapsed,
      after: (delayMs, callback) => clock.after(delayMs, () => this.inside(callback)),
    };
  }

  get isDead(): boolean {
    return this.#isDead;
  }

  die(): void {
    this.#isDead = true;
    this.#held = null;
  }

  /** As by SIGSTOP; `goOn` as by SIGCONT. */
  stop(): void {
    this.#held ??= [];
  }

  goOn(): void {
    const held = this.#held ?? [];
    this.#held = null;
    for (const work of held) this.inside(work);
  }

  /** Does `work` outside, when it is its turn; what it gives or throws comes back if the process still lives then. */
  call<Value>(device: Device, kind: CallKind, work: () => Promise<Value>): Promise<Value> {
    const { clock, rng } = this.#options;
    return new Promise((resolve, reject) => {
      if (this.#isDead) return;
      const takesMs = rng.below(4) === 0 ? rng.below(this.#options.rates().diskMs + 1) : 0;
      const underway = this.#underway.get(device) ?? 0;
      const readyAt = Math.max(clock.elapsed(), this.#readyAt.get(device) ?? 0) + takesMs;
      this.#readyAt.set(device, readyAt);
      const perform = (): void => {
        this.#underway.set(device, (this.#underway.get(device) ?? 1) - 1);
        void this.#perform(device, kind, work, resolve, reject);
      };
      this.#underway.set(device, underway + 1);
      if (underway === 0 && readyAt <= clock.elapsed()) this.inside(perform);
      else clock.after(readyAt - clock.elapsed(), () => this.inside(perform));
    });
  }

  async #perform<Value>(
    device: Device,
    kind: CallKind,
    work: () => Promise<Value>,
    resolve: (value: Value) => void,
    reject: (error: unknown) => void,
  ): Promise<void> {
    const { rng, rates, mood, died } = this.#options;
    const { failed, died: dying } = rates();
    if (kind !== 'compute') {
      if (kind === 'write' && isDrawn(rng, dying)) return died();
      const isFailing = mood.isBroken || isDrawn(rng, failed);
      if (isFailing || (kind === 'write' && mood.isFull)) {
        this.failed.add(device);
        return reject(
          isFailing ? new StorageIoError('a simulated failure') : new StorageFullError('a simulated full disk'),
        );
      }
    }
    const settle = await work().then(
      (value) => () => resolve(value),
      (error: unknown) => () => reject(error),
    );
    if (kind === 'write' && isDrawn(rng, dying)) return died();
    this.inside(settle);
  }

  /** Lets something from outside in: at once, when the process goes on, or never. */
  inside(work: () => void): void {
    if (this.#isDead) return;
    if (this.#held === null) work();
    else this.#held.push(work);
  }
}

/** The same port, called through the walls. Names that are not in `writes` read. */
export function walled<Port extends object>(
  port: Port,
  process: ServerProcess,
  device: Device,
  writes: readonly (keyof Port & string)[],
): Port {
  const entries = Object.entries(port).map(([name, value]) => {
    if (typeof value !== 'function') return [name, value];
    const kind: CallKind =
      device === 'arithmetic' ? 'compute' : (writes as readonly string[]).includes(name) ? 'write' : 'read';
    return [name, (...args: unknown[]) => process.call(device, kind, async () => value.apply(port, args))];
  });
  return Object.fromEntries(entries) as Port;
}
