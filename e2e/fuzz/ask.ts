import { request } from 'node:http';
import type { Answer } from './answer.ts';

const ANSWER_WAIT_MS = 20_000;
/** Of an answer, what is kept to be looked at. */
const KEPT_BYTES = 100_000;
const CHUNK_BYTES = 65_536;

export interface Sent {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /** Its length is not announced. */
  readonly isChunked: boolean;
  /** Of the body; below 1 the connection is cut after it. */
  readonly share: number;
}

/** The answer to one call on a connection of its own; null where there can be none, since it was cut, or a body is refused unread. */
export function ask(port: number, { method, path, headers, body, isChunked, share }: Sent): Promise<Answer | null> {
  return new Promise((resolve, reject) => {
    const length: Record<string, string> =
      isChunked || body.length === 0 ? {} : { 'content-length': String(body.length) };
    const options = { host: '127.0.0.1', port, method, path, headers: { ...headers, ...length }, agent: false };
    const call = request(options, (response) => {
      let text = '';
      response.on('data', (bytes: Buffer) => {
        if (text.length < KEPT_BYTES) text += bytes.toString('latin1');
      });
      response.on('close', () => {
        call.destroy();
        resolve({
          ...{ status: response.statusCode ?? 0, type: response.headers['content-type'] ?? '' },
          ...{ text, isHead: method === 'HEAD' },
        });
      });
    });
    call.setTimeout(ANSWER_WAIT_MS, () => {
      call.destroy();
      reject(new Error(`${method} ${path} had no answer`));
    });
    call.on('error', (error) => {
      if (share < 1 || body.length > CHUNK_BYTES) resolve(null);
      else reject(new Error(`${method} ${path}: ${error.message}`));
    });
    if (share < 1) {
      call.flushHeaders();
      call.write(body.subarray(0, Math.floor(body.length * share)), () => call.destroy());
    } else if (isChunked) {
      for (let at = 0; at < body.length; at += CHUNK_BYTES) call.write(body.subarray(at, at + CHUNK_BYTES));
      call.end();
    } else call.end(body);
  });
}
