import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Heard, Sight } from './member.ts';
import type { WireTarget } from './wire.ts';

/** What the process of a crowd is told; it answers `tell` and `leave` with what it saw. */
export type CrowdOrder =
  | {
      readonly kind: 'join';
      readonly target: WireTarget;
      readonly count: number;
      readonly perSecond: number;
      /** They know of Socket.IO alone, and send so many bytes. */
      readonly bare?: { readonly reportBytes: number };
    }
  | { readonly kind: 'forget-joins' }
  | { readonly kind: 'tell' }
  | { readonly kind: 'leave' };

export interface CrowdSight extends Readonly<Omit<Sight, 'joinMs' | 'heard'>> {
  readonly heard: Readonly<Record<number, Heard>>;
  /** From the first packet to `welcome`. */
  readonly joins: {
    readonly count: number;
    readonly p50Ms: number;
    readonly p99Ms: number;
    readonly maximumMs: number;
  };
  /** What the crowd itself costs, since its process began. */
  readonly cpuMs: number;
  readonly rssBytes: number;
}

const POLL_MS = 50;
const TYPESCRIPT = new URL('../typescript.mjs', import.meta.url).href;

/** Forks a script beside this one that is TypeScript. */
export const forkScript = (name: string, args: readonly string[] = []): ChildProcess =>
  fork(fileURLToPath(new URL(name, import.meta.url)), [...args], { execArgv: ['--import', TYPESCRIPT] });

/** Contributors in a process of their own, so that what is measured of the server holds none of them. */
export class Crowd {
  readonly #process = forkScript('./crowd-process.ts');

  join(target: WireTarget, count: number, perSecond: number, bare?: { readonly reportBytes: number }): void {
    this.#order({ kind: 'join', target, count, perSecond, ...(bare === undefined ? {} : { bare }) });
  }

  /** From here on only new joins are in `joins`. */
  forgetJoins(): void {
    this.#order({ kind: 'forget-joins' });
  }

  async tell(): Promise<CrowdSight> {
    return this.#answer({ kind: 'tell' });
  }

  /** Looks again until it holds; rejects with what was seen last, or with what nobody should have seen. */
  async until(what: string, withinMs: number, holds: (sight: CrowdSight) => boolean): Promise<CrowdSight> {
    const startedAt = performance.now();
    for (;;) {
      const sight = await this.tell();
      if (sight.wrong.length > 0) throw new Error(`${what}: ${sight.wrong.join('; ')}`);
      if (holds(sight)) return sight;
      if (performance.now() - startedAt > withinMs)
        throw new Error(`not within ${withinMs} ms: ${what} (${JSON.stringify(sight)})`);
      await sleep(POLL_MS);
    }
  }

  /** All of them go. */
  leave(): Promise<CrowdSight> {
    return this.#answer({ kind: 'leave' });
  }

  async close(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const ended = once(this.#process, 'exit');
    this.#process.disconnect();
    await ended;
  }

  async #answer(order: CrowdOrder): Promise<CrowdSight> {
    this.#order(order);
    const ended = new AbortController();
    const exit = (): void => ended.abort(new Error('the process of the contributors ended'));
    this.#process.once('exit', exit);
    try {
      const [sight] = (await once(this.#process, 'message', { signal: ended.signal })) as [CrowdSight];
      return sight;
    } finally {
      this.#process.off('exit', exit);
    }
  }

  #order(order: CrowdOrder): void {
    this.#process.send(order);
  }
}
