import type { Readable } from 'node:stream';
import { errorCodes, type FastifyRequest } from 'fastify';
import { LIMITS } from '../../../shared/limits.ts';
import type { Authentication } from '../authentication.ts';
import type { App, HttpDependencies } from '../dependencies.ts';
import { deny, denyProblems } from '../errors.ts';

/**
 * `POST /api/weights`: the initial weights of a task to come, as one flat little-endian float32 vector in the order of
 * its layers. Answered with their name, which `model.weights` of the task takes. What no task takes goes with the next
 * sweep after `LIMITS.blobGraceMs`.
 */
export function weightUploadRoutes(app: App, { arithmetic, audit }: HttpDependencies, auth: Authentication): void {
  app.addHook('onRequest', auth.requireAdmin);
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/octet-stream', (request: FastifyRequest, body: Readable) =>
    wholeOf(body, request.headers['content-length']),
  );

  const rateLimit = { max: LIMITS.weightUploadsPerMinute, timeWindow: 60_000 };
  const options = { bodyLimit: LIMITS.uploadedWeightsBytes, config: { rateLimit } };
  app.post('/api/weights', options, async (request, reply) => {
    const { body } = request;
    if (!(body instanceof Uint8Array))
      return deny(reply, 415, 'unsupported-media-type', 'send application/octet-stream');
    const kept = await arithmetic.keep(body);
    if ('problem' in kept) return denyProblems(reply, [{ path: '', message: kept.problem }]);
    await audit.record(request.admin?.actor ?? 'unknown', 'weights.keep', null, { ...kept });
    return reply.code(201).send(kept);
  });
}

/**
 * A body in memory of its own, which crosses to the thread. Each piece is put in its place as it comes: put together at the end, as
 * Fastify does it, 64 MiB kept the main thread for a quarter of a second. Memory that is not written to is not taken yet.
 */
function wholeOf(body: Readable, announced: string | undefined): Promise<Uint8Array> {
  const lengthBytes = announced === undefined ? LIMITS.uploadedWeightsBytes : Number(announced);
  return new Promise((resolve, reject) => {
    if (lengthBytes > LIMITS.uploadedWeightsBytes) return reject(new errorCodes.FST_ERR_CTP_BODY_TOO_LARGE());
    const whole = new Uint8Array(lengthBytes);
    let at = 0;
    body.on('data', (piece: Uint8Array) => {
      if (at + piece.length > whole.length) return reject(new errorCodes.FST_ERR_CTP_BODY_TOO_LARGE());
      whole.set(piece, at);
      at += piece.length;
    });
    body.on('end', () => resolve(whole.subarray(0, at)));
    // Whoever sent it is gone.
    body.on('error', () => reject(new errorCodes.FST_ERR_CTP_INVALID_CONTENT_LENGTH()));
  });
}
