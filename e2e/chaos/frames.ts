/** One piece of a connection's bytes that can be lost, doubled or cut by itself. */
export interface Unit {
  /** `head`: of the HTTP request or answer; `frame`: one WebSocket frame (RFC 6455, section 5.2); `raw`: as they came. */
  readonly kind: 'head' | 'frame' | 'raw';
  readonly bytes: Buffer;
  /** Of a frame, where its contents begin. */
  readonly contentsAt: number;
}

const HEAD_END = '\r\n\r\n';
const OPCODE = 0x0f;
const IS_MASKED = 0x80;
const FIRST_CONTROL_OPCODE = 8;

/** Cuts one direction of a connection into units: a head, then frames where it became a WebSocket, else bytes as they come. */
export class UnitSplitter {
  #rest: Buffer = Buffer.alloc(0);
  #state: 'head' | 'frames' | 'raw' = 'head';

  /** Units that these bytes complete. */
  push(bytes: Buffer): Unit[] {
    this.#rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    const units: Unit[] = [];
    for (let unit = this.#next(); unit !== null; unit = this.#next()) units.push(unit);
    return units;
  }

  #next(): Unit | null {
    if (this.#rest.length === 0) return null;
    if (this.#state === 'raw') return this.#take('raw', this.#rest.length, 0);
    if (this.#state === 'head') {
      const end = this.#rest.indexOf(HEAD_END);
      if (end === -1) return null;
      const head = this.#rest.toString('latin1', 0, end);
      this.#state = /^upgrade: *websocket/im.test(head) ? 'frames' : 'raw';
      return this.#take('head', end + HEAD_END.length, 0);
    }
    const header = headerOf(this.#rest);
    if (header === null || this.#rest.length < header.contentsAt + header.length) return null;
    return this.#take('frame', header.contentsAt + header.length, header.contentsAt);
  }

  #take(kind: Unit['kind'], length: number, contentsAt: number): Unit {
    const bytes = this.#rest.subarray(0, length);
    this.#rest = this.#rest.subarray(length);
    return { kind, bytes, contentsAt };
  }
}

function headerOf(bytes: Buffer): { readonly contentsAt: number; readonly length: number } | null {
  if (bytes.length < 2) return null;
  const second = bytes.readUInt8(1);
  const short = second & ~IS_MASKED;
  const extended = short === 126 ? 2 : short === 127 ? 8 : 0;
  const contentsAt = 2 + extended + (second & IS_MASKED ? 4 : 0);
  if (bytes.length < contentsAt) return null;
  const length = extended === 2 ? bytes.readUInt16BE(2) : extended === 8 ? Number(bytes.readBigUInt64BE(2)) : short;
  return { contentsAt, length };
}

/** Closing, ping and pong of the WebSocket itself. */
export const isControl = ({ kind, bytes }: Unit): boolean =>
  kind === 'frame' && (bytes.readUInt8(0) & OPCODE) >= FIRST_CONTROL_OPCODE;

/** An ack of Socket.IO from the server, which masks nothing: `4`, a message of Engine.IO, and `3`, an ack. */
export const isAck = ({ kind, bytes, contentsAt }: Unit): boolean =>
  kind === 'frame' && bytes.toString('latin1', contentsAt, contentsAt + 2) === '43';
