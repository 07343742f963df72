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
  app.addContentTypeParser('application/octet-stream', { parseAs: 'buffer' }, (_request, body, done) =>
    done(null, body),
  );

  const rateLimit = { max: LIMITS.weightUploadsPerMinute, timeWindow: 60_000 };
  const options = { bodyLimit: LIMITS.uploadedWeightsBytes, config: { rateLimit } };
  app.post('/api/weights', options, async (request, reply) => {
    const { body } = request;
    if (!Buffer.isBuffer(body)) return deny(reply, 415, 'unsupported-media-type', 'send application/octet-stream');
    // A copy: what crosses to the thread takes the memory around it along, which a small buffer shares with others.
    const kept = await arithmetic.keep(Uint8Array.from(body));
    if ('problem' in kept) return denyProblems(reply, [{ path: '', message: kept.problem }]);
    await audit.record(request.admin?.actor ?? 'unknown', 'weights.keep', null, { ...kept });
    return reply.code(201).send(kept);
  });
}
