import { LIMITS } from '../../../shared/limits.ts';
import { formOf } from '../../../shared/task/kinds/index.ts';
import { encodeSamples } from '../../../shared/wire/samples.ts';
import type { Authentication } from '../authentication.ts';
import type { App, HttpDependencies } from '../dependencies.ts';
import { deny } from '../errors.ts';
import { findTask, parseQueryCount } from '../parsing.ts';

const DEFAULT_COUNT = 600;

/**
 * `GET /api/tasks/:id/samples?count=600`: the next examples of the sample data (format in `shared/wire/samples.ts`).
 * When all were handed out, it starts over and says so: `fedtab-samples-reused` and the shard's header have the count.
 */
export function sampleRoutes(app: App, { coordinator, samples, server }: HttpDependencies, auth: Authentication): void {
  // One shard takes hundreds of reads: fewer a minute than other calls, still one for each socket of an address.
  const rateLimit = { max: Math.max(60, server.maxPerAddress), timeWindow: 60_000 };

  app.get(
    '/api/tasks/:id/samples',
    { onRequest: auth.recogniseAdmin, exposeHeadRoute: false, config: { rateLimit } },
    async (request, reply) => {
      const row = findTask(coordinator, request, reply);
      const range = { minimum: 1, maximum: LIMITS.samplesPerRequestCount, fallback: DEFAULT_COUNT };
      const count = row && parseQueryCount(request, reply, 'count', range);
      if (row === undefined || count === undefined) return reply;
      const shard = await samples.take(row, count);
      if (shard === null) return deny(reply, 404, 'no-samples', 'this server has no sample data for this task');
      return reply
        .type('application/octet-stream')
        .header('fedtab-samples-reused', shard.reusedCount)
        .send(Buffer.from(encodeSamples(shard, formOf(row.spec.data)).buffer));
    },
  );
}
