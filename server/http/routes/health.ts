import type { App, HttpDependencies } from '../dependencies.ts';
import { deny } from '../errors.ts';

/** Liveness, readiness, and figures for Prometheus. They answer also while the server drains. */
export function healthRoutes(app: App, { readiness, metrics }: HttpDependencies): void {
  app.get('/healthz', async () => ({ status: 'ok' }));

  app.get('/readyz', async (_request, reply) => {
    const state = readiness();
    if (state === 'ready') return { status: 'ready' };
    return deny(reply, 503, state, state === 'draining' ? 'the server is shutting down' : 'the server is starting');
  });

  app.get('/metrics', async (_request, reply) => reply.type(metrics.contentType).send(await metrics.text()));
}
