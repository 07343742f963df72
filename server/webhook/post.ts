import { lookup } from 'node:dns/promises';
import { type IncomingMessage, type RequestOptions, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { isIP } from 'node:net';
import type { Clock } from '../../shared/clock.ts';
import { LIMITS } from '../../shared/limits.ts';
import { type AllowedHosts, pinned, type Resolve, readTarget, type Target } from './target.ts';

/** What became of one request: `status` is null where no answer came; `problem` is for the admin, in a few words. */
export type PostAnswer =
  | { readonly ok: true; readonly status: number }
  | { readonly ok: false; readonly status: number | null; readonly problem: string };

/** Sends a body to a URL, once. Never rejects. */
export type Post = (
  url: string,
  headers: Readonly<Record<string, string>>,
  body: string,
  signal: AbortSignal,
) => Promise<PostAnswer>;

export interface PostOptions {
  readonly allowed: AllowedHosts;
  readonly clock: Pick<Clock, 'after'>;
  readonly resolve?: Resolve;
  /** A certificate authority that is trusted alone, in the place of the system's. */
  readonly ca?: string;
}

export const resolveBySystem: Resolve = async (hostname) =>
  (await lookup(hostname, { all: true, verbatim: true })).map(({ address }) => address);

/**
 * POSTs against server-side request forgery (OWASP, "SSRF Prevention"): what the URL says and where its name leads are checked
 * for every request, and the connection goes to the address that was checked. Redirects are not followed, nothing is kept alive,
 * and an answer is read as far as a few kilobytes within a few seconds.
 */
export function createPost({ allowed, clock, resolve = resolveBySystem, ca }: PostOptions): Post {
  return async (text, headers, body, signal) => {
    const url = readTarget(text, allowed);
    if (!url.ok) return failed(url.failure);
    const deadline = new AbortController();
    const cancel = clock.after(LIMITS.webhookAnswerMs, () => deadline.abort());
    const either = AbortSignal.any([signal, deadline.signal]);
    try {
      const target = await Promise.race([pinned(url.value, allowed, resolve), aborted(either)]);
      if (!target.ok) return failed(target.failure);
      return await send(optionsOf(target.value, headers, body, ca), target.value.url.protocol, body, either);
    } catch (error) {
      if (deadline.signal.aborted) return failed('it took too long');
      const { code } = error as { readonly code?: unknown };
      return failed(typeof code === 'string' ? `it could not be reached (${code})` : 'it could not be reached');
    } finally {
      cancel();
    }
  };
}

const failed = (problem: string): PostAnswer => ({ ok: false, status: null, problem });

const aborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });

function optionsOf(
  { url, address }: Target,
  headers: Readonly<Record<string, string>>,
  body: string,
  ca: string | undefined,
): RequestOptions & { readonly servername?: string; readonly ca?: string } {
  const name = url.hostname.replace(/^\[|\]$/g, '');
  return {
    method: 'POST',
    // An address, so nothing looks the name up a second time.
    host: address,
    ...(url.port === '' ? {} : { port: url.port }),
    path: `${url.pathname}${url.search}`,
    headers: {
      ...headers,
      host: url.host,
      'content-type': 'application/json',
      'content-length': String(Buffer.byteLength(body)),
      'user-agent': 'fedtab-webhook',
      accept: '*/*',
    },
    agent: false,
    maxHeaderSize: 8_192,
    // The certificate is that of the name.
    ...(isIP(name) === 0 ? { servername: name } : {}),
    ...(ca === undefined ? {} : { ca }),
  };
}

/** Rejects when there is no answer. */
function send(options: RequestOptions, protocol: string, body: string, signal: AbortSignal): Promise<PostAnswer> {
  return new Promise((resolve, reject) => {
    const request = (protocol === 'https:' ? requestHttps : requestHttp)({ ...options, signal });
    request.on('error', reject);
    request.once('response', (response) => {
      readSome(response).then(() => resolve(judged(response.statusCode ?? 0)), reject);
    });
    request.end(body);
  });
}

function judged(status: number): PostAnswer {
  if (status >= 200 && status < 300) return { ok: true, status };
  const isElsewhere = status >= 300 && status < 400;
  return {
    ok: false,
    status,
    problem: isElsewhere ? `it answered ${status}, and redirects are not followed` : `it answered ${status}`,
  };
}

/** Resolves when the answer ended or is longer than anybody needs; rejects when it is cut off. */
function readSome(response: IncomingMessage): Promise<void> {
  return new Promise((resolve, reject) => {
    let bytes = 0;
    response.on('data', (chunk: Buffer) => {
      bytes += chunk.byteLength;
      if (bytes <= LIMITS.webhookAnswerBytes) return;
      resolve();
      response.destroy();
    });
    response.once('end', resolve);
    response.on('error', reject);
  });
}
