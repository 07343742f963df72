import cookie from '@fastify/cookie';
import rateLimit from '@fastify/rate-limit';
import fastify, { type FastifyReply, type FastifyRequest, type FastifyServerOptions, LogController } from 'fastify';
import { LIMITS } from '../../shared/limits.ts';
import { createAuthentication } from './authentication.ts';
import type { App, HttpDependencies } from './dependencies.ts';
import { answerErrors, deny, rawRefusal } from './errors.ts';
import { isExcessive } from './json-extent.ts';
import { controlRoutes } from './routes/control.ts';
import { healthRoutes } from './routes/health.ts';
import { modelRoutes } from './routes/model.ts';
import { pageRoutes } from './routes/pages.ts';
import { sampleRoutes } from './routes/samples.ts';
import { sessionRoutes } from './routes/session.ts';
import { taskRoutes } from './routes/tasks.ts';
import { webhookRoutes } from './routes/webhook.ts';
import { weightUploadRoutes } from './routes/weight-upload.ts';
import { weightsRoutes } from './routes/weights.ts';
import { addSecurityHeaders, shareAcrossOrigins } from './security.ts';

export type { App, HttpDependencies, Readiness } from './dependencies.ts';

/** Against slow and oversized requests (threat C6); Node's defaults are 60 s, 300 s, 30 s and 16 KiB. */
const NODE_HTTP = {
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  connectionsCheckingInterval: 5_000,
  maxHeaderSize: 8_192,
  // Above what load balancers use, so that they close idle connections and not we.
  keepAliveTimeout: 75_000,
} as const;
const MAX_HEADERS_COUNT = 64;

/** Every route of DESIGN §8, not yet listening: the gateway attaches to `app.server` first. */
export async function createHttp(dependencies: HttpDependencies): Promise<App> {
  const { logger, readiness, metrics, server, addressOf } = dependencies;
  const options = {
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: LIMITS.apiBodyBytes,
    requestTimeout: NODE_HTTP.requestTimeout,
    keepAliveTimeout: NODE_HTTP.keepAliveTimeout,
    // Our own hook answers 503 while draining, in the shape of every error and with a Retry-After.
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    routerOptions: { maxParamLength: 128 },
    frameworkErrors: (_error, _request, reply) => {
      deny(reply as unknown as FastifyReply, 400, 'syntax', 'this address is not valid');
    },
    clientErrorHandler: (error, socket) => {
      if (error.code !== 'ECONNRESET' && socket.writable) socket.end(rawRefusal(error.code));
    },
  } satisfies FastifyServerOptions;
  const app = (server.tls === null
    ? fastify({ ...options, http: NODE_HTTP })
    : fastify({ ...options, https: { ...NODE_HTTP, ...server.tls, minVersion: 'TLSv1.2' } })) as unknown as App;
  app.server.maxHeadersCount = MAX_HEADERS_COUNT;
  app.server.maxConnections = LIMITS.connectionsCount;
  app.server.on('drop', (connection) => {
    const network = dependencies.networkOf(addressOf(connection?.remoteAddress, undefined));
    dependencies.refused({ place: 'connection', reason: 'rate', network });
  });

  answerErrors(app);
  readJsonOnly(app);
  app.addHook('onRequest', async (request, reply) => {
    const isHealth = /^\/(healthz|readyz|metrics)(\?|$)/.test(request.url);
    if (readiness() === 'ready' || isHealth) return;
    reply.header('retry-after', '5');
    return deny(reply, 503, readiness(), `the server is ${readiness()}; come back in a few seconds`);
  });
  app.addHook('onSend', async (request, reply) => {
    if (request.url.startsWith('/api/') && !reply.hasHeader('cache-control')) reply.header('cache-control', 'no-store');
  });
  app.addHook('onResponse', async (request, reply) => {
    metrics.request(reply.statusCode);
    const [path] = request.url.split('?');
    if (isRefusal(request, reply.statusCode)) {
      const { method, socket, headers } = request;
      const network = dependencies.networkOf(addressOf(socket.remoteAddress, headers['x-forwarded-for']));
      const route = request.routeOptions.url ?? null;
      dependencies.refused({ place: 'http', reason: reply.statusCode, method, route, network });
    }
    request.log.debug({ method: request.method, path, status: reply.statusCode, ms: reply.elapsedTime }, 'request');
  });
  await addSecurityHeaders(app, dependencies);
  await app.register(cookie);
  await app.register(rateLimit, {
    max: server.maxPerAddress * LIMITS.requestsPerMinutePerSocket,
    timeWindow: 60_000,
    cache: 20_000,
    keyGenerator: ({ socket, headers }) => addressOf(socket.remoteAddress, headers['x-forwarded-for']),
    addHeaders: { 'x-ratelimit-limit': false, 'x-ratelimit-remaining': false, 'x-ratelimit-reset': false },
    addHeadersOnExceeding: { 'x-ratelimit-limit': false, 'x-ratelimit-remaining': false, 'x-ratelimit-reset': false },
  });

  const auth = createAuthentication(app, dependencies);
  healthRoutes(app, dependencies);
  sessionRoutes(app, dependencies, auth);
  await app.register(async (scope) => controlRoutes(scope, dependencies, auth));
  await app.register(async (scope) => weightUploadRoutes(scope, dependencies, auth));
  await app.register(async (scope) => webhookRoutes(scope, dependencies, auth));
  await app.register(async (scope) => {
    await shareAcrossOrigins(scope);
    taskRoutes(scope, dependencies, auth);
    weightsRoutes(scope, dependencies, auth);
    modelRoutes(scope, dependencies, auth);
    sampleRoutes(scope, dependencies, auth);
    await pageRoutes(scope, dependencies);
  });
  return app;
}

/** Attempts that a rule turned away. Who merely looks whether they are logged in, or for a page that is not there, attempts nothing. */
const REFUSALS: ReadonlySet<number> = new Set([400, 401, 403, 408, 413, 414, 415, 422, 429, 431]);
const isRefusal = ({ method, headers }: FastifyRequest, status: number): boolean =>
  REFUSALS.has(status) && (status !== 401 || method !== 'GET' || headers.authorization !== undefined);

const EXCESSIVE = 'the body has too many levels, fields or values';

/** JSON is the only body there is. An empty one is `undefined`: calls such as pause have nothing to say. */
function readJsonOnly(app: App): void {
  app.removeAllContentTypeParsers();
  const parse = app.getDefaultJsonParser('error', 'error');
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (body === '') done(null, undefined);
    else if (isExcessive(body as string)) done(Object.assign(new Error(EXCESSIVE), { statusCode: 413 }));
    else parse(request, body as string, done);
  });
}
