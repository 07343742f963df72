import { createHash } from 'node:crypto';
import { Agent, get } from 'node:http';
import type { Socket as TcpSocket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { crc32 } from 'node:zlib';
import type { Socket } from 'socket.io-client';
import { type Answer, type Assignment, join, type Participation } from '../conformance/minimal-client.ts';

/** What one contributor saw, counted on its own connections. */
export interface ContributorFigures {
  accepted: number;
  /** Bodies of weights whose SHA-256 was the announced one, and their bytes. */
  downloads: number;
  weightsBytes: number;
  /** Whole connections: HTTP and WebSocket, headers and frames included. */
  receivedBytes: number;
  sentBytes: number;
  /** Times it was told to come back or to send something again. */
  refusals: number;
}

const CHUNK = 262_144;
const WINDOW = 4;
const HEADER = 96;
/** An ack that takes longer ends the run: a machine may be slow, but not that slow. */
const PATIENCE_MS = 180_000;
const metrics = { lossBefore: null, lossAfter: null, accuracyBefore: null, accuracyAfter: null, trainingMs: 0 };

/** A report of the same body as others', with a header of its own: no copy of the body is made. */
export interface Frame {
  readonly header: Buffer;
  readonly body: Buffer;
}

export function headerOf(
  bodyBytes: number,
  participation: Participation,
  baseSha256: string,
  examples: number,
): Buffer {
  const header = Buffer.alloc(HEADER);
  header.write('FTR1');
  header.writeUInt32LE(participation.parameters, 8);
  header.writeUInt32LE(examples, 12);
  header.writeUInt32LE(1, 16);
  header.writeUInt32LE(bodyBytes, 20);
  header.write(participation.layoutSha256, 24, 'hex');
  header.write(baseSha256, 56, 'hex');
  return header;
}

function chunkOf({ header, body }: Frame, index: number): Buffer {
  const start = index * CHUNK - HEADER;
  return index === 0 ? Buffer.concat([header, body.subarray(0, CHUNK - HEADER)]) : body.subarray(start, start + CHUNK);
}

/** One contributor of many in a process: the protocol, and no training. It keeps nothing of the weights but their hash. */
export class Contributor {
  readonly figures: ContributorFigures = {
    accepted: 0,
    downloads: 0,
    weightsBytes: 0,
    receivedBytes: 0,
    sentBytes: 0,
    refusals: 0,
  };
  readonly #url: string;
  readonly #socket: Socket;
  readonly #participation: Participation;
  readonly #body: Buffer;
  readonly #examples: number;
  // Its own connection, as every tab has one.
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  readonly #connections = new Set<TcpSocket>();
  #held: string | null = null;

  static async join(url: string, task: string, body: Buffer, examples: number): Promise<Contributor> {
    const { socket, participation } = await join(url, task);
    return new Contributor(url, socket, participation, body, examples);
  }

  private constructor(url: string, socket: Socket, participation: Participation, body: Buffer, examples: number) {
    this.#url = url;
    this.#socket = socket;
    this.#participation = participation;
    this.#body = body;
    this.#examples = examples;
    const { transport } = socket.io.engine as unknown as { transport: { ws: { _socket: TcpSocket } } };
    this.#connections.add(transport.ws._socket);
  }

  /** Takes part until so many rounds that it had a part in have ended. */
  takePart(rounds: number): Promise<void> {
    const socket = this.#socket;
    let left = rounds;
    return new Promise((resolve, reject) => {
      socket.on('assign', (assignment: Assignment) => void this.#work(assignment).catch(reject));
      socket.on('retry', ({ afterMs }: { afterMs: number }) => {
        this.figures.refusals += 1;
        void sleep(afterMs).then(() => this.#checkIn(reject));
      });
      socket.on('round', ({ yours }: { yours: string | null }) => {
        if (yours !== null) left -= 1;
        if (left > 0) void this.#checkIn(reject);
        else resolve();
      });
      socket.on('refused', reject);
      socket.on('disconnect', (reason) => reject(new Error(`disconnected: ${reason}`)));
      void this.#checkIn(reject);
    });
  }

  leave(): ContributorFigures {
    for (const { bytesRead, bytesWritten } of this.#connections) {
      this.figures.receivedBytes += bytesRead;
      this.figures.sentBytes += bytesWritten;
    }
    this.#socket.removeAllListeners();
    this.#socket.disconnect();
    this.#agent.destroy();
    return this.figures;
  }

  async #checkIn(failed: (error: unknown) => void): Promise<void> {
    const answer = await this.#ask('check-in', {
      examples: this.#examples,
      backend: 'other',
      held: this.#held,
    });
    if (!answer.ok) failed(new Error(`check-in: ${answer.reason}`));
  }

  async #work({ token, base, delivery }: Assignment): Promise<void> {
    if (delivery === 'http') await this.#download(base.sha256);
    if (this.#held !== base.sha256)
      throw new Error(`the weights came by ${delivery}, which this contributor does not do`);
    const frame = {
      header: headerOf(this.#body.byteLength, this.#participation, base.sha256, this.#examples),
      body: this.#body,
    };
    await this.#report(token, frame);
  }

  #download(sha256: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const request = get(`${this.#url}/weights/${sha256}`, { agent: this.#agent }, (answer) => {
        const hash = createHash('sha256');
        answer.on('error', reject);
        answer.on('data', (bytes: Buffer) => {
          hash.update(bytes);
          this.figures.weightsBytes += bytes.byteLength;
        });
        answer.on('end', () => {
          if (hash.digest('hex') !== sha256) return reject(new Error('the weights do not match their hash'));
          this.figures.downloads += 1;
          this.#held = sha256;
          resolve();
        });
      });
      request.on('socket', (socket) => this.#connections.add(socket));
      request.on('error', reject);
    });
  }

  async #report(token: string, frame: Frame): Promise<void> {
    const bytes = HEADER + frame.body.byteLength;
    const sha256 = createHash('sha256').update(frame.header).update(frame.body).digest('hex');
    const begun = await this.#ask('report-begin', { token, bytes, sha256, metrics });
    if (!begun.ok) throw new Error(`report-begin: ${begun.reason}`);
    let next = 0;
    const sender = async (): Promise<void> => {
      for (let index = next++; index * CHUNK < bytes; index = next++) {
        const chunk = chunkOf(frame, index);
        const answer = await this.#ask('report-chunk', { token, index, crc32: crc32(chunk) }, chunk);
        if (!answer.ok) throw new Error(`report-chunk: ${answer.reason}`);
      }
    };
    await Promise.all(Array.from({ length: WINDOW }, sender));
    const ended = await this.#ask('report-end', { token });
    if (!ended.ok) throw new Error(`report-end: ${ended.reason}`);
    this.figures.accepted += 1;
  }

  /** As a tab does: when the server says that it is too much just now, later again. */
  async #ask(event: string, ...args: unknown[]): Promise<Answer> {
    const answer: Answer = await this.#socket.timeout(PATIENCE_MS).emitWithAck(event, ...args);
    if (answer.reason !== 'rate' && answer.reason !== 'busy' && answer.reason !== 'chunk') return answer;
    this.figures.refusals += 1;
    await sleep(answer.retryAfterMs ?? 100);
    return this.#ask(event, ...args);
  }
}
