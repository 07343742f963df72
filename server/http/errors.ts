import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import type { Problem } from '../../shared/errors.ts';
import type { Control } from '../rounds/port.ts';
import { CorruptBlobError } from '../storage/blobs/port.ts';
import type { App } from './dependencies.ts';

export interface ErrorBody {
  readonly error: { readonly code: string; readonly message: string; readonly problems?: readonly Problem[] };
}

export const errorBody = (code: string, message: string, problems?: readonly Problem[]): ErrorBody => ({
  error: problems === undefined ? { code, message } : { code, message, problems },
});

/** Answers a refusal; every error of the server has this shape. */
export function deny(
  reply: FastifyReply,
  status: number,
  code: string,
  message: string,
  problems?: readonly Problem[],
): FastifyReply {
  return reply
    .code(status)
    .header('cache-control', 'no-store')
    .send(errorBody(code, message, problems));
}

export const denyProblems = (reply: FastifyReply, problems: readonly Problem[]): FastifyReply =>
  deny(
    reply,
    422,
    'invalid',
    problems.length === 1 ? 'one field is not valid' : `${problems.length} fields are not valid`,
    problems,
  );

export const denyControl = (reply: FastifyReply, control: Extract<Control, { ok: false }>): FastifyReply =>
  deny(reply, control.status, control.code, control.message, control.problems);

/** Codes of what Fastify itself refuses, by status. */
const CODES: Readonly<Record<number, string>> = {
  400: 'syntax',
  401: 'unauthorized',
  403: 'forbidden',
  404: 'not-found',
  405: 'not-found',
  408: 'timeout',
  413: 'too-large',
  414: 'too-large',
  415: 'unsupported-media-type',
  416: 'range',
  429: 'rate',
  431: 'too-large',
  503: 'draining',
};

/** One shape for Fastify's own errors, unknown routes and our bugs. What went wrong inside is logged, never sent. */
export function answerErrors(app: App): void {
  app.setErrorHandler((error: FastifyError, request: FastifyRequest, reply: FastifyReply) => {
    // Whoever found it has logged it.
    if (error instanceof CorruptBlobError)
      return deny(reply, 503, 'damaged', 'these weights are damaged on the server, and are not given out');
    const status = error.statusCode ?? 500;
    if (status >= 400 && status < 500) return deny(reply, status, CODES[status] ?? 'syntax', error.message);
    if (status === 503) return deny(reply, 503, 'draining', 'the server is shutting down; come back');
    request.log.error({ err: error, requestId: request.id }, 'request failed');
    return deny(reply, 500, 'internal', `something went wrong on the server; it is logged as ${request.id}`);
  });
  app.setNotFoundHandler((_request, reply) => deny(reply, 404, 'not-found', 'there is nothing at this address'));
}

/** A response to bytes that are not HTTP, or headers that never end. */
export function rawRefusal(code: string | undefined): string {
  const [status, reason, name] =
    code === 'HPE_HEADER_OVERFLOW'
      ? [431, 'Request Header Fields Too Large', 'too-large']
      : code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? [408, 'Request Timeout', 'timeout']
        : [400, 'Bad Request', 'syntax'];
  const body = JSON.stringify(errorBody(name, reason));
  return [
    `HTTP/1.1 ${status} ${reason}`,
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
    '',
    body,
  ].join('\r\n');
}
