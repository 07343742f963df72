import { connect, type Socket } from 'node:net';

/**
 * A contributor's connection at as little cost as can be: WebSocket, Engine.IO and Socket.IO as PROTOCOL.md shows them
 * byte by byte, over a bare TCP socket. Ten thousand of them fit beside the server that they load.
 */

export interface WireAnswer {
  readonly ok: boolean;
  readonly reason?: string;
  readonly message?: string;
  readonly retryAfterMs?: number;
  readonly receipt?: { readonly status: string } | null;
}

export interface WireListener {
  event(name: string, message: unknown, attachment: Buffer | null): void;
  /** Once, however it ended: refused, cut, closed by either side. */
  closed(why: string): void;
}

export interface WireTarget {
  readonly host: string;
  readonly port: number;
  readonly task: string;
}

/** RFC 6455 asks for a key that nobody can foresee, against caches that could be deceived: there are none here. */
const MASK = Buffer.of(0x37, 0xfa, 0x21, 0x3d);
const TEXT = 1;
const BINARY = 2;
const CLOSE = 8;
const HEAD_END = '\r\n\r\n';

/** A whole frame as a client must send it: masked once, and sent as often as is liked. */
export function frameOf(opcode: typeof TEXT | typeof BINARY, contents: Uint8Array): Buffer {
  const { length } = contents;
  const extended = length < 126 ? 0 : length < 65_536 ? 2 : 8;
  const start = 2 + extended + MASK.length;
  const frame = Buffer.allocUnsafe(start + length);
  frame[0] = 0x80 | opcode;
  frame[1] = 0x80 | (extended === 0 ? length : extended === 2 ? 126 : 127);
  if (extended === 2) frame.writeUInt16BE(length, 2);
  if (extended === 8) frame.writeBigUInt64BE(BigInt(length), 2);
  MASK.copy(frame, 2 + extended);
  for (let at = 0; at < length; at++) frame[start + at] = (contents[at] as number) ^ (MASK[at & 3] as number);
  return frame;
}

export const attachmentOf = (contents: Uint8Array): Buffer => frameOf(BINARY, contents);

export class Wire {
  readonly #socket: Socket;
  readonly #auth: object;
  readonly #listener: WireListener;
  readonly #asked = new Map<number, { answer: (answer: WireAnswer) => void; failed: (error: Error) => void }>();
  #count = 0;
  #pieces: Buffer[] = [];
  #held = 0;
  /** Bytes that the unit at the beginning takes, as far as is known. */
  #wanted = 2;
  #isUpgraded = false;
  #isClosed = false;
  /** A binary event whose attachment is still to come. */
  #waiting: string | null = null;

  constructor({ host, port, task }: WireTarget, auth: object, listener: WireListener) {
    this.#auth = auth;
    this.#listener = listener;
    const socket = connect({ host, port, noDelay: true });
    this.#socket = socket;
    socket.write(
      `GET /socket.io/?EIO=4&transport=websocket&task=${task} HTTP/1.1\r\nHost: ${host}:${port}\r\nConnection: Upgrade\r\n` +
        `Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==${HEAD_END}`,
    );
    socket.on('data', (bytes: Buffer) => this.#take(bytes));
    socket.on('error', (error) => this.#end(error.message));
    socket.on('close', () => this.#end('closed'));
  }

  get receivedBytes(): number {
    return this.#socket.bytesRead;
  }

  get sentBytes(): number {
    return this.#socket.bytesWritten;
  }

  /** An event for its ack, with an attachment made by `attachmentOf`. Rejects when the connection ends before. */
  ask(event: string, message: object, attachment?: Buffer): Promise<WireAnswer> {
    const id = this.#count++;
    const text =
      attachment === undefined
        ? `42${id}${JSON.stringify([event, message])}`
        : `451-${id}${JSON.stringify([event, message, { _placeholder: true, num: 0 }])}`;
    return new Promise((answer, failed) => {
      if (this.#isClosed) return failed(new Error('the connection is closed'));
      this.#asked.set(id, { answer, failed });
      this.#say(text);
      if (attachment !== undefined) this.#socket.write(attachment);
    });
  }

  close(): void {
    this.#socket.destroy();
    this.#end('closed');
  }

  #say(text: string): void {
    this.#socket.write(frameOf(TEXT, Buffer.from(text)));
  }

  #end(why: string): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#pieces = [];
    for (const { failed } of this.#asked.values()) failed(new Error(`the connection ended: ${why}`));
    this.#asked.clear();
    this.#socket.destroy();
    this.#listener.closed(why);
  }

  #take(bytes: Buffer): void {
    this.#pieces.push(bytes);
    this.#held += bytes.length;
    // Pieces are put together once the whole unit is there, not at each of them.
    while (!this.#isClosed && this.#held >= this.#wanted) {
      const all = this.#pieces.length === 1 ? (this.#pieces[0] as Buffer) : Buffer.concat(this.#pieces);
      const used = this.#isUpgraded ? this.#frame(all) : this.#head(all);
      const rest = all.subarray(used);
      this.#pieces = rest.length === 0 ? [] : [rest];
      this.#held = rest.length;
      if (used === 0) return;
    }
  }

  /** Bytes that were used; 0 where it is not whole. */
  #head(all: Buffer): number {
    const end = all.indexOf(HEAD_END);
    if (end === -1) return 0;
    if (all.toString('latin1', 9, 12) === '101') this.#isUpgraded = true;
    else this.#end(all.toString('latin1', 0, 12));
    return end + HEAD_END.length;
  }

  #frame(all: Buffer): number {
    const short = all[1] as number;
    const start = short < 126 ? 2 : short === 126 ? 4 : 10;
    this.#wanted = start;
    if (all.length < start) return 0;
    const length = start === 2 ? short : start === 4 ? all.readUInt16BE(2) : Number(all.readBigUInt64BE(2));
    this.#wanted = start + length;
    if (all.length < start + length) return 0;
    this.#wanted = 2;
    const opcode = (all[0] as number) & 0x0f;
    const contents = all.subarray(start, start + length);
    if (opcode === TEXT) this.#text(contents.toString());
    else if (opcode === BINARY) this.#attachment(contents);
    else if (opcode === CLOSE) this.#end('closed by the server');
    return start + length;
  }

  #text(text: string): void {
    if (text === '2') this.#say('3');
    else if (text.startsWith('0')) this.#say(`40${JSON.stringify(this.#auth)}`);
    else if (text.startsWith('44')) this.#end(text.slice(2));
    else if (text.startsWith('42')) this.#event(text.slice(2), null);
    else if (text.startsWith('451-')) this.#waiting = text.slice(4);
    else if (text.startsWith('43')) this.#ack(text);
  }

  #ack(text: string): void {
    const at = text.indexOf('[');
    const id = Number(text.slice(2, at));
    const [answer] = JSON.parse(text.slice(at)) as [WireAnswer];
    this.#asked.get(id)?.answer(answer);
    this.#asked.delete(id);
  }

  #attachment(bytes: Buffer): void {
    const text = this.#waiting;
    this.#waiting = null;
    if (text !== null) this.#event(text, bytes);
  }

  #event(text: string, attachment: Buffer | null): void {
    const [name, message] = JSON.parse(text) as [string, unknown];
    this.#listener.event(name, message, attachment);
  }
}
