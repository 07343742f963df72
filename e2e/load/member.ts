import { createHash } from 'node:crypto';
import { get } from 'node:http';
import { exponentialReconnect } from '../../web/client/reconnect-policy.ts';
import { examplesOf } from '../bench/deltas.ts';
import type { Participation } from '../conformance/minimal-client.ts';
import type { Reports } from './reports.ts';
import { Wire, type WireAnswer, type WireTarget } from './wire.ts';

/** What many contributors saw, together. */
export interface Sight {
  /** Sessions that were opened, and how many are open. */
  readonly joinMs: number[];
  online: number;
  available: number;
  accepted: number;
  /** Of the reports and check-ins that were told to come again. */
  refusals: number;
  receivedBytes: number;
  sentBytes: number;
  /** Round → who heard of its end, and when by the clock: first and last. */
  readonly heard: Map<number, Heard>;
  /** What nobody should have seen, the first few. */
  readonly wrong: string[];
}
export interface Heard {
  readonly outcome: string;
  count: number;
  readonly firstAt: number;
  lastAt: number;
}

interface Assignment {
  readonly round: number;
  readonly token: string;
  readonly base: { readonly sha256: string; readonly bytes: number };
  readonly delivery: 'broadcast' | 'http' | 'held';
}
interface RoundEnd {
  readonly number: number;
  readonly outcome: string;
  readonly yours: string | null;
  readonly yoursReason?: string;
}

const WINDOW = 4;
const WRONG_SHOWN = 5;
const metrics = { lossBefore: null, lossAfter: null, accuracyBefore: null, accuracyAfter: null, trainingMs: 0 };
const policy = exponentialReconnect();
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** What all members of a process share: the weights that were looked at once, and the reports. */
export interface Common {
  readonly target: WireTarget;
  readonly reports: Reports;
  readonly sight: Sight;
  /** Weights whose hash was computed and is right, by it. */
  readonly verified: Map<string, Buffer>;
  draw(): number;
}

/** One contributor: checks in, reports what it is asked for, comes back when its connection ends. No training. */
export class Member {
  readonly #common: Common;
  readonly #number: number;
  readonly #secret: string;
  #wire: Wire | null = null;
  #participation: Participation | null = null;
  #heldSha256: string | null = null;
  #isAvailable = false;
  #hasLeft = false;
  #attempt = 0;
  #weights: ((bytes: Buffer) => void) | null = null;

  constructor(common: Common, number: number, secret: string) {
    this.#common = common;
    this.#number = number;
    this.#secret = secret;
  }

  open(): void {
    const startedAt = performance.now();
    const { target, sight } = this.#common;
    this.#wire = new Wire(
      target,
      { protocol: { min: 1, max: 1 }, secret: this.#secret },
      {
        event: (name, message, attachment) => {
          if (name !== 'welcome') return this.#hear(name, message, attachment);
          sight.joinMs.push(performance.now() - startedAt);
          sight.online += 1;
          this.#attempt = 0;
          const { participation, status } = message as { participation: Participation; status: { sha256: string } };
          this.#participation = participation;
          // Made before a round asks for it, as training would be done elsewhere.
          this.#common.reports.of(this.#number, participation, status.sha256);
          this.#do(this.#checkIn());
        },
        closed: (why) => this.#closed(why),
      },
    );
  }

  leave(): void {
    this.#hasLeft = true;
    this.#wire?.close();
  }

  #closed(why: string): void {
    const { sight, draw } = this.#common;
    const wire = this.#wire;
    sight.receivedBytes += wire?.receivedBytes ?? 0;
    sight.sentBytes += wire?.sentBytes ?? 0;
    this.#wire = null;
    if (this.#participation !== null) sight.online -= 1;
    else if (!/ECONNREFUSED|ECONNRESET|closed/.test(why)) this.#wrong(`not let in: ${why}`);
    this.#participation = null;
    this.#setAvailable(false);
    if (!this.#hasLeft) setTimeout(() => this.#hasLeft || this.open(), policy.delayMs(this.#attempt++, null, draw()));
  }

  #hear(name: string, message: unknown, attachment: Buffer | null): void {
    switch (name) {
      case 'assign':
        this.#setAvailable(false);
        this.#do(this.#work(message as Assignment));
        break;
      case 'weights':
        if (attachment !== null) this.#weights?.(attachment);
        break;
      case 'retry': {
        this.#setAvailable(false);
        const { afterMs, beforeMs } = message as { afterMs: number; beforeMs: number };
        this.#common.sight.refusals += 1;
        this.#do(sleep(afterMs + this.#common.draw() * (beforeMs - afterMs)).then(() => this.#checkIn()));
        break;
      }
      case 'round':
        this.#ended(message as RoundEnd);
        break;
      case 'refused':
        this.#wrong(JSON.stringify(message));
    }
  }

  #ended({ number, outcome, yours, yoursReason }: RoundEnd): void {
    const { heard } = this.#common.sight;
    const now = Date.now();
    const known = heard.get(number);
    if (known === undefined) heard.set(number, { outcome, count: 1, firstAt: now, lastAt: now });
    else {
      known.count += 1;
      known.lastAt = now;
    }
    if (yours === null) return;
    if (yours !== 'accepted' && yours !== 'surplus') this.#wrong(`round ${number}: ${yours} ${yoursReason ?? ''}`);
    this.#do(this.#checkIn());
  }

  async #checkIn(): Promise<void> {
    const examples = examplesOf(this.#number);
    const answer = await this.#ask('check-in', { examples, backend: 'other', held: this.#heldSha256 });
    if (answer?.ok === true) this.#setAvailable(true);
    else if (answer !== null) this.#wrong(`check-in: ${answer.reason}`);
  }

  async #work({ token, base, delivery }: Assignment): Promise<void> {
    const participation = this.#participation;
    if (participation === null) return;
    const bytes = await this.#take(base, delivery);
    if (bytes !== null) this.#verify(base.sha256, bytes);
    this.#heldSha256 = base.sha256;
    const report = this.#common.reports.of(this.#number, participation, base.sha256);
    const { sha256 } = report;
    const begun = await this.#ask('report-begin', { token, bytes: report.bytes, sha256, metrics });
    if (begun?.ok !== true) return this.#unlessLate('report-begin', begun);
    const left = [...report.chunks];
    const sender = async (): Promise<void> => {
      for (let chunk = left.shift(); chunk !== undefined; chunk = left.shift()) {
        const { index, crc32, frame } = chunk;
        const answer = await this.#ask('report-chunk', { token, index, crc32 }, frame);
        if (answer?.ok !== true) {
          left.length = 0;
          this.#unlessLate('report-chunk', answer);
        }
      }
    };
    await Promise.all(Array.from({ length: WINDOW }, sender));
    const ended = await this.#ask('report-end', { token });
    if (ended?.ok === true) this.#common.sight.accepted += 1;
    else this.#unlessLate('report-end', ended);
  }

  /** Null where it has them already. */
  async #take(base: Assignment['base'], delivery: Assignment['delivery']): Promise<Buffer | null> {
    if (delivery === 'held') return null;
    if (delivery === 'broadcast') return new Promise((resolve) => (this.#weights = resolve));
    return new Promise((resolve, reject) => {
      const { host, port } = this.#common.target;
      const request = get({ host, port, path: `/weights/${base.sha256}` }, (answer) => {
        const pieces: Buffer[] = [];
        answer.on('data', (piece: Buffer) => pieces.push(piece));
        answer.on('error', reject);
        answer.on('end', () => {
          this.#common.sight.receivedBytes += answer.socket.bytesRead;
          resolve(Buffer.concat(pieces));
        });
      });
      request.on('error', reject);
    });
  }

  /** Hashed once, and then compared: a tab has a processor for that, and here all share two with the server. */
  #verify(sha256: string, bytes: Buffer): void {
    const { verified } = this.#common;
    const known = verified.get(sha256);
    if (known !== undefined) {
      if (!known.equals(bytes)) this.#wrong(`other weights under ${sha256}`);
      return;
    }
    if (createHash('sha256').update(bytes).digest('hex') !== sha256) this.#wrong(`not the weights ${sha256}`);
    verified.clear();
    verified.set(sha256, Buffer.from(bytes));
  }

  /** As a tab does: when it is too much just now, later again. Null when the connection is gone. */
  async #ask(event: string, message: object, frame?: Buffer): Promise<WireAnswer | null> {
    for (;;) {
      const answer = (await this.#wire?.ask(event, message, frame).catch(() => null)) ?? null;
      if (answer?.reason !== 'rate' && answer?.reason !== 'busy') return answer;
      this.#common.sight.refusals += 1;
      await sleep(answer.retryAfterMs ?? 100);
    }
  }

  #setAvailable(isAvailable: boolean): void {
    if (isAvailable !== this.#isAvailable) this.#common.sight.available += isAvailable ? 1 : -1;
    this.#isAvailable = isAvailable;
  }

  #unlessLate(what: string, answer: WireAnswer | null): void {
    if (answer !== null && answer.reason !== 'late' && answer.reason !== 'surplus')
      this.#wrong(`${what}: ${answer.reason}`);
  }

  #wrong(what: string): void {
    const { wrong } = this.#common.sight;
    if (wrong.length < WRONG_SHOWN) wrong.push(what);
  }

  #do(work: Promise<unknown>): void {
    work.catch((error: unknown) => this.#wrong(error instanceof Error ? error.message : String(error)));
  }
}
