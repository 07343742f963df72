import { randomBytes } from 'node:crypto';
import { io, type Socket } from 'socket.io-client';
import type { AssignmentToken } from '../../shared/ids.ts';
import { LIMITS } from '../../shared/limits.ts';
import { chunkCountOf, crc32 } from '../../shared/wire/chunk.ts';
import { type Assignment, frameOf, type Participation, sha256 } from '../conformance/minimal-client.ts';
import { type Edit, edited } from './edits.ts';
import { type Mutation, mutated } from './mutations.ts';
import { type ContributorState, type EventName, STATES, type Step } from './steps.ts';

/** How long what must come is waited for: without a round under way no assignment comes, and that is no fault. */
const ASSIGN_WAIT_MS = 150;
const ANSWER_WAIT_MS = 20_000;

const metrics = { lossBefore: null, lossAfter: 0.5, accuracyBefore: null, accuracyAfter: 1, trainingMs: 3 };
const NO_TOKEN = '0'.repeat(32) as AssignmentToken;

/** A contributor who does what a script says, and knows what would be right where it stands. */
export class Contributor {
  messages = 0;
  readonly #url: string;
  readonly #task: string;
  #secret = randomBytes(16).toString('hex');
  #socket: Socket;
  /** Resolves once the server has said whether it lets the socket in. */
  #decided: Promise<void> = Promise.resolve();
  #participation: Participation | null = null;
  #assignment: Assignment | null = null;
  #frame: Buffer = Buffer.alloc(0);
  #assigned: (() => void)[] = [];

  readonly #note: (state: ContributorState) => void;
  #state: ContributorState = 'joined';

  /** `note` is told where it stands, for every step. */
  constructor(url: string, task: string, note: (state: ContributorState) => void) {
    this.#url = url;
    this.#task = task;
    this.#note = note;
    this.#socket = this.#open(null);
  }

  get state(): ContributorState {
    return this.#state;
  }

  async take(step: Step): Promise<void> {
    if (this.#socket.connected) this.#note(this.#state);
    switch (step.kind) {
      case 'advance':
        return this.advance(step.to);
      case 'event': {
        const [message, ...bytes] = this.#right(step.event);
        const args = [step.change === null ? message : mutated(message, step.change), ...bytes];
        for (let time = 0; time < step.times; time++) this.#send(step.event, args, step.hasAck);
        return;
      }
      case 'arguments':
        this.#send(step.event, [...step.args, ...(step.bytes === null ? [] : [Buffer.alloc(step.bytes, 7)])], true);
        return;
      case 'packet':
        return this.#raw(...editedPacket(this.#right(step.event), step.event, step.edits));
      case 'text':
        return this.#raw(step.text);
      case 'bytes':
        return this.#raw(Buffer.alloc(step.length, 3));
      case 'join':
        return this.#rejoin(step.change, step.isSame);
    }
  }

  /** Does the right things up to this state, as far as the server has a part for it. */
  async advance(to: ContributorState): Promise<void> {
    if (!(await this.#isOpen())) await this.#rejoin(null, true);
    if (!(await this.#isOpen())) return;
    const upTo = STATES.indexOf(to);
    this.#state = 'joined';
    if (upTo < 1) return;
    const assigned = new Promise<true>((resolve) => this.#assigned.push(() => resolve(true)));
    await this.#ask('check-in', ...this.#right('check-in'));
    this.#state = 'waiting';
    if (upTo < 2) return;
    if (!(await Promise.race([assigned, waited(ASSIGN_WAIT_MS)]))) return;
    this.#state = 'assigned';
    if (upTo < 3) return;
    await this.#ask('report-begin', ...this.#right('report-begin'));
    this.#state = 'announced';
    for (let index = 0; upTo > 3 && index < chunkCountOf(this.#frame.length); index++) {
      if (upTo === 4 && index > 0) break;
      await this.#ask('report-chunk', ...this.#chunk(index));
    }
    if (upTo > 3) this.#state = upTo > 4 ? 'sent' : 'half-sent';
    if (upTo < 6) return;
    await this.#ask('report-end', ...this.#right('report-end'));
    this.#state = 'reported';
  }

  /** Resolves once everything that was sent is answered, or the connection is closed for it. */
  async settle(): Promise<void> {
    await this.#ask('resume', { token: NO_TOKEN });
  }

  close(): void {
    this.#socket.disconnect();
  }

  #open(change: Mutation | null): Socket {
    const auth = { protocol: { min: 1, max: 1 }, secret: this.#secret };
    const changed = change === null ? auth : mutated(auth, change);
    this.messages += 1;
    const socket = io(this.#url, {
      query: { task: this.#task },
      auth: (typeof changed === 'object' && changed !== null ? changed : { odd: changed }) as Record<string, unknown>,
      transports: ['websocket'],
      reconnection: false,
      forceNew: true,
    });
    this.#decided = new Promise((resolve) => {
      for (const event of ['welcome', 'connect_error', 'disconnect']) socket.once(event, () => resolve());
    });
    socket.on('welcome', ({ participation }: { participation: Participation }) => {
      this.#participation = participation;
    });
    socket.on('assign', (assignment: Assignment) => this.#begin(assignment));
    return socket;
  }

  #begin(assignment: Assignment): void {
    if (this.#participation === null) return;
    this.#assignment = assignment;
    const delta = new Float32Array(this.#participation.parameters).fill(1e-3);
    this.#frame = frameOf({ delta, examples: 1, steps: 1 }, this.#participation, assignment);
    for (const tell of this.#assigned.splice(0)) tell();
  }

  async #rejoin(change: Mutation | null, isSame: boolean): Promise<void> {
    this.#socket.disconnect();
    if (!isSame) this.#secret = randomBytes(16).toString('hex');
    this.#socket = this.#open(change);
    await this.#isOpen();
  }

  /** Connected, once that is decided. */
  async #isOpen(): Promise<boolean> {
    await this.#decided;
    return this.#socket.connected;
  }

  /** The arguments that would be right here. */
  #right(event: EventName): unknown[] {
    const token = this.#assignment?.token ?? NO_TOKEN;
    switch (event) {
      case 'check-in':
        return [{ examples: 1, backend: 'other', held: this.#assignment?.base.sha256 ?? null, stepMs: 1 }];
      case 'check-out':
      case 'forget':
        return [{}];
      case 'resume':
      case 'report-end':
        return [{ token }];
      case 'report-begin':
        return [{ token, bytes: this.#frame.length, sha256: sha256(this.#frame), metrics }];
      case 'report-chunk':
        return this.#chunk(0);
      case 'progress':
        return [{ token, phase: 'training', share: 0.5 }];
    }
  }

  #chunk(index: number): [object, Buffer] {
    const token = this.#assignment?.token ?? NO_TOKEN;
    const bytes = this.#frame.subarray(index * LIMITS.chunkBytes, (index + 1) * LIMITS.chunkBytes);
    return [{ token, index, crc32: crc32(bytes) }, bytes];
  }

  #send(event: string, args: readonly unknown[], hasAck: boolean): void {
    if (!this.#socket.connected) return;
    this.messages += 1;
    try {
      if (hasAck) this.#socket.emit(event, ...args, () => {});
      else this.#socket.emit(event, ...args);
    } catch {
      // This side's own encoder refuses some names: `connect`, `disconnect`.
    }
  }

  #raw(...packets: (string | Uint8Array)[]): void {
    if (!this.#socket.connected) return;
    this.messages += packets.length;
    for (const packet of packets) this.#socket.io.engine.write(packet as never);
  }

  async #ask(event: string, ...args: unknown[]): Promise<void> {
    const socket = this.#socket;
    if (!socket.connected) return;
    this.messages += 1;
    const gone = new Promise<void>((resolve) => socket.once('disconnect', () => resolve()));
    await Promise.race([socket.timeout(ANSWER_WAIT_MS).emitWithAck(event, ...args), gone]);
  }
}

/** The packet that an event would be, changed; its attachment follows as it is. */
function editedPacket(args: readonly unknown[], event: EventName, edits: readonly Edit[]): (string | Uint8Array)[] {
  const bytes = args.filter((arg): arg is Uint8Array => arg instanceof Uint8Array);
  const plain = args.map((arg) => (arg instanceof Uint8Array ? { _placeholder: true, num: 0 } : arg));
  const text = `${bytes.length > 0 ? `5${bytes.length}-` : '2'}7${JSON.stringify([event, ...plain])}`;
  return [edited(text, edits), ...bytes];
}

const waited = (ms: number): Promise<false> =>
  new Promise((resolve) => {
    setTimeout(() => resolve(false), ms);
  });
